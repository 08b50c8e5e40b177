import Tensors

/// A choice by what the target answers with carried vectors.
public protocol AnswerSelection: Sendable {
  var judge: FittedTransfer.Choice.Judge { get }
  /// How good the vectors (P, Ct) are, the more the better. Nil when stopped.
  func score(
    _ vectors: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Double?
}

/// One of the settings that a selection compares.
struct FittedCandidate: Sendable {
  /// The setting that is chosen, by name.
  let setting: [String: String]
  let transfer: FittedTransfer
}

/// What a selection chooses among, learned once for any number of prompts.
public struct FittedCandidates: Sendable {
  fileprivate enum Kind: Sendable {
    case settings([FittedCandidate])
    /// Candidates along the way of a gradient search.
    case search(FittedTransfer)
  }
  fileprivate let kind: Kind

  /// How many candidates of a gradient search are looked at.
  public static let snapshotCount = 40

  /// The same with another seed for what carrying draws; what was learned stays.
  public func with(seed: UInt64) -> FittedCandidates {
    switch kind {
    case .settings(let all):
      FittedCandidates(
        kind: .settings(
          all.map { FittedCandidate(setting: $0.setting, transfer: $0.transfer.with(seed: seed)) }))
    case .search(let fitted): FittedCandidates(kind: .search(fitted.with(seed: seed)))
    }
  }
}

extension Transfer {
  /// Of a gradient search its candidates along the way, of other methods their settings. Throws where there is nothing to choose.
  public func candidates(
    shouldStop: @escaping () -> Bool = { false }
  ) throws(TransferError) -> FittedCandidates {
    if (method as? RelativeSearch)?.isGradient == true {
      return FittedCandidates(kind: .search(try fit()))
    }
    return FittedCandidates(kind: .settings(try fitCandidates(shouldStop: shouldStop)))
  }
}

extension AnswerSelection {
  /// Fits what there is to choose among, and chooses for one prompt. Nil when stopped. Throws for a method that has nothing to choose.
  public func run(
    _ transfer: Transfer, _ prompts: [SoftPrompt], weights: [Float]? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> Selected? {
    try choose(
      among: transfer.candidates(shouldStop: shouldStop), prompts, weights: weights, progress: progress,
      shouldStop: shouldStop)
  }

  /// The first of the best. Nil when stopped.
  /// - Parameters:
  ///   - prompts: one of each source
  ///   - weights: each source's share; 1 for all when nil
  public func choose(
    among candidates: FittedCandidates, _ prompts: [SoftPrompt], weights: [Float]? = nil,
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> Selected? {
    switch candidates.kind {
    case .search(let fitted): return try alongTheSearch(fitted, prompts, weights, progress, shouldStop)
    case .settings(let settings):
      var outcomes: [FittedTransfer.Outcome] = []
      let best = try firstBest(settings) { (candidate) throws(TransferError) in
        progress(outcomes.count, settings.count)
        outcomes.append(try candidate.transfer.carry(prompts, weights: weights, shouldStop: shouldStop))
        return try score(outcomes[outcomes.count - 1].vectors, shouldStop: shouldStop)
      }
      return best.map { place, score in
        Selected(
          outcomes[place], judge, method: settings[place].transfer.method, chosen: settings[place].setting,
          score: score)
      }
    }
  }

  private func alongTheSearch(
    _ fitted: FittedTransfer, _ prompts: [SoftPrompt], _ weights: [Float]?,
    _ progress: @escaping (_ done: Int, _ total: Int) -> Void,
    _ shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Selected? {
    let snapshots = Snapshots()
    var observer = FittedTransfer.Observer(progress: progress, shouldStop: shouldStop)
    observer.snapshotCount = FittedCandidates.snapshotCount
    observer.snapshot = { snapshots.vectors.append($0) }
    let last = try fitted.carry([prompts], weights: weights, observer)[0]
    guard !last.isInterrupted else { return nil }
    let best = try firstBest(snapshots.vectors) { (vectors) throws(TransferError) in
      try score(vectors, shouldStop: shouldStop)
    }
    guard let (place, score) = best else { return nil }
    return Selected(
      try fitted.outcome(of: snapshots.vectors[place], for: prompts, weights: weights), judge,
      method: fitted.method, chosen: ["snapshot": "\(place + 1) of \(snapshots.vectors.count)"], score: score)
  }
}

/// Candidates that a search went through.
private final class Snapshots { var vectors: [Matrix] = [] }

/// What was chosen among the candidates of a transfer, and by what score.
public struct Selected: Sendable {
  public let outcome: FittedTransfer.Outcome
  /// The method with the chosen settings.
  public let method: any TransferMethod
  /// The chosen setting by name: `ridge`, `method` where several were compared, or `snapshot` of a gradient search.
  public let chosen: [String: String]
  /// What was compared.
  public let score: Double

  fileprivate init(
    _ outcome: FittedTransfer.Outcome, _ judge: FittedTransfer.Choice.Judge, method: any TransferMethod,
    chosen: [String: String], score: Double
  ) {
    var outcome = outcome
    outcome.choice = FittedTransfer.Choice(judge: judge, setting: chosen, score: score)
    (self.outcome, self.method, self.chosen, self.score) = (outcome, method, chosen, score)
  }
}

/// The place of the first of the best; nil when a score says that it was stopped, or there are none.
func firstBest<Element>(
  _ elements: [Element], score: (Element) throws(TransferError) -> Double?
) throws(TransferError) -> (place: Int, score: Double)? {
  var best: (place: Int, score: Double)?
  for (place, element) in elements.enumerated() {
    guard let score = try score(element) else { return nil }
    if score > best?.score ?? -.infinity { best = (place, score) }
  }
  return best
}
