import Tensors
import TestSupport
import Testing

@Suite struct OrthogonalProcrustesTests {
  static let shapes = [(1, 1, 1), (9, 3, 3), (40, 7, 7), (700, 12, 5), (700, 5, 12), (64, 1, 6)]

  /// Against Newton's iteration in Double. 2e-6: the factors are multiplied in single precision.
  @Test(arguments: shapes)
  func agreesWithTheNaiveTwin(_ rows: Int, _ left: Int, _ right: Int) {
    let (a, b) = (Samples.matrix(rows, left, "a"), Samples.matrix(rows, right, "b", mean: 0.3))
    let product = Naive.product(
      Naive.transposed(a.wide, rows: rows, columns: left), b.wide, m: left, k: rows, n: right)
    let expected = Naive.orthogonalFactor(product, m: left, n: right)
    expectClose(OrthogonalProcrustes.solve(a, b).elements, expected, absolute: 2e-6)
  }

  @Test(arguments: shapes)
  func theShorterSideIsOrthonormal(_ rows: Int, _ left: Int, _ right: Int) {
    let q = OrthogonalProcrustes.solve(Samples.matrix(rows, left, "a"), Samples.matrix(rows, right, "b"))
    let rank = min(left, right)
    var gram = Matrix(rows: rank, columns: rank)
    gram.multiply(q, q, transposeA: left >= right, transposeB: left < right)
    let identity = (0..<rank * rank).map { $0 % (rank + 1) == 0 ? 1.0 : 0 }
    expectClose(gram.elements, identity, absolute: 1e-6)
  }

  /// Fewer rows than columns: several solutions, and one of them comes out.
  @Test func withoutFullRankTheResultIsStillOrthogonal() {
    let q = OrthogonalProcrustes.solve(Samples.matrix(2, 6, "a"), Samples.matrix(2, 6, "b"))
    var gram = Matrix(rows: 6, columns: 6)
    gram.multiply(q, q, transposeA: true)
    expectClose(gram.elements, (0..<36).map { $0 % 7 == 0 ? 1.0 : 0 }, absolute: 1e-6)
  }

  @Test func whatIsNoNumberStaysNone() {
    var a = Samples.matrix(5, 3, "a")
    a[2, 1] = .nan
    let found = OrthogonalProcrustes.solve(a, Samples.matrix(5, 3, "b")).elements
    #expect(found.count == 9 && found.allSatisfy(\.isNaN))
  }
}
