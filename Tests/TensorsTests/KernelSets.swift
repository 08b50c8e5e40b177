import CKernels
import Tensors
import Testing

/// The sets of C kernels that this machine runs, to go through in a test's table.
enum KernelSet: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case best, portable

  var table: Kernels { self == .best ? kernels_best().pointee : kernels_portable().pointee }
  var testDescription: String { rawValue }
}

/// Sizes around the widths of vector registers and blocks.
let oddSizes = [1, 2, 3, 7, 8, 17, 64, 65]

/// Fills a list through a pointer.
func filling(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
  var values = [Float](repeating: .nan, count: max(count, 1))
  body(&values)
  return Array(values.prefix(count))
}
