import LanguageModels
import Tokenization

/// A cloze sentence with places for the subject, the answer and prompt vectors, e.g. `[X] [V]*5 [Y] .`.
///
/// `[X]` is the subject or text, `[X2]` the second text of tasks with two, `[Y]` the answer (the mask, or T5's first sentinel),
/// `[V]` a prompt vector, `[V]*5` five of them; OptiPrompt's `[V1] [V2]` is read as well, numbered from 1 in order.
public struct Template: Sendable, Equatable, CustomStringConvertible {
  enum Piece: Equatable {
    case text(String)
    case subject
    case second
    case vectors(Int)
    case answer
  }

  public let description: String
  let pieces: [Piece]

  /// How many vectors may stand side by side in `[V]*N`, and how many there may be in all.
  package static let runLengths = 1...512
  static let vectorLimit = 1 << 16

  /// The default of OptiPrompt and of the paper.
  public static func vectors(_ count: Int) -> Template {
    Template(
      description: "[X] [V]*\(count) [Y] .",
      pieces: [.subject, .text(" "), .vectors(count), .text(" "), .answer, .text(" .")])
  }

  /// How many prompt vectors the template has.
  public var vectorCount: Int {
    pieces.reduce(0) { if case .vectors(let count) = $1 { $0 + count } else { $0 } }
  }

  /// How many texts it takes: 2 with `[X2]`.
  public var textCount: Int { pieces.contains(.second) ? 2 : 1 }

  init(description: String, pieces: [Piece]) {
    self.description = description
    self.pieces = pieces
  }

  /// The largest number of vectors side by side that one `[V]*N` stands for.
  var longestRun: Int {
    pieces.reduce(0) { if case .vectors(let count) = $1 { max($0, count) } else { $0 } }
  }

