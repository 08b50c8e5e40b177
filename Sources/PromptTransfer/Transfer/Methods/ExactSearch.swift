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
  private static let factorLimit = 1536

  /// How the systems of a mask are solved, which the number of anchors that it keeps decides.
  package enum Strategy: Sendable {
    /// One factorisation for all vectors, of the columns or, where there are fewer, of the rows.
    case shared
    /// A factorisation for each vector.
    case each
    /// Conjugate gradients, for what is too large to be factored or has too many masks, with or without a preconditioner.
    case iterated(isPreconditioned: Bool)
  }

  package static func strategy(_ anchors: Matrix, mask: AnchorMask) -> Strategy {
    let kept = mask.count(of: anchors.rows)
    // A preconditioner is `Â^T Â`, factored: each mask has to keep enough anchors to be much like it.
    let canPrecondition = anchors.columns <= factorLimit && kept >= 2 * anchors.columns
    if min(kept, anchors.columns) > factorLimit || (anchors.count > 1 << 20 && canPrecondition) {
      return .iterated(isPreconditioned: canPrecondition)
    }
    return kept == anchors.rows ? .shared : .each
  }

  /// What depends on the anchors alone.
  package struct Fitted: Sendable {
    package let ridge: Double
    fileprivate let anchors: Matrix  // (K, Ct), rows of unit length
    fileprivate let strategy: Strategy
    fileprivate let shared: RegularizedSystem?
    fileprivate let preconditioner: CholeskyFactor?
  }

  /// - Parameter anchors: (K, Ct), rows of unit length
  package func fitted(
    _ anchors: Matrix, mask: AnchorMask, _ parallelism: Parallelism, strategy: Strategy? = nil
  ) -> Fitted {
    Self.fitted([ridge], anchors, mask: mask, parallelism, strategy: strategy)[0]
  }

  /// For several ridges, which share the sums over the anchors.
  static func fitted(
    _ ridges: [Double], _ anchors: Matrix, mask: AnchorMask, _ parallelism: Parallelism,
    strategy: Strategy? = nil
  ) -> [Fitted] {
    let strategy = strategy ?? Self.strategy(anchors, mask: mask)
    func fitted(
      _ ridge: Double, shared: RegularizedSystem? = nil, preconditioner: CholeskyFactor? = nil
    ) -> Fitted {
      Fitted(
        ridge: ridge, anchors: anchors, strategy: strategy, shared: shared, preconditioner: preconditioner)
    }
    switch strategy {
    case .each, .iterated(false): return ridges.map { fitted($0) }
    case .shared:
      let sums = RegularizedSystem.Sums(anchors, kept: nil, parallelism)
      return ridges.map { fitted($0, shared: RegularizedSystem(sums, ridge: $0)) }
    case .iterated(true):
      let gram = GramMatrix(approximating: sample(anchors), parallelism: parallelism)
      return ridges.map { ridge in
        let own = gram
        return fitted(ridge, preconditioner: own.factored(ridge: ridge))
      }
    }
  }

  /// Anchors to precondition with: evenly spread, since the order may be one of meaning.
  private static func sample(_ anchors: Matrix) -> Matrix {
    let count = 4 * anchors.columns
    guard count < anchors.rows else { return anchors }
    return anchors.gathering((0..<count).map { $0 * anchors.rows / count })
  }
}

extension ExactSearch.Fitted {
  /// - Returns: (P, Ct), rows of unit length, and for each whether its search ended as close as it should be
  package func directions(
    _ code: RelativeCode, parallelism: Parallelism
  ) -> (vectors: Matrix, isConverged: [Bool]) {
    var result: Matrix
    var isConverged = code.kept.map { _ in true }
    switch strategy {
    case .iterated:
      // The mean diagonal of `Â^T Â` is the number of unit rows over that of columns.
      let lambda = code.kept.map { ridge * Double($0?.count ?? anchors.rows) / Double(anchors.columns) }
      var solver = ConjugateGradients()
      solver.preconditioner = preconditioner
      let solution = solver.solve(
        anchors, b: code.maskedSimilarities(), kept: code.kept, lambda: lambda, parallelism: parallelism)
      result = solution.vectors
      isConverged = solution.isConverged
    case .shared, .each:
      result = Matrix(rows: code.similarities.rows, columns: anchors.columns)
      for row in 0..<result.rows {
        let kept = code.kept[row]
        let system =
          (kept == nil ? shared : nil)
          ?? RegularizedSystem(.init(anchors, kept: kept, parallelism), ridge: ridge)
        let wanted = code.similarities.row(row)
        result.setRow(row, system.solve((kept ?? Array(0..<anchors.rows)).map { Double(wanted[$0]) }))
      }
    }
    result.normalizeRows()
    return (result, isConverged)
  }
}
