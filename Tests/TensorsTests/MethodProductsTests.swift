import CBLAS
import CKernels
import Tensors
import TestSupport
import Testing

/// The products of maps and searches at sizes that they have, by BLAS and by our own kernels: a library that takes the kernels
/// of another processor may compute wrongly, without a word.
@Suite struct MethodProductsTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let m, k, n: Int
    var testDescription: String { "\(m)x\(k)x\(n)" }
  }

  /// Prompts by anchors, anchors by a map, a map by a map, an odd one.
  static let shapes = [(5, 640, 1500), (1500, 576, 64), (320, 320, 320), (9, 131, 257)].map {
    Shape(m: $0.0, k: $0.1, n: $0.2)
  }

  /// Sums of hundreds of products whose partial sums are larger than any of them: two to three times what was seen.
  private static func noise(_ k: Int) -> Double { 8e-6 * Double(max(k, 1)).squareRoot() }

  @Test(arguments: shapes) func products(_ shape: Shape) {
    let (a, b) = (Samples.matrix(shape.m, shape.k, "a"), Samples.matrix(shape.k, shape.n, "b"))
    let expected = Naive.product(a.wide, b.wide, m: shape.m, k: shape.k, n: shape.n)
    for transposeB in [false, true] {
      let right = transposeB ? b.transposed() : b
      var result = Matrix(rows: shape.m, columns: shape.n)
      result.multiply(a, right, transposeB: transposeB)
      expectClose(result.elements, expected, absolute: Self.noise(shape.k), "BLAS")
      result.multiply(a.transposed(), right, transposeA: true, transposeB: transposeB)
      expectClose(result.elements, expected, absolute: Self.noise(shape.k), "BLAS, transposed")
      guard Linear.keepsRowsApart else { continue }
      result.fill(.nan)
      result.multiplyByPanels(a, right, transposeB: transposeB)
      expectClose(result.elements, expected, absolute: Self.noise(shape.k), "panels")
    }
  }

  /// `A^T B` in Double, added to what is there: anchors of two models, fewer rows than are added up at a time, none.
  @Test(
    arguments: [(1030, 260, 97), (700, 64, 576), (3, 1, 5), (0, 3, 4)].map {
      Shape(m: $0.0, k: $0.1, n: $0.2)
    })
  func crossProducts(_ shape: Shape) {
    let (rows, m, n) = (shape.m, shape.k, shape.n)
    let (a, b) = (Samples.matrix(rows, m + 3, "a"), Samples.matrix(rows, n, "b"))
    let left = (0..<rows).flatMap { a.row($0).prefix(m) }.map { Double($0) }
    let start = Samples.normal(m * n, "c").wide
    let columns = (0..<m).flatMap { column in (0..<rows).map { left[$0 * m + column] } }
    let sums = Naive.product(columns, b.wide, m: m, k: rows, n: n)
    let expected = zip(sums, start).map { $0 + $1 }
    var blas = start
    BLAS.addTransposedProduct(left, b.wide, rows: rows, m: m, n: n, to: &blas)
    expectClose(blas, expected, absolute: 1e-11, "BLAS")
    for set in KernelSet.allCases where set.table.panels.width > 0 {
      var own = start
      set.table.cross_product(a.pointer, m + 3, m, b.pointer, n, n, rows, &own)
      expectClose(own, expected, absolute: 1e-11, "\(set.name)")
      var single = start.map { Float($0) }
      set.table.approximate_cross_product(a.pointer, m + 3, m, b.pointer, n, n, rows, &single)
      expectClose(single, expected, absolute: Self.noise(rows), "\(set.name)")
    }
  }
}
