import LanguageModels
import Tokenization

/// The texts of one relation as a model has them in the sentences of a template.
///
/// A causal model is asked for the answer and the words after it, so that "New" does not beat "New York" by being its beginning; one with
/// a decoder, for the answer and the sentinel that ends it; a masked one, for the answer alone (Wiland, Ploner and Akbik, Findings of NAACL
/// 2024, whose package calls this the conditional score).
struct AnswerOptions: Sendable {
  struct Option: Sendable {
    let text: String
    /// The tokens of the answer alone.
    let answer: [Int]
    /// For each the word that it is of.
    let words: [Int]
    /// What the model is asked for.
    let asked: [Int]
  }

  /// None twice, as far as the model can tell: the first spelling stands.
  let options: [Option]
  private let columns: [[Int]: Int]
  private let isFirst: Bool

  /// Texts without tokens, or with one that stands for what the vocabulary lacks, are left out.
  /// - Parameter fact: whose sentence it is, where that goes on with its texts after the answer
  init(
    _ texts: [String], template: Template, fact: Example, model: LanguageModel
  ) throws(TransferError) {
    var options: [Option] = []
    var columns: [[Int]: Int] = [:]
    let rest = template.rest(of: fact)
    let isFirst = template.beginsWithAnswer
    for text in texts {
      guard let option = try Self.option(text, rest, isFirst: isFirst, model), columns[option.answer] == nil
      else { continue }
      columns[option.answer] = options.count
      options.append(option)
    }
    (self.options, self.columns, self.isFirst) = (options, columns, isFirst)
  }

  /// Where the text stands among them, under any spelling that has the same tokens.
  func column(_ text: String, model: LanguageModel) throws(TransferError) -> Int? {
    try Self.option(text, "", isFirst: isFirst, model).flatMap { columns[$0.answer] }
  }

  /// Whether the model can be asked for the text.
  static func canBe(_ text: String, _ model: LanguageModel) throws(TransferError) -> Bool {
    try option(text, "", isFirst: false, model) != nil
  }

  private static func option(
    _ text: String, _ rest: String, isFirst: Bool, _ model: LanguageModel
  ) throws(TransferError) -> Option? {
    func pieces(_ text: String) throws(TransferError) -> [(id: Int, piece: Int)] {
      // Masks follow a space wherever they stand, as words that are asked for do.
      guard isFirst, case .next = model.answer else { return try model.tokenizer.continuationPieces(text) }
      return try model.tokenizer.ids(text).map { ($0, 0) }
    }
    let own = try pieces(text)
    let ids = own.map(\.id)
    guard !ids.isEmpty, !ids.contains(where: { $0 == model.tokenizer.unknown }) else { return nil }
    var asked = ids
    switch model.answer {
    case .next: if !rest.isEmpty { asked = try pieces(text + rest).map(\.id) }
    case .mask:
      if model.hasDecoder, let end = model.tokenizer.id(of: "<extra_id_1>") { asked.append(end) }
    }
    return Option(text: text, answer: ids, words: own.map(\.piece), asked: asked)
  }
}