  /// Throws `TransferError` unless there is exactly one `[X]` and one `[Y]`, and at most one `[X2]`.
  public init(_ text: String) throws(TransferError) {
    func failure(_ problem: String) -> TransferError {
      TransferError("template \"\(text)\"", problem, hint: "An example: \"[X] [V]*5 [Y] .\"")
    }
    var pieces: [Piece] = []
    var numbered = 0
    var rest = text[...]
    var literal = ""
    func flush() {
      if !literal.isEmpty { pieces.append(.text(literal)) }
      literal = ""
    }
    // Scalars and not characters: what is normalised to be compared takes longer the longer it is.
    while let start = rest.unicodeScalars.firstIndex(of: "[") {
      literal += rest[..<start]
      rest = rest[start...]
      guard let end = rest.unicodeScalars.firstIndex(of: "]") else { break }
      let name = rest[rest.unicodeScalars.index(after: rest.startIndex)..<end]
      rest = rest[rest.unicodeScalars.index(after: end)...]
      flush()
      switch name {
      case "X": pieces.append(.subject)
      case "X2": pieces.append(.second)
      case "Y": pieces.append(.answer)
      case "V":
        var count = 1
        if rest.hasPrefix("*") {
          let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
          guard let number = Int(digits), Self.runLengths.contains(number) else {
            throw failure("[V]* wants a number from 1 to \(Self.runLengths.upperBound) after it")
          }
          count = number
          rest = rest.dropFirst(1 + digits.count)
        } else if let digit = rest.first, digit.isASCII, digit.isNumber {
          throw failure(
            "[V] has a number after it: \(rest.prefix { $0.isASCII && $0.isNumber }.prefix(9)) vectors are [V]*\(rest.prefix { $0.isASCII && $0.isNumber }.prefix(9))"
          )
        }
        pieces.append(.vectors(count))
      default:
        guard name.hasPrefix("V"), name.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }),
          let number = Int(name.dropFirst())
        else {
          throw failure("[\(name)] is no known place")
        }
        numbered += 1
        guard number == numbered else { throw failure("[\(name)] comes where [V\(numbered)] should") }
        pieces.append(.vectors(1))
      }
    }
    literal += rest
    flush()
    for (piece, name) in [(Piece.subject, "[X]"), (.answer, "[Y]")] {
      let count = pieces.count { $0 == piece }
      guard count == 1 else { throw failure(count == 0 ? "has no \(name)" : "has \(name) \(count) times") }
    }
    guard pieces.count(where: { $0 == .second }) < 2 else { throw failure("has [X2] twice or more") }
    description = text
    self.pieces = pieces
    guard vectorCount <= Self.vectorLimit else { throw failure("has more than \(Self.vectorLimit) vectors") }
  }

  public static func == (left: Template, right: Template) -> Bool { left.pieces == right.pieces }

  /// Throws when the model would not see the subject or a vector: a causal one reads up to `[Y]`, or where answers are texts the whole
  /// sentence with each of them, of which no prompt can be a part then. Vectors for a decoder, as PEFT has them, are not run: they would
  /// stand in the encoder.
  /// - Parameter answersAreTexts: nil where they cannot be
  func requireUse(with model: LanguageModel, answersAreTexts: Bool? = nil) throws(TransferError) {
    if case .next = model.answer {
      try requireUse(withCausal: model.name, answersAreTexts: answersAreTexts)
    }
    if model.hasDecoder, prependedRuns(hasDecoder: true) == 2 {
      throw TransferError(
        "template \"\(self)\"",
        "has vectors for the decoder of \(model.name), where a prompt that is run here stands in the encoder alone",
        hint: "Put all vectors beside each other")
    }
  }

  /// The same of a causal model that is called so.
  func requireUse(withCausal name: String, answersAreTexts: Bool? = nil) throws(TransferError) {
    guard let end = pieces.firstIndex(of: .answer) else { return }
    for piece in pieces[end...] where piece != .answer {
      let place: String
      switch piece {
      case .text: continue
      case .subject, .second:
        if answersAreTexts == true { continue }
        place = piece == .subject ? "[X]" : "[X2]"
      default: place = "a vector"
      }
      throw TransferError(
        "template \"\(self)\"",
        "has \(place) after [Y], where \(name), which is causal, "
          + "does not look",
        hint: "Put [Y] at the end"
          + (place == "a vector" ? "" : ", or compare whole sentences: --answers text"))
    }
  }

  /// Throws unless there is a place for each text, and a text for each place.
  func requirePlaces(for facts: [Example]) throws(TransferError) {
    guard let odd = facts.first(where: { ($0.second == nil) == (textCount == 2) }) else { return }
    let name = odd.relation.isEmpty ? "a subject" : odd.relation
    throw TransferError(
      "template \"\(self)\"",
      "has \(textCount == 2 ? "[X2], where \(name) has one text" : "no [X2] for the second text of \(name)")")
  }

  /// The sentence for one fact; nil where it has no tokens at all.
  ///
  /// Words and texts between two places are tokenised as one string; vectors and mask are then spliced in by
  /// position. Spaces next to vectors do not count, nor do those before the mask; those after it do, which is how
  /// OptiPrompt's slow tokenizers (transformers 3.0.2) read the placeholders: for RoBERTa `[Y] .` ends in `Ġ.`. A causal
  /// model's input ends where the answer begins.
  /// - Parameter masks: how many masks stand for an answer of as many tokens
  func input(
    _ fact: Example, tokenizer: Tokenizer, answer: AnswerPlace, masks: Int = 1
  ) throws(TransferError) -> PromptedInput? {
    var elements: [PromptedInput.Element] = tokenizer.prefix.map { .token($0) }
    var run = ""
    var keepsLeadingSpace = false
    var nextVector = 0
    var readPosition = 0
    func flush() throws(TransferError) {
      var text = run[...]
      if !keepsLeadingSpace { text = text.drop(while: \.isWhitespace) }
      while text.last?.isWhitespace == true { text.removeLast() }
      if !text.isEmpty {
        elements += try tokenizer.ids(String(text)).map { .token($0) }
      }
      run = ""
    }
    reading: for piece in pieces {
      switch piece {
      case .text(let text): run += text
      case .subject: run += fact.subject
      case .second: run += fact.second ?? ""
      case .vectors(let count):
        try flush()
        elements += (nextVector..<nextVector + count).map { .vector($0) }
        nextVector += count
        keepsLeadingSpace = false
      case .answer:
        try flush()
        guard case .mask(let mask) = answer else { break reading }
        readPosition = elements.count
        elements += repeatElement(.token(mask), count: masks)
        keepsLeadingSpace = true
      }
    }
    guard case .mask = answer else {
      guard !elements.isEmpty else { return nil }
      return PromptedInput(elements: elements, readPosition: elements.count - 1)
    }
    try flush()
    elements += tokenizer.suffix.map { .token($0) }
    return PromptedInput(elements: elements, reads: readPosition..<readPosition + masks)
  }

  /// What stands after `[Y]` in the sentence of a fact, with the space before it.
  func rest(of fact: Example) -> String {
    var text = ""
    for piece in pieces.drop(while: { $0 != .answer }) {
      switch piece {
      case .text(let words): text += words
      case .subject: text += fact.subject
      case .second: text += fact.second ?? ""
      case .vectors, .answer: break
      }
    }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  /// Whether the rest after `[Y]` differs from fact to fact.
  var restHasTexts: Bool {
    pieces.drop { $0 != .answer }.contains { $0 == .subject || $0 == .second }
  }

  /// Whether the sentence begins with the answer.
  var beginsWithAnswer: Bool {
    let before = pieces.prefix { $0 != .answer }
    return before.allSatisfy {
      if case .text(let words) = $0 { words.allSatisfy(\.isWhitespace) } else { false }
    }
  }

  /// Whether there is more to it than places.
  var hasWords: Bool {
    pieces.contains { if case .text(let text) = $0 { !text.allSatisfy(\.isWhitespace) } else { false } }
  }

  /// The ids of a manual template's own words, in order, without subject and answer: where a prompt may start from.
  func wordIds(tokenizer: Tokenizer) throws(TransferError) -> [Int] {
    var ids: [Int] = []
    for case .text(var text) in pieces {
      while text.last?.isWhitespace == true { text.removeLast() }  // a token of its own in some vocabularies
      if !text.isEmpty { ids += try tokenizer.ids(text) }
    }
    return ids
  }
}
