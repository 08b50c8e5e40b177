import Tensors

/// The target directions with the highest objective, in closed form.
///
/// With unit anchor rows `Â` the similarities of `v` are `Â v / |v|`, and cosine ignores `1/|v|`: the objective
/// `cos(Â v, r)` is largest at the least-squares direction `v = (Â^T Â + lambda I)^-1 Â^T r` with `lambda` 0. A ridge
/// trades fit for robustness; it is given in units of the mean diagonal of `Â^T Â`.
package struct ExactSearch: Sendable {
  package let ridge: Double

  package init(ridge: Double) { self.ridge = ridge }

  /// The largest system that is factored: a factorisation costs the cube of its size, and its square in memory.
  static let factorLimit = 1536

  /// All vectors together, which share what depends on the anchors alone.
  /// - Parameter anchors: (K, Ct), rows of unit length
  /// - Returns: (P, Ct), rows of unit length
  package func directions(
    _ code: RelativeCode, unitAnchors anchors: Matrix, parallelism: Parallelism
  ) -> Matrix {
    let found =
      isIterationFaster(code, anchors)
      ? iterated(code, anchors, parallelism) : factored(code, anchors, parallelism)
    return found.normalizingRows()
  }

  /// Whether conjugate gradients are faster than a factorisation for each mask, or factorisations take too much memory.
  private func isIterationFaster(_ code: RelativeCode, _ anchors: Matrix) -> Bool {
    let smallest = code.kept.map { min($0?.count ?? anchors.rows, anchors.columns) }
    return smallest.contains { $0 > Self.factorLimit }
      || (anchors.count > 1 << 20 && canPrecondition(code, anchors))
  }

  /// Whether `Â^T Â` can be factored, and each mask keeps enough anchors to be much like it.
  private func canPrecondition(_ code: RelativeCode, _ anchors: Matrix) -> Bool {
    anchors.columns <= Self.factorLimit
      && code.kept.allSatisfy { $0?.count ?? anchors.rows >= 2 * anchors.columns }
  }

  /// Without a factorisation for each mask.
  package func iterated(_ code: RelativeCode, _ anchors: Matrix, _ parallelism: Parallelism) -> Matrix {
    // The mean diagonal of `Â^T Â` is the number of unit rows over that of columns.
    let lambda = code.kept.map { ridge * Double($0?.count ?? anchors.rows) / Double(anchors.columns) }
    var solver = ConjugateGradients()
    if canPrecondition(code, anchors) {
      solver.preconditioner = GramMatrix(
        approximating: sample(anchors, for: code.similarities.rows), parallelism: parallelism
      ).factored(ridge: ridge)
    }
    return solver.solve(
      anchors, b: code.maskedSimilarities(), kept: code.kept, lambda: lambda, parallelism: parallelism
    ).vectors
  }

  /// Anchors to precondition with, all where many vectors share the cost: evenly spread, since the order may be one of meaning.
  private func sample(_ anchors: Matrix, for vectorCount: Int) -> Matrix {
    let count = max(4 * anchors.columns, 64 * vectorCount)
    guard count < anchors.rows else { return anchors }
    return anchors.gathering((0..<count).map { $0 * anchors.rows / count })
  }

  package func factored(_ code: RelativeCode, _ anchors: Matrix, _ parallelism: Parallelism) -> Matrix {
    var result = Matrix(rows: code.similarities.rows, columns: anchors.columns)
    var shared: Solver?  // of the full set of anchors
    for row in 0..<result.rows {
      let kept = code.kept[row]
      let solver =
        (kept == nil ? shared : nil)
        ?? Solver(anchors, kept: kept, ridge: ridge, parallelism: parallelism)
      if kept == nil { shared = solver }
      let wanted = code.similarities.row(row)
      result.setRow(row, solver.solve((kept ?? Array(0..<anchors.rows)).map { Double(wanted[$0]) }))
    }
    return result
  }
}

/// The regularised least-squares problem `min |Â v - r|^2 + lambda |v|^2` for the anchors that count: over the columns of
/// `Â`, or where there are fewer anchors than columns, the same solution over its rows, `v = Â^T (Â Â^T + lambda I)^-1 r`.
private struct Solver {
  private let anchors: Matrix  // (K, Ct)
  private let kept: [Int]
  private let factor: CholeskyFactor
  private let isOverRows: Bool

  init(_ anchors: Matrix, kept: [Int]?, ridge: Double, parallelism: Parallelism) {
    self.anchors = anchors
    self.kept = kept ?? Array(0..<anchors.rows)
    isOverRows = self.kept.count < anchors.columns
    if isOverRows {
      // The ridge stays in units of the mean diagonal of `Â^T Â`, which is K / Ct; that of `Â Â^T` is 1.
      let share = Double(self.kept.count) / Double(anchors.columns)
      factor = GramMatrix(anchors.gathering(self.kept).transposed(), parallelism: parallelism)
        .factored(ridge: ridge * share)
    } else {
      factor = GramMatrix(anchors, rows: kept, parallelism: parallelism).factored(ridge: ridge)
    }
  }

  /// - Parameter wanted: the similarity to each anchor that counts
  func solve(_ wanted: [Double]) -> [Double] {
    isOverRows ? combination(factor.solve(wanted)) : factor.solve(combination(wanted))
  }

  /// `Â^T w` over the anchors that count.
  private func combination(_ weights: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: anchors.columns)
    for (index, weight) in zip(kept, weights) {
      for (column, value) in anchors.row(index).enumerated() { sum[column] += weight * Double(value) }
    }
    return sum
  }
}
