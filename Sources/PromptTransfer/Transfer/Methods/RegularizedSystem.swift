import Tensors

/// The regularised least-squares problem `min |Â v - r|^2 + lambda |v|^2` for the anchors that count: over the columns of
/// `Â`, or where there are fewer anchors than columns, the same solution over its rows, `v = Â^T (Â Â^T + lambda I)^-1 r`.
struct RegularizedSystem: Sendable {
  /// What does not depend on the ridge.
  struct Sums {
    let anchors: Matrix  // (K, Ct)
    let kept: [Int]
    let gram: GramMatrix
    let isOverRows: Bool

    init(_ anchors: Matrix, kept: [Int]?, _ parallelism: Parallelism) {
      self.anchors = anchors
      self.kept = kept ?? Array(0..<anchors.rows)
      isOverRows = self.kept.count < anchors.columns
      gram =
        isOverRows
        ? GramMatrix(anchors.gathering(self.kept).transposed(), parallelism: parallelism)
        : GramMatrix(anchors, rows: kept, parallelism: parallelism)
    }
  }

  private let anchors: Matrix
  private let kept: [Int]
  private let factor: CholeskyFactor
  private let isOverRows: Bool

  init(_ sums: Sums, ridge: Double) {
    (anchors, kept, isOverRows) = (sums.anchors, sums.kept, sums.isOverRows)
    // The ridge stays in units of the mean diagonal of `Â^T Â`, which is K / Ct; that of `Â Â^T` is 1.
    let share = isOverRows ? Double(kept.count) / Double(anchors.columns) : 1
    let gram = sums.gram
    factor = gram.factored(ridge: ridge * share)
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
