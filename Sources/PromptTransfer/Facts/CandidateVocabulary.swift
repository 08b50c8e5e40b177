import Formats
import Foundation
import Tokenization

/// The words among which an answer is looked for: each a single token of the model.
public struct CandidateVocabulary: Sendable {
  public let words: [String]
  /// The token of each word; no token twice (the first spelling of it stands).
  public let ids: [Int]
  /// What the answers are.
  public let answers: AnswerKind
  private let columns: [Int: Int]

  /// What the answers to a template are.
  public enum AnswerKind: Sendable, Equatable {
    /// Words of the model's vocabulary: tuning's loss is over all of it, and an example that is too long is left out.
    case words
    /// Labels of a task. Nothing else can be the answer: tuning's loss is over the label words alone. A text that is too
    /// long is cut, because what it says mostly remains.
    case labels
  }

  /// Keeps those of `words` that are one token after a space, in order.
  public init(_ words: [String], tokenizer: Tokenizer) throws(TransferError) {
    try self.init(words, tokenizer: tokenizer, answers: .words)
  }

  init(_ words: [String], tokenizer: Tokenizer, answers: AnswerKind) throws(TransferError) {
    let kept = try Self.kept(words, tokenizer, { _, _ in }, { false }) ?? Kept()
    (self.words, ids, columns, self.answers) = (kept.words, kept.ids, kept.columns, answers)
  }

  /// Keeps those of a list that may hold millions of words. Nil when stopped.
  /// - Parameters:
  ///   - progress: called with the number of words looked up, and of all
  ///   - shouldStop: asked meanwhile
  public init?(
    _ words: [String], tokenizer: Tokenizer, progress: (_ done: Int, _ total: Int) -> Void,
    shouldStop: () -> Bool
  ) throws(TransferError) {
    guard let kept = try Self.kept(words, tokenizer, progress, shouldStop) else { return nil }
    (self.words, ids, columns, answers) = (kept.words, kept.ids, kept.columns, .words)
  }

  private struct Kept {
    var words: [String] = []
    var ids: [Int] = []
    var columns: [Int: Int] = [:]
  }

  /// Nil when stopped.
  private static func kept(
    _ words: [String], _ tokenizer: Tokenizer, _ progress: (_ done: Int, _ total: Int) -> Void,
    _ shouldStop: () -> Bool
  ) throws(TransferError) -> Kept? {
    var kept = Kept()
    for (index, word) in words.enumerated() {
      if shouldStop() { return nil }
      progress(index, words.count)
      guard let id = try tokenizer.token(ofWord: word), kept.columns[id] == nil else { continue }
      kept.columns[id] = kept.ids.count
      kept.words.append(word)
      kept.ids.append(id)
    }
    return kept
  }

  /// Every whole word of the tokenizer's vocabulary.
  public init(tokenizer: Tokenizer) throws(TransferError) {
    try self.init(tokenizer.wholeWords(), tokenizer: tokenizer)
  }

  /// The words that are candidates of several models at once, in the same columns for each: one token in every tokenizer,
  /// and in none the token of an earlier word.
  /// - Parameter list: all whole words of the first tokenizer when nil
  public static func shared(_ tokenizers: [Tokenizer], list: [String]? = nil) throws(TransferError)
    -> [CandidateVocabulary]
  {
    try shared(tokenizers, list: list, progress: { _, _ in }, shouldStop: { false }) ?? []
  }

  /// The same of a list that may hold millions of words. Nil when stopped.
  /// - Parameters:
  ///   - progress: called with the number of words looked up, and of all
  ///   - shouldStop: asked meanwhile
  public static func shared(
    _ tokenizers: [Tokenizer], list: [String]? = nil, progress: (_ done: Int, _ total: Int) -> Void,
    shouldStop: () -> Bool
  ) throws(TransferError) -> [CandidateVocabulary]? {
    let words = if let list { list } else { try tokenizers.first?.wholeWords() ?? [] }
    var taken = [Set<Int>](repeating: [], count: tokenizers.count)
    var kept: [String] = []
    for (index, word) in words.enumerated() {
      if shouldStop() { return nil }
      progress(index, words.count)
      var ids: [Int] = []
      for (tokenizer, taken) in zip(tokenizers, taken) {
        guard let id = try tokenizer.token(ofWord: word), !taken.contains(id) else { break }
        ids.append(id)
      }
      guard ids.count == tokenizers.count else { continue }
      for (index, id) in ids.enumerated() { taken[index].insert(id) }
      kept.append(word)
    }
    var vocabularies: [CandidateVocabulary] = []
    for tokenizer in tokenizers { vocabularies.append(try CandidateVocabulary(kept, tokenizer: tokenizer)) }
    return vocabularies
  }

  /// Where the word stands among the candidates, under any spelling that has the same token.
  public func column(_ word: String, tokenizer: Tokenizer) throws(TransferError) -> Int? {
    try tokenizer.token(ofWord: word).flatMap { columns[$0] }
  }

  /// One word a line; empty lines do not count.
  public static func readWords(_ url: URL) throws -> [String] {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw TransferError(url.path, "is not there", hint: "Give a list with one word a line")
    }
    let text = try WholeFile.text(url, .words, hint: "A word list has one word a line")
    // Not by characters: lists have millions of words.
    let words = text.unicodeScalars.split {
      (0xA...0xD).contains($0.value) || $0 == "\u{85}" || $0 == "\u{2028}" || $0 == "\u{2029}"
    }
    .map { String($0).trimmed(.whitespaces) }.filter { !$0.isEmpty }
    guard !words.isEmpty else { throw TransferError(url.path, "holds no words") }
    return words
  }
}
