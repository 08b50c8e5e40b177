import Tensors
import TestSupport
import Testing

@Suite struct CanonicalCorrelationsTests {
  private func correlations(_ a: Matrix, _ b: Matrix, ridge: Double = 0, threads: Int = 2) throws
    -> CanonicalCorrelations
  {
    try #require(CanonicalCorrelations(sums(a, b, threads: threads), ridge: ridge))
  }

  /// A space and any invertible image of it agree in every direction.
  @Test(arguments: [0.0, 0.5, 1.0])
  func anInvertibleImageAgreesEverywhere(_ exponent: Double) throws {
    let a = Samples.matrix(60, 5, "a")
    let move = Samples.matrix(5, 5, "move")
    var b = Matrix(rows: 60, columns: 5)
    b.multiply(a, move)
    let found = try correlations(a, b)
    for value in found.values { #expect(abs(value - 1) < 1e-6) }
    expectClose(found.map(exponent: exponent), move, absolute: 1e-4)
  }

  @Test func unrelatedSpacesDoNotAgree() throws {
    let found = try correlations(Samples.matrix(4000, 3, "a"), Samples.matrix(4000, 4, "b"))
    #expect(found.values.count == 3 && found.values.allSatisfy { $0 < 0.1 })
  }

  /// With the power 1 it is least squares: the residual is orthogonal to the source.
  @Test(arguments: [(300, 7, 4), (300, 4, 9), (600, 300, 270)])
  func thePowerOneIsLeastSquares(_ rows: Int, _ left: Int, _ right: Int) throws {
    let a = Samples.matrix(rows, left, "a")
    var b = Matrix(rows: rows, columns: right)
    b.multiply(a, Samples.matrix(left, right, "map"))
    let noise = Samples.matrix(rows, right, "noise")
    for row in 0..<rows { for column in 0..<right { b[row, column] += noise[row, column] } }
    let map = try correlations(a, b).map(exponent: 1)
    var residual = Matrix(rows: rows, columns: right)
    residual.multiply(a, map)
    for row in 0..<rows { for column in 0..<right { residual[row, column] -= b[row, column] } }
    var products = Matrix(rows: left, columns: right)
    products.multiply(a, residual, transposeA: true)
    expectClose(
      products.elements, [Double](repeating: 0, count: left * right),
      absolute: 1e-3 * Double(rows).squareRoot())
  }

  @Test func threadsChangeNoBit() throws {
    let (a, b) = (Samples.matrix(700, 300, "a"), Samples.matrix(700, 260, "b"))
    let one = try correlations(a, b, ridge: 3, threads: 1).map(exponent: 0.5)
    #expect(try one == correlations(a, b, ridge: 3, threads: 5).map(exponent: 0.5))
  }

  @Test func whatIsNoNumberHasNone() {
    var a = Samples.matrix(5, 3, "a")
    a[2, 1] = .nan
    #expect(CanonicalCorrelations(sums(a, Samples.matrix(5, 3, "b")), ridge: 1) == nil)
  }

  private func sums(_ a: Matrix, _ b: Matrix, threads: Int = 1) -> PairedSums {
    var sums = PairedSums(sourceWidth: a.columns, targetWidth: b.columns)
    sums.add(a, b, parallelism: Parallelism(threads: threads))
    return sums
  }
}
