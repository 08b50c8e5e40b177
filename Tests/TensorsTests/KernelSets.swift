import CKernels
import Tensors
import Testing

/// The sets of C kernels that this machine runs, to go through in a test's table.
struct KernelSet: Sendable, CustomTestStringConvertible {
  let name: String
  let table: Kernels
  var testDescription: String { name }

  static let allCases = ["amx", "avx512bf16", "avx512", "avx2", "portable"].compactMap { name in
    kernels_named(name).map { KernelSet(name: name, table: $0.pointee) }
  }
}

/// Sizes around the widths of vector registers and blocks.
let oddSizes = [1, 2, 3, 7, 8, 17, 64, 65]

/// Fills a list through a pointer.
func filling(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
  var values = [Float](repeating: .nan, count: max(count, 1))
  body(&values)
  return Array(values.prefix(count))
}
