import Tensors

extension Transfer {
  /// Carries several prompts between the same models, by the same method: what depends on the models alone is worked out once.
  /// Each comes out as alone, up to rounding; to the last bit by methods that do not carry each vector by itself, which take
  /// the prompts one after the other.
  ///
  /// - Parameter transfers: alike in all but their prompts
  public static func run(
    _ transfers: [Transfer], progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: () -> Bool = { false }
  ) throws(TransferError) -> [Outcome] {
    guard transfers.count > 1, transfers[0].carriesVectorsApart else {
      return try transfers.map { (transfer) throws(TransferError) in
        try transfer.run(progress: progress, shouldStop: shouldStop)
      }
    }
    let together = try stacked(transfers).run(progress: progress, shouldStop: shouldStop)
    var end = 0
    return transfers.map { transfer in
      let rows = end..<end + transfer.sources[0].prompt.vectors.rows
      end = rows.upperBound
      return Outcome(
        vectors: together.vectors.gathering(rows), objective: together.objective.map { Array($0[rows]) },
        isInterrupted: together.isInterrupted)
    }
  }

  /// Whether what becomes of a vector does not depend on the others of its prompt.
  private var carriesVectorsApart: Bool {
    switch method {
    case .copy, .random, .relative(.gradient, _): false
    case .relative, .canonical, .linear, .procrustes, .projector, .discretize, .naive:
      normalization != .moments
    }
  }

  /// One transfer of all vectors.
  private static func stacked(_ transfers: [Transfer]) throws(TransferError) -> Transfer {
    let first = transfers[0]
    var sources: [TransferSource] = []
    for (place, source) in first.sources.enumerated() {
      precondition(transfers.allSatisfy { $0.sources[place].space.table.folder == source.space.table.folder })
      sources.append(
        try source.carrying(Matrix(stacking: transfers.map { $0.sources[place].prompt.vectors })))
    }
    return try Transfer(
      sources: sources, target: first.target, anchors: first.anchors, method: first.method,
      normalization: first.normalization, seed: first.seed, parallelism: first.parallelism)
  }
}
