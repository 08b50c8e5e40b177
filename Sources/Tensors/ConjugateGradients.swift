/// Several regularised least-squares problems with one tall matrix, solved together: for each row `p` the minimiser of
/// `|M_p (A v - b_p)|^2 + lambda_p |v|^2`, where `M_p` keeps some rows of `A`.
///
/// Conjugate gradients on the normal equations (Hestenes and Stiefel 1952), preconditioned where `A^T A` can be factored: the
/// kept rows are much like all rows, so a handful of steps do. A pass over `A` a step, all problems at once; each comes out as
/// it would alone, to the last bit. What is minimised is good to about the square of the tolerance.
package struct ConjugateGradients: Sendable {
  /// Steps end when every residual is this much smaller than its right-hand side.
  package var tolerance = 1e-5
  package var stepLimit = 500
  /// A factor of a matrix near `A^T A + lambda I`, up to scale; none where that is too large.
  package var preconditioner: CholeskyFactor?

  package init() {}

  package struct Solution: Sendable {
    /// (P, C)
    package let vectors: Matrix
    /// For each problem whether it got as near as was asked, and did not end at the limit of steps or in a number that is
    /// not finite.
    package let isConverged: [Bool]
  }

  /// - Parameters:
  ///   - a: (K, C)
  ///   - b: (P, K), with zeros where a row is not kept
  ///   - kept: for each problem the rows of `a` that count, ascending; nil for all
  ///   - lambda: for each problem
  package func solve(
    _ a: Matrix, b: Matrix, kept: [[Int]?], lambda: [Double], parallelism: Parallelism
  ) -> Solution {
    let (problems, width) = (b.rows, a.columns)
    precondition(b.columns == a.rows && kept.count == problems && lambda.count == problems)
    let masks = Self.masks(kept, a.rows)
    let blocks = RowBlocks(a, parallelism)
    var solution = [Double](repeating: 0, count: problems * width)
    var residual = blocks.weightedSum(problems) { rows, weights in
      weights.copyColumns(rows, of: b)
    }
    var conditioned = preconditioned(residual, problems, parallelism)
    var direction = conditioned
    var products = Self.products(residual, conditioned, problems)
    let goals = products.map { tolerance * tolerance * $0 }
    for _ in 0..<stepLimit {
      let isOpen = (0..<problems).map { products[$0] > goals[$0] }
      guard isOpen.contains(true) else { break }
      let narrow = Matrix(rows: problems, columns: width, direction.lazy.map { Float($0) })
      let image = blocks.normalProduct(narrow) { rows, weights in
        if let masks { weights.multiplyElements(by: masks, columns: rows) }
      }
      for problem in 0..<problems where isOpen[problem] {
        let range = problem * width..<(problem + 1) * width
        var curvature = 0.0
        for i in range { curvature += direction[i] * (image[i] + lambda[problem] * direction[i]) }
        guard curvature > 0 else {
          products[problem] = curvature.isNaN ? .nan : 0  // nothing more to find
          continue
        }
        let step = products[problem] / curvature
        for i in range {
          solution[i] += step * direction[i]
          residual[i] -= step * (image[i] + lambda[problem] * direction[i])
        }
      }
      conditioned = preconditioned(residual, problems, parallelism)
      let next = Self.products(residual, conditioned, problems)
      for problem in 0..<problems where isOpen[problem] && products[problem] > 0 {
        let share = next[problem] / products[problem]
        for i in problem * width..<(problem + 1) * width {
          direction[i] = conditioned[i] + share * direction[i]
        }
        products[problem] = next[problem]
      }
    }
    return Solution(
      vectors: Matrix(rows: problems, columns: width, solution.lazy.map { Float($0) }),
      isConverged: (0..<problems).map { products[$0] <= goals[$0] })
  }

  /// The residuals, each through the preconditioner.
  private func preconditioned(_ x: [Double], _ problems: Int, _ parallelism: Parallelism) -> [Double] {
    guard let preconditioner else { return x }
    // Always as many right-hand sides, the last ones zeros: BLAS takes other paths for other numbers of them.
    let perTask = 16
    let taskCount = (problems + perTask - 1) / perTask
    var result = x + [Double](repeating: 0, count: taskCount * perTask * preconditioner.width - x.count)
    result.withUnsafeMutableBufferPointer { buffer in
      let target = SharedPointer(buffer.baseAddress)
      parallelism.forEach(taskCount) { _, task in
        guard let base = target.base else { return }
        preconditioner.solve(base + task * perTask * preconditioner.width, count: perTask)
      }
    }
    result.removeLast(result.count - x.count)
    return result
  }

  private static func products(_ x: [Double], _ y: [Double], _ problems: Int) -> [Double] {
    let width = x.count / max(1, problems)
    return (0..<problems).map { problem in
      var sum = 0.0
      for i in problem * width..<(problem + 1) * width { sum += x[i] * y[i] }
      return sum
    }
  }

  /// (P, K), ones where a row is kept; nil when all are.
  private static func masks(_ kept: [[Int]?], _ rows: Int) -> Matrix? {
    guard kept.contains(where: { $0 != nil }) else { return nil }
    var masks = Matrix(rows: kept.count, columns: rows)
    let base = masks.mutablePointer()
    for (problem, kept) in kept.enumerated() {
      if let kept {
        for row in kept { base[problem * rows + row] = 1 }
      } else {
        (base + problem * rows).update(repeating: 1, count: rows)
      }
    }
    return masks
  }
}

extension Matrix {
  /// Becomes these columns of `other`.
  fileprivate mutating func copyColumns(_ range: Range<Int>, of other: Matrix) {
    let (height, width) = (rows, columns)
    let target = mutablePointer()
    for row in 0..<height {
      (target + row * width).update(
        from: other.pointer + row * other.columns + range.lowerBound, count: width)
    }
  }

  /// Multiplies element by element with these columns of `other`.
  fileprivate mutating func multiplyElements(by other: Matrix, columns range: Range<Int>) {
    let (height, width) = (rows, columns)
    let target = mutablePointer()
    for row in 0..<height {
      let factors = other.pointer + row * other.columns + range.lowerBound
      for column in 0..<width { target[row * width + column] *= factors[column] }
    }
  }
}
