import Tensors
import TestSupport
import Testing

@Suite struct ConjugateGradientsTests {
  private static let one = Parallelism(threads: 1)
  private static let a = Samples.matrix(60, 12, "a")
  private static let b = Samples.matrix(2, 60, "b")
  private static let lambda = [0.1, 0.5]

  private func solve(_ change: (inout ConjugateGradients) -> Void, b: Matrix = Self.b)
    -> ConjugateGradients.Solution
  {
    var solver = ConjugateGradients()
    change(&solver)
    return solver.solve(
      Self.a, b: b, kept: [nil, nil], lambda: Self.lambda, parallelism: Self.one)
  }

  /// The normal equations by the textbook in Double.
  @Test func solvesTheNormalEquations() {
    let found = solve { _ in }
    #expect(found.isConverged == [true, true])
    for problem in 0..<2 {
      var gram = LeastSquaresTests.gram(Self.a)
      for i in 0..<12 { gram[i * 12 + i] += Self.lambda[problem] }
      let right = Naive.product(
        Self.b.row(problem).map(Double.init), Self.a.wide, m: 1, k: 60, n: 12)
      expectClose(Array(found.vectors.row(problem)), Naive.solve(gram, right), absolute: 1e-5, relative: 1e-4)
    }
  }

  /// More columns than one tile of the product has.
  @Test func solvesAcrossTiles() {
    let (rows, columns) = (1100, 600)
    let a = Samples.matrix(rows, columns, "wide")
    let b = Samples.matrix(1, rows, "b of wide")
    let found = ConjugateGradients().solve(a, b: b, kept: [nil], lambda: [30], parallelism: Self.one)
    #expect(found.isConverged == [true])
    var gram = LeastSquaresTests.gram(a)
    for i in 0..<columns { gram[i * columns + i] += 30 }
    let right = Naive.product(b.row(0).map(Double.init), a.wide, m: 1, k: rows, n: columns)
    expectClose(Array(found.vectors.row(0)), Naive.solve(gram, right), absolute: 1e-5, relative: 1e-3)
  }

  @Test func saysWhenItStopsAtItsLimit() {
    #expect(solve { $0.stepLimit = 2 }.isConverged == [false, false])
    // Nothing to find is found at once, whatever the other problem does.
    var b = Self.b
    for column in 0..<b.columns { b[1, column] = 0 }
    #expect(solve({ $0.stepLimit = 2 }, b: b).isConverged == [false, true])
    #expect(solve({ $0.stepLimit = 0 }, b: b).isConverged == [false, true])
  }

  @Test func numbersThatAreNoneDoNotConverge() {
    var b = Self.b
    b[0, 3] = .nan
    let found = solve({ _ in }, b: b)
    #expect(found.isConverged == [false, true])
  }
}
