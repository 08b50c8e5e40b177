import Foundation
import LanguageModels
import Tensors

/// Carries prompts to one target, without labels and without running a model: what to do, before anything is learned.
///
/// ``fit(progress:shouldStop:)`` learns from the shared words once; ``FittedTransfer`` then carries any number of prompts.
public struct Transfer: Sendable {
  public let words: SharedVocabulary
  public let method: any TransferMethod
  public let normalization: NormalizationRule
  public let seed: UInt64
  let parallelism: Parallelism

  public var target: EmbeddingSpace { words.target.space }
  public var sources: [EmbeddingSpace] { words.sources.map(\.space) }

  /// - Parameters:
  ///   - method: the canonical map where none is named
  ///   - normalization: the method's own rule where none is named
  public init(
    _ words: SharedVocabulary, method: any TransferMethod = CanonicalMap(),
    normalization: NormalizationRule? = nil, seed: UInt64 = 0, parallelism: Parallelism = .granted
  ) {
    self.words = words
    self.method = method
    self.normalization = normalization ?? type(of: method).normalization
    self.seed = seed
    self.parallelism = parallelism
  }

  /// Throws `TransferError` where the method cannot serve these models, or they share too few words.
  /// - Parameters:
  ///   - progress: called during a training with the steps done and all of them
  ///   - shouldStop: asked meanwhile; what was learned so far is then used
  public func fit(
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping () -> Bool = { false }
  ) throws(TransferError) -> FittedTransfer {
    try requireWords()
    return FittedTransfer(
      transfer: self, method: method, fitted: try method.fit(words, context(progress, shouldStop)),
      scale: FittedNormalization(normalization, words))
  }

  /// What a selection may choose among, fitted. Throws where there is nothing to choose.
  func fitCandidates(
    shouldStop: @escaping () -> Bool = { false }
  ) throws(TransferError) -> [FittedCandidate] {
    try requireWords()
    let candidates = try method.fitCandidates(words, context({ _, _ in }, shouldStop))
    guard !candidates.isEmpty else {
      throw TransferError(
        "method \(method.name)", "has no setting to choose",
        hint: "Choose with any, canonical, linear, or relative with exact search")
    }
    let scale = FittedNormalization(normalization, words)
    return candidates.map { candidate in
      FittedCandidate(
        setting: candidate.setting,
        transfer: FittedTransfer(
          transfer: self, method: candidate.method, fitted: candidate.fitted, scale: scale))
    }
  }

  private func context(
    _ progress: @escaping (_ done: Int, _ total: Int) -> Void, _ shouldStop: @escaping () -> Bool
  ) -> FitContext {
    var context = FitContext(seed: seed, parallelism: parallelism)
    (context.progress, context.shouldStop) = (progress, shouldStop)
    return context
  }

  private func requireWords() throws(TransferError) {
    guard !words.sources.isEmpty else { throw TransferError("transfer", "has no source") }
    if normalization == .deviation, method.findsDirectionsOnly {
      throw TransferError(
        "normalization deviation",
        "measures from the mean word, where method \(method.name) finds directions only",
        hint: "Choose strength, scale or moments")
    }
    if type(of: method).hasOwnLengths, normalization != .none {
      throw TransferError(
        "normalization \(normalization.rawValue)",
        "would change the lengths that method \(method.name) gives",
        hint: "Leave it out")
    }
    if type(of: method).readsWords, words.words.count < 2 {
      throw TransferError(
        "anchors", "the models share \(words.words.count) words", hint: "Give a list with more of them")
    }
  }

  /// The same by another method.
  func with(method: any TransferMethod) -> Transfer {
    Transfer(words, method: method, normalization: normalization, seed: seed, parallelism: parallelism)
  }

  /// The same with another seed.
  func with(seed: UInt64) -> Transfer {
    Transfer(words, method: method, normalization: normalization, seed: seed, parallelism: parallelism)
  }

  /// The same between fewer words, with another rule.
  func with(words: SharedVocabulary, normalization: NormalizationRule) -> Transfer {
    Transfer(
      words, method: method, normalization: normalization, seed: seed, parallelism: parallelism)
  }
}
