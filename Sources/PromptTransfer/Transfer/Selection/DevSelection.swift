import Tensors

/// The choice of the reference: whatever answers most of the target's development facts right. It looks at labels of the target.
///
/// Of a gradient search 40 candidates along its way are compared, of the methods with a ridge eight ridges. The first of
/// equals wins.
public struct DevSelection: Sendable {
  /// How many candidates of a gradient search are looked at.
  public static let snapshotCount = 40
  /// The ridges that are compared.
  public static var ridges: [Double] { RidgeGrid.ridges }

  let evaluator: Evaluator
  let facts: ProbingSet

  public init(_ evaluator: Evaluator, facts: ProbingSet) {
    self.evaluator = evaluator
    self.facts = facts
  }

  /// Nil when stopped. Throws for a method that has nothing to choose.
  /// - Parameters:
  ///   - prompts: one of each source
  ///   - weights: each source's share; 1 for all when nil
  public func run(
    _ transfer: Transfer, _ prompts: [SoftPrompt], weights: [Float]? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> Selected? {
    if let method = transfer.method as? RelativeSearch, case .gradient = method.search {
      return try alongTheSearch(transfer, prompts, weights, progress, shouldStop)
    }
    let candidates = try transfer.fitCandidates(shouldStop: shouldStop)
    var outcomes: [FittedTransfer.Outcome] = []
    let best = try firstBest(candidates) { (candidate) throws(TransferError) in
      progress(outcomes.count, candidates.count)
      outcomes.append(try candidate.transfer.carry(prompts, weights: weights, shouldStop: shouldStop))
      return try accuracy(outcomes[outcomes.count - 1].vectors, shouldStop)
    }
    guard let ((candidate, _), score) = best,
      let place = candidates.firstIndex(where: { $0.candidate.setting == candidate.setting })
    else { return nil }
    return Selected(
      outcomes[place], method: candidate.method, chosen: candidate.setting, score: score)
  }

  private func alongTheSearch(
    _ transfer: Transfer, _ prompts: [SoftPrompt], _ weights: [Float]?,
    _ progress: @escaping (_ done: Int, _ total: Int) -> Void,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Selected? {
    let fitted = try transfer.fit()
    let snapshots = Snapshots()
    var observer = FittedTransfer.Observer(progress: progress, shouldStop: shouldStop)
    observer.snapshotCount = Self.snapshotCount
    observer.snapshot = { snapshots.vectors.append($0) }
    let last = try fitted.carry([prompts], weights: weights, observer)[0]
    guard !last.isInterrupted else { return nil }
    let best = try firstBest(Array(snapshots.vectors.enumerated())) { (snapshot) throws(TransferError) in
      try accuracy(snapshot.element, shouldStop)
    }
    guard let (snapshot, score) = best else { return nil }
    return Selected(
      try fitted.outcome(of: snapshot.element, for: prompts, weights: weights),
      method: transfer.method,
      chosen: ["snapshot": "\(snapshot.offset + 1) of \(snapshots.vectors.count)"], score: score)
  }

  /// Candidates that a search went through.
  private final class Snapshots { var vectors: [Matrix] = [] }

  private func accuracy(
    _ vectors: Matrix, _ shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Double? {
    try evaluator.predictions(facts, prompt: vectors, shouldStop: shouldStop).map {
      Evaluation($0).microAccuracy
    }
  }
}
