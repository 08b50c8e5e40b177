import CKernels
import Foundation

/// A hash of the Secure Hash Standard (FIPS 180-4) of bytes as they come.
package struct SecureHash: Sendable {
  package enum Function: Sendable {
    /// What tensors, cells of experiments and files in large storage are named by.
    case sha256
    /// Not safe against a forger: only because git names its objects by it.
    case sha1
  }

  private static let blockSize = 64
  private static let best = hashes_best().pointee

  private let function: Function
  private let kernels: Hashes
  private var state: [UInt32]
  /// Bytes of a block that is not full yet.
  private var rest: [UInt8] = []
  private var count: UInt64 = 0

  /// - Parameter kernels: the processor's best unless told otherwise
  package init(_ function: Function, kernels: Hashes? = nil) {
    self.function = function
    self.kernels = kernels ?? Self.best
    state =
      switch function {
      case .sha256:
        [
          0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
          0x5be0_cd19,
        ]
      case .sha1: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]
      }
  }

  package static func sha256(_ data: Data) -> String {
    var hash = SecureHash(.sha256)
    hash.update(data)
    return hash.finalize()
  }

  package mutating func update(_ data: Data) { data.withUnsafeBytes { update($0) } }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count += UInt64(bytes.count)
    var bytes = bytes[...]
    if !rest.isEmpty {
      let taken = bytes.prefix(Self.blockSize - rest.count)
      rest += taken
      bytes = bytes.dropFirst(taken.count)
      guard rest.count == Self.blockSize else { return }
      rest.withUnsafeBytes { compress($0) }
      rest.removeAll(keepingCapacity: true)
    }
    let whole = bytes.prefix(bytes.count / Self.blockSize * Self.blockSize)
    compress(UnsafeRawBufferPointer(rebasing: whole))
    rest += bytes.dropFirst(whole.count)
  }

  /// In lower-case hexadecimal, 64 digits for SHA-256 and 40 for SHA-1. More bytes may follow, and another result.
  package func finalize() -> String {
    // 5.1.1: a one, zeros, and the length in bits in the last eight bytes of a block.
    var padding: [UInt8] = [0x80]
    padding += repeatElement(0, count: (2 * Self.blockSize - 9 - rest.count) % Self.blockSize)
    withUnsafeBytes(of: (count &* 8).bigEndian) { padding += $0 }
    var last = self
    padding.withUnsafeBytes { last.update($0) }
    return last.state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// Takes whole blocks into the state.
  private mutating func compress(_ bytes: UnsafeRawBufferPointer) {
    bytes.withMemoryRebound(to: UInt8.self) { bytes in
      switch function {
      case .sha256: kernels.sha256(&state, bytes.baseAddress, bytes.count / Self.blockSize)
      case .sha1: kernels.sha1(&state, bytes.baseAddress, bytes.count / Self.blockSize)
      }
    }
  }
}
