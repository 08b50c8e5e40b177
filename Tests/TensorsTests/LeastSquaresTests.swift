import Tensors
import TestSupport
import Testing

@Suite struct LeastSquaresTests {
  /// The Gram matrix and the solution, both by the textbook in Double. 1e-9 relative: the condition number of a
  /// tall normal matrix is below 1e3, and the squares double it.
  @Test(arguments: [(1, 1), (3, 3), (17, 3), (65, 17), (600, 8), (2049, 5), (400, 300)])
  func solvesTheNormalEquations(_ rows: Int, _ width: Int) {
    let a = Samples.matrix(rows, width, "a")
    let rightHandSide = Samples.normal(width, "b").wide
    let gram = Self.gram(a)
    let expected = Naive.solve(gram, rightHandSide)
    let equations = GramMatrix(a, parallelism: Parallelism(threads: 2))
    let factor = equations.factored(ridge: 0)
    expectClose(factor.solve(rightHandSide), expected, absolute: 1e-9, relative: rows == width ? 1e-5 : 1e-9)
    let diagonal = (0..<width).reduce(0) { $0 + gram[$1 * width + $1] } / Double(width)
    expectClose([equations.meanDiagonal], [diagonal], relative: 1e-12)
  }

  static func gram(_ a: Matrix) -> [Double] {
    Naive.product(
      Naive.transposed(a.wide, rows: a.rows, columns: a.columns), a.wide, m: a.columns, k: a.rows,
      n: a.columns)
  }

  @Test func theRidgeIsInUnitsOfTheMeanDiagonal() {
    let a = Samples.matrix(40, 6, "a")
    var gram = Self.gram(a)
    let unit = (0..<6).reduce(0) { $0 + gram[$1 * 6 + $1] } / 6
    for i in 0..<6 { gram[i * 6 + i] += 0.1 * unit }
    let rightHandSide = Samples.normal(6, "b").wide
    let factor = GramMatrix(a, parallelism: Parallelism(threads: 1)).factored(ridge: 0.1)
    expectClose(factor.solve(rightHandSide), Naive.solve(gram, rightHandSide), relative: 1e-10)
  }

  @Test func chosenRowsInAnyOrder() {
    let a = Samples.matrix(30, 4, "a")
    let rows = [29, 3, 3, 17, 8, 11, 0]
    let one = Parallelism(threads: 1)
    let chosen = GramMatrix(a, rows: rows, parallelism: one).factored(ridge: 0)
    let gathered = GramMatrix(a.gathering(rows), parallelism: one).factored(ridge: 0)
    let rightHandSide = [1.0, -2, 3, 0.5]
    #expect(chosen.solve(rightHandSide) == gathered.solve(rightHandSide))
    let all = GramMatrix(a, parallelism: one).factored(ridge: 0)
    #expect(all.solve(rightHandSide) != gathered.solve(rightHandSide))
  }

  @Test(arguments: [(40, 7), (513, 3), (5000, 9), (700, 520)])
  func theNumberOfThreadsDoesNotShow(_ rows: Int, _ width: Int) {
    let a = Samples.matrix(rows, width, "a")
    let rightHandSide = Samples.normal(width, "b").wide
    let solutions = [1, 2, 3, 8].map { threads in
      let factor = GramMatrix(a, parallelism: Parallelism(threads: threads)).factored(ridge: 0)
      return factor.solve(rightHandSide).map(\.bitPattern)
    }
    #expect(Set(solutions).count == 1)
  }

  /// Fewer rows than columns: the smallest ridge that helps gives, nearly, the shortest solution.
  @Test func singularMatrices() {
    let a = Matrix(rows: 1, columns: 3, [1, 2, 2])
    let factor = GramMatrix(a, parallelism: Parallelism(threads: 1)).factored(ridge: 0)
    let solution = factor.solve([9, 18, 18])  // A^T b for b = 9
    expectClose(solution, [1, 2, 2], absolute: 1e-2)
    let twins = Matrix(rows: 3, columns: 2, [1, 1, 2, 2, -1, -1])
    let second = GramMatrix(twins, parallelism: Parallelism(threads: 1)).factored(ridge: 0)
    expectClose([second.solve([6, 6]).reduce(0, +)], [1], absolute: 1e-3)
  }

  /// The factor says the ridge that is in it: what was asked for, or the one that it took.
  @Test func saysWhichRidgeItUsed() {
    let one = Parallelism(threads: 1)
    let tall = Samples.matrix(40, 6, "a")
    #expect(GramMatrix(tall, parallelism: one).factored(ridge: 0).ridge == 0)
    #expect(GramMatrix(tall, parallelism: one).factored(ridge: 0.1).ridge == 0.1)
    let singular = Matrix(rows: 1, columns: 3, [1, 2, 2])
    let raised = GramMatrix(singular, parallelism: one).factored(ridge: 0)
    #expect(raised.ridge >= 1e-12 && raised.ridge <= 1e-9)
    var broken = tall
    broken[3, 2] = .nan
    let none = GramMatrix(broken, parallelism: one).factored(ridge: 0.1)
    #expect(none.ridge.isNaN)
  }

  @Test func nothingToSolve() {
    let one = Parallelism(threads: 1)
    let empty = GramMatrix(Matrix(rows: 0, columns: 0), parallelism: one).factored(ridge: 0)
    #expect(empty.solve([]) == [])
    let zero = GramMatrix(Matrix(rows: 0, columns: 2), parallelism: one).factored(ridge: 1e-6)
    #expect(zero.solve([0, 0]) == [0, 0])
  }
}
