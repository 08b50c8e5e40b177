import Formats
import Foundation
import Tensors

/// SHA-256 of a matrix's elements as little-endian Float32, in lower-case hexadecimal.
package func sha256(of matrix: Matrix) -> String {
  SecureHash.sha256(matrix.elements.withUnsafeBytes { Data($0) })
}
