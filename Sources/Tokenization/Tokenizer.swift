import Foundation

/// Turns text into the ids of a checkpoint's vocabulary and back, as the Python package `tokenizers` does.
///
/// Text is cut at added tokens, normalized, cut into pieces, and each piece turned into ids by the model. Strings
/// are taken as sequences of Unicode scalars, never of graphemes.
public struct Tokenizer: Sendable {
  let addedTokens: AddedTokens
  let normalizer: (any Normalizer)?
  let preTokenizer: (any PreTokenizer)?
  let model: any Model
  let decoder: (any Decoder)?

  /// What stands before and after a single sequence: `[CLS]` and `[SEP]` for BERT.
  public let prefix: [Int]
  public let suffix: [Int]
  /// The mask token, of models that have one.
  public let mask: Int?
  /// Ids from here on have no row in the model's table; text is never encoded to them.
  private var idLimit = Int.max

  /// The ids of the text, with `prefix` and `suffix` around them where asked for.
  ///
  /// Throws where a regular expression of the tokenizer's file takes more steps on the text than any that is in use.
  public func encode(_ text: String, addingSpecialTokens: Bool = true) throws(TokenizationError) -> [Int] {
    let standIn = unknown.flatMap { $0 < idLimit ? $0 : nil }
    let ids = try innerIds(text).compactMap { $0 < idLimit ? $0 : standIn }
    return addingSpecialTokens ? prefix + ids + suffix : ids
  }

  /// The ids of the text, whatever rows they have.
  func innerIds(_ text: String) throws(TokenizationError) -> [Int] {
    var ids: [Int] = []
    try forEachSection(text) { section in
      switch section {
      case .token(let id): ids.append(id)
      case .text(let pieces): model.encode(pieces, into: &ids)
      }
    }
    return ids
  }

  /// A part of a text: an added token, or what the pre-tokenizer makes of the text between two.
  enum Section {
    case token(Int)
    case text(Pieces)
  }

  /// The parts of a text, in order.
  func forEachSection(_ text: String, _ body: (Section) -> Void) throws(TokenizationError) {
    let sections = try addedTokens.sections(of: Array(text.unicodeScalars), normalizer: normalizer)
    for (index, section) in sections.enumerated() {
      switch section {
      case .token(let id): body(.token(id))
      case .text(let text):
        var pieces = Pieces()
        if let preTokenizer {
          try preTokenizer.split(text[...], isFirst: index == 0, into: &pieces)
        } else {
          pieces.append(text[...])
        }
        body(.text(pieces))
      }
    }
  }

  /// The tokens of the text as the vocabulary writes them, without special tokens around.
  public func tokens(_ text: String) throws(TokenizationError) -> [String] {
    try encode(text, addingSpecialTokens: false).map { token(of: $0) ?? "" }
  }

  /// The text of the ids; ids without a token are left out.
  public func decode(_ ids: [Int], skippingSpecialTokens: Bool = false) throws(TokenizationError) -> String {
    let tokens: [String] = ids.compactMap { id in
      if skippingSpecialTokens, addedTokens.token(of: id)?.isSpecial == true { return nil }
      return addedTokens.decodedContent(of: id) ?? model.vocabulary.token(of: id)
    }
    return try decoder?.decode(tokens).joined() ?? tokens.joined(separator: " ")
  }

  public func id(of token: String) -> Int? { addedTokens.id(of: token) ?? model.vocabulary.id(of: token) }

  public func token(of id: Int) -> String? {
    addedTokens.token(of: id)?.content ?? model.vocabulary.token(of: id)
  }

  /// The highest id + 1, added tokens included.
  public var vocabularySize: Int {
    max(model.vocabulary.size, (addedTokens.tokens.lazy.map(\.id).max() ?? -1) + 1)
  }

  /// The highest id + 1 of tokens that are no added ones.
  package var ordinarySize: Int {
    var size = model.vocabulary.size
    while size > 0, model.vocabulary.token(of: size - 1) == nil || addedTokens.token(of: size - 1) != nil {
      size -= 1
    }
    return size
  }

  /// Whether the model's table has a row for the id.
  func hasRow(_ id: Int) -> Bool { id < idLimit }

  /// The tokenizer of a model whose table has that many rows. Tokens beyond them are no words, and the unknown token, if there
  /// is one, where they stand in a text: transformers ends there with an IndexError.
  package func limited(toRows rows: Int) -> Tokenizer {
    var copy = self
    copy.idLimit = rows
    return copy
  }

  /// The token for what the vocabulary cannot say, of models that have one.
  public var unknown: Int? { model.unknown }

  /// The added tokens that are special, whether or not text is ever encoded to them.
  public var specialIds: Set<Int> { Set(addedTokens.tokens.lazy.filter(\.isSpecial).map(\.id)) }

  /// Whether the mask token takes the white space on its left with it, as RoBERTa's does.
  public var maskStripsLeft: Bool { mask.flatMap { addedTokens.token(of: $0)?.stripsLeft } ?? false }
}
