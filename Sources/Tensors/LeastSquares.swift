import CBLAS
import Synchronization

/// The normal equations `(A^T A + lambda I) x = A^T b` of a tall matrix, accumulated and solved in Double.
package struct NormalEquations: Sendable {
  package let width: Int
  private var gram: [Double]  // (width, width), upper triangle

  /// Accumulates `A^T A` over the rows of `a` that `rows` names (all of them when nil). Blocks of rows are summed in
  /// a fixed order, so the result does not depend on the number of threads.
  package init(_ a: Matrix, rows: [Int]? = nil, parallelism: Parallelism) {
    let n = a.columns
    width = n
    let count = rows?.count ?? a.rows
    let block = 512
    let groups = max(1, min(8, (count + block - 1) / block))  // partial sums: at most 8 (n, n) matrices
    let partial = Mutex([[Double]](repeating: [], count: groups))
    parallelism.forEach(groups) { _, group in
      var sum = [Double](repeating: 0, count: n * n)
      var wide = [Double](repeating: 0, count: block * n)
      let end = count * (group + 1) / groups
      var start = count * group / groups
      while start < end {
        let height = min(block, end - start)
        for i in 0..<height {
          let source = a.pointer + (rows?[start + i] ?? start + i) * n
          for j in 0..<n { wide[i * n + j] = Double(source[j]) }
        }
        BLAS.addGram(wide, rows: height, n: n, to: &sum)
        start += height
      }
      partial.withLock { $0[group] = sum }
    }
    let sums = partial.withLock { $0 }
    gram = sums[0]
    for sum in sums.dropFirst() { for i in gram.indices { gram[i] += sum[i] } }
  }

  /// The mean of the diagonal of `A^T A`: the natural unit of a ridge.
  package var meanDiagonal: Double {
    (0..<width).reduce(0) { $0 + gram[$1 * width + $1] } / Double(max(1, width))
  }

  /// The Cholesky factor of `A^T A + ridge * meanDiagonal * I`.
  ///
  /// Where the matrix is singular to working precision (fewer rows than columns, say), the ridge is raised tenfold, from at least
  /// 1e-12, until the matrix is definite.
  package func factored(ridge: Double) -> CholeskyFactor {
    var ridge = ridge
    while true {
      var matrix = gram
      for i in 0..<width { matrix[i * width + i] += ridge * max(meanDiagonal, .leastNormalMagnitude) }
      if BLAS.factorCholesky(&matrix, n: width) || ridge > 1 {
        return CholeskyFactor(width: width, factor: matrix)
      }
      ridge = max(1e-12, ridge * 10)
    }
  }
}

/// A factored symmetric positive definite matrix.
package struct CholeskyFactor: Sendable {
  package let width: Int
  fileprivate var factor: [Double]

  /// Solves for one right-hand side of length `width`.
  package mutating func solve(_ rightHandSide: [Double]) -> [Double] {
    precondition(rightHandSide.count == width)
    var solution = rightHandSide
    BLAS.solveCholesky(&factor, n: width, &solution)
    return solution
  }
}
