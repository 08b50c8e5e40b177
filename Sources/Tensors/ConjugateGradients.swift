/// Several regularised least-squares problems with one tall matrix, solved together without its Gram matrix: for each row
/// `p` the minimiser of `|M_p (A v - b_p)|^2 + lambda_p |v|^2`, where `M_p` keeps some rows of `A`.
///
/// Conjugate gradients on the normal equations (Hestenes and Stiefel 1952). Two passes over `A` a step, all problems at
/// once; no memory but `A` and a few vectors. Good to about the square root of single precision in the objective's
/// argument, which is single precision in the objective.
package struct ConjugateGradients: Sendable {
  /// Steps end when every residual is this much smaller than its right-hand side.
  package var tolerance = 1e-6
  package var stepLimit = 500

  package init() {}

  /// Rows of `A` in one task. Fixed, so that results do not depend on the number of threads.
  private static let rowsPerTask = 2048

  /// - Parameters:
  ///   - a: (K, C)
  ///   - b: (P, K), with zeros where a row is not kept
  ///   - kept: for each problem the rows of `a` that count, ascending; nil for all
  ///   - lambda: for each problem
  /// - Returns: (P, C)
  package func solve(
    _ a: Matrix, b: Matrix, kept: [[Int]?], lambda: [Double], parallelism: Parallelism
  ) -> Matrix {
    let (problems, width) = (b.rows, a.columns)
    precondition(b.columns == a.rows && kept.count == problems && lambda.count == problems)
    let isKept = kept.map { rows in
      rows.map { rows in
        var flags = [Bool](repeating: false, count: a.rows)
        for row in rows { flags[row] = true }
        return flags
      }
    }
    var solution = [Double](repeating: 0, count: problems * width)
    var residual = Self.pullBack(a, b, parallelism)
    var direction = residual
    let starts = (0..<problems).map { Self.square(residual, $0, width) }
    var squares = starts
    for _ in 0..<stepLimit {
      let isOpen = (0..<problems).map { squares[$0] > tolerance * tolerance * starts[$0] }
      guard isOpen.contains(true) else { break }
      let narrow = Matrix(rows: problems, columns: width, direction.map { Float($0) })
      let image = Self.normalProduct(a, narrow, isKept, parallelism)
      for problem in 0..<problems where isOpen[problem] {
        let range = problem * width..<(problem + 1) * width
        var curvature = 0.0
        for i in range { curvature += direction[i] * (image[i] + lambda[problem] * direction[i]) }
        guard curvature > 0 else {
          squares[problem] = 0  // nothing more to find
          continue
        }
        let step = squares[problem] / curvature
        for i in range {
          solution[i] += step * direction[i]
          residual[i] -= step * (image[i] + lambda[problem] * direction[i])
        }
        let next = Self.square(residual, problem, width)
        for i in range { direction[i] = residual[i] + next / squares[problem] * direction[i] }
        squares[problem] = next
      }
    }
    return Matrix(rows: problems, columns: width, solution.map { Float($0) })
  }

  private static func square(_ x: [Double], _ problem: Int, _ width: Int) -> Double {
    x[problem * width..<(problem + 1) * width].reduce(0) { $0 + $1 * $1 }
  }

  /// `weights A`, (P, C), for weights (P, K).
  private static func pullBack(_ a: Matrix, _ weights: Matrix, _ parallelism: Parallelism) -> [Double] {
    sumOverTasks(a, problems: weights.rows, parallelism) { block, rows in
      var own = Matrix(uninitializedRows: weights.rows, columns: rows.count)
      let target = own.mutablePointer()
      for problem in 0..<weights.rows {
        for (i, row) in rows.enumerated() { target[problem * rows.count + i] = weights.row(problem)[row] }
      }
      return own
    }
  }

  /// `v A^T` over the rows that are kept, times `A`: (P, C).
  private static func normalProduct(
    _ a: Matrix, _ v: Matrix, _ isKept: [[Bool]?], _ parallelism: Parallelism
  ) -> [Double] {
    sumOverTasks(a, problems: v.rows, parallelism) { block, rows in
      var own = Matrix(uninitializedRows: v.rows, columns: rows.count)
      own.multiply(v, block, transposeB: true)
      let target = own.mutablePointer()
      for problem in 0..<v.rows {
        guard let flags = isKept[problem] else { continue }
        for (i, row) in rows.enumerated() where !flags[row] { target[problem * rows.count + i] = 0 }
      }
      return own
    }
  }

  /// The sum over blocks of rows of `weights(block) block`, each block's weights (P, rows); summed in order.
  private static func sumOverTasks(
    _ a: Matrix, problems: Int, _ parallelism: Parallelism,
    _ weights: @Sendable (_ block: Matrix, _ rows: Range<Int>) -> Matrix
  ) -> [Double] {
    let tasks = max(1, (a.rows + rowsPerTask - 1) / rowsPerTask)
    var parts = [Float](repeating: 0, count: tasks * problems * a.columns)
    let size = problems * a.columns
    parts.withUnsafeMutableBufferPointer { buffer in
      let target = SharedPointer(buffer.baseAddress)
      parallelism.forEach(tasks) { _, task in
        let rows = task * rowsPerTask..<min(a.rows, (task + 1) * rowsPerTask)
        let block = a.rowBlock(rows)
        var product = Matrix(uninitializedRows: problems, columns: a.columns)
        product.multiply(weights(block, rows), block)
        withExtendedLifetime(product) {
          target.base?.advanced(by: task * size).update(from: product.pointer, count: size)
        }
      }
    }
    var sum = [Double](repeating: 0, count: size)
    for task in 0..<tasks { for i in 0..<size { sum[i] += Double(parts[task * size + i]) } }
    return sum
  }
}
