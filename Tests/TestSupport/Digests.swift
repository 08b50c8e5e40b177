import Crypto
import Foundation
import Tensors

/// SHA-256 in lower-case hexadecimal.
package func sha256(of bytes: Data) -> String {
  SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
}

/// SHA-256 of a matrix's elements as little-endian Float32.
package func sha256(of matrix: Matrix) -> String {
  sha256(of: matrix.elements.withUnsafeBytes { Data($0) })
}
