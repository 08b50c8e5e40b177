import CKernels
import Formats
import Foundation
import Tensors

extension TensorType {
  /// Whether elements can be turned into Float32.
  package var isReadable: Bool {
    self == .float32 || self == .float16 || self == .bfloat16 || isQuantised
  }

  /// The types that can be read in files of a format, for messages.
  static func readableNames(in file: any TensorFile) -> String {
    "F32, F16 or BF16" + (file is GGUFFile ? ", Q4_0 to Q8_0, Q2_K to Q6_K, IQ4_NL or IQ4_XS" : "")
  }

  /// Elements to Float32; `source` may be unaligned. Of types with blocks, the count must be of whole ones.
  func widen(_ source: UnsafeRawPointer, to target: UnsafeMutablePointer<Float>, count: Int) {
    switch self {
    case .float16: kernels.widen_float16(source, target, count)
    case .bfloat16: kernels.widen_bfloat16(source, target, count)
    case .float32: memcpy(target, source, count * MemoryLayout<Float>.size)
    default:
      guard let kind = quantKind else { return }
      kernels.expand_blocks(CInt(kind.rawValue), source, target, count / blockLength)
    }
  }
}
