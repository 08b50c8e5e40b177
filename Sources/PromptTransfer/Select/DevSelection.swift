import Tensors

/// The choice of the reference: whatever answers most of the target's development facts right. It looks at labels of the target.
///
/// Of a gradient search 40 candidates along its way are compared, of the methods with a ridge eight ridges. The first of
/// equals wins.
public struct DevSelection: Sendable {
  /// How many candidates of a gradient search are looked at.
  public static let snapshotCount = 40

  let evaluator: Evaluator
  let facts: ProbingSet

  public init(_ evaluator: Evaluator, facts: ProbingSet) {
    self.evaluator = evaluator
    self.facts = facts
  }

  /// Nil when stopped. Throws for a method that has nothing to choose.
  public func run(
    _ transfer: Transfer, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws -> Selected? {
    if case .relative(.gradient, _) = transfer.method {
      return try alongTheSearch(transfer, progress, shouldStop)
    }
    var outcomes: [Transfer.Outcome] = []
    let best = try RidgeGrid.best(transfer) { variant in
      progress(outcomes.count, RidgeGrid.ridges.count)
      outcomes.append(try variant.run(shouldStop: shouldStop))
      return try accuracy(outcomes[outcomes.count - 1].vectors, shouldStop)
    }
    guard let best, let place = RidgeGrid.ridges.firstIndex(of: best.ridge) else { return nil }
    return Selected(outcome: outcomes[place], chosen: ["ridge": "\(best.ridge)"], score: best.score)
  }

  private func alongTheSearch(
    _ transfer: Transfer, _ progress: (_ done: Int, _ total: Int) -> Void,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) throws -> Selected? {
    var snapshots: [Matrix] = []
    let last = try transfer.run(
      progress: progress, snapshotCount: Self.snapshotCount, snapshot: { snapshots.append($0) },
      shouldStop: shouldStop)
    guard !last.isInterrupted else { return nil }
    var best: (place: Int, score: Double)?
    for (place, vectors) in snapshots.enumerated() {
      guard let score = try accuracy(vectors, shouldStop) else { return nil }
      if score > best?.score ?? -1 { best = (place, score) }
    }
    guard let best else { return nil }
    return Selected(
      outcome: transfer.outcome(snapshots[best.place]),
      chosen: ["snapshot": "\(best.place + 1) of \(snapshots.count)"], score: best.score)
  }

  private func accuracy(_ vectors: Matrix, _ shouldStop: @escaping @Sendable () -> Bool) throws -> Double? {
    try evaluator.predictions(facts, prompt: vectors, shouldStop: shouldStop).map {
      Evaluation($0).microAccuracy
    }
  }
}
