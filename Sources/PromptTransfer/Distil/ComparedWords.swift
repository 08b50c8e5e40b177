import LanguageModels

/// The words over which a target's answers are compared with those of source models: single tokens of all of them. Looked up once for any
/// number of prompts.
public struct ComparedWords: Sendable {
  public let target: LanguageModel
  public let sources: [LanguageModel]
  /// With their ids in the target.
  let candidates: CandidateVocabulary
  let head: CandidateHead
  /// The same words with their ids in each source, in order.
  let sourceCandidates: [CandidateVocabulary]

  /// How many words there are.
  public var count: Int { candidates.ids.count }

  /// They themselves.
  public var words: [String] { candidates.words }

  /// Nil when stopped. Throws where there is no source, or fewer than two words that all models know.
  /// - Parameters:
  ///   - words: the words that count where all models know them; all whole words when nil
  ///   - progress: called with the number of words looked up, and of all
  ///   - shouldStop: asked meanwhile
  public init?(
    _ sources: [LanguageModel], target: LanguageModel, words: [String]? = nil,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }, shouldStop: () -> Bool
  ) throws(TransferError) {
    guard !sources.isEmpty else { throw TransferError(target.name, "has no source to answer as") }
    let tokenizers = [target.tokenizer] + sources.map(\.tokenizer)
    guard
      let shared = try CandidateVocabulary.shared(
        tokenizers, list: words, progress: progress, shouldStop: shouldStop)
    else { return nil }
    guard shared[0].words.count >= 2 else {
      throw TransferError(
        target.name, "the models share \(shared[0].words.count) words",
        hint: "Answers are compared over the words that all models know as one token")
    }
    (self.sources, self.target, candidates) = (sources, target, shared[0])
    head = target.network.candidates(candidates.ids)
    sourceCandidates = Array(shared.dropFirst())
  }

  /// The same where nobody stops it.
  public init(
    _ sources: [LanguageModel], target: LanguageModel, words: [String]? = nil
  ) throws(TransferError) {
    guard let found = try ComparedWords(sources, target: target, words: words, shouldStop: { false }) else {
      throw TransferError(target.name, "was stopped")
    }
    self = found
  }
}
