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
    self.answers = answers
    var kept: [(String, Int)] = []
    var columns: [Int: Int] = [:]
    for word in words {
      guard let id = try tokenizer.token(ofWord: word), columns[id] == nil else { continue }
      columns[id] = kept.count
      kept.append((word, id))
    }
    self.words = kept.map(\.0)
    ids = kept.map(\.1)
    self.columns = columns
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
    var taken = [Set<Int>](repeating: [], count: tokenizers.count)
    return try TransferError.unify {
      let kept = try (list ?? tokenizers.first?.words() ?? []).filter { word in
        let ids = try tokenizers.map { try $0.singleToken(word) }
        guard zip(ids, taken).allSatisfy({ id, taken in id.map { !taken.contains($0) } ?? false }) else {
          return false
        }
        for (index, id) in ids.enumerated() { if let id { taken[index].insert(id) } }
        return true
      }
      return try tokenizers.map { try CandidateVocabulary(kept, tokenizer: $0) }
    }
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
