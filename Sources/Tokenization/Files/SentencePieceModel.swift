import Foundation

/// What a SentencePiece file (spiece.model, sentencepiece.bpe.model, tokenizer.model) says, as far as transformers'
/// converters read it. (sentencepiece_model.proto)
struct SentencePieceModel {
  struct Piece {
    var text = ""
    var score = 0.0
    var kind = Kind.normal
  }

  enum Kind: UInt64 {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  enum Algorithm: UInt64 {
    case unigram = 1
    case bytePairs, word, character
  }

  let file: String
  private(set) var pieces: [Piece] = []
  private(set) var algorithm = Algorithm.unigram
  private(set) var unknownId = 0
  private(set) var unknownPiece = "<unk>"
  private(set) var charsmap: [UInt8] = []
  /// Whether a space is put before the text.
  private(set) var addsDummyPrefix = true
  /// Whether spaces are written as `▁`; always so in the models that are known here.
  private(set) var escapesSpaces = true

  init(contentsOf url: URL) throws(TokenizationError) {
    file = url.path
    let bytes = [UInt8](try FileText.data(of: url))
    var message = ProtocolBuffer(bytes[...])
    while let (number, value) = message.next() {
      switch (number, value) {
      case (1, .bytes(let bytes)): pieces.append(try piece(bytes))
      case (2, .bytes(let bytes)): try readTrainer(bytes)
      case (3, .bytes(let bytes)): try readNormalizer(bytes)
      default: break
      }
    }
    try check(message)
    guard !pieces.isEmpty, escapesSpaces else {
      throw error(pieces.isEmpty ? "pieces" : "escape_whitespaces", found: pieces.isEmpty ? "none" : "false")
    }
  }

  private func piece(_ bytes: ArraySlice<UInt8>) throws(TokenizationError) -> Piece {
    var piece = Piece()
    var message = ProtocolBuffer(bytes)
    while let (number, value) = message.next() {
      switch (number, value) {
      case (1, .bytes(let bytes)): piece.text = try string(bytes)
      case (2, .float(let score)):
        guard score.isFinite else { throw error("finite scores", found: "\(score)", piece: pieces.count) }
        piece.score = Double(score)
      case (3, .integer(let kind)):
        guard let kind = Kind(rawValue: kind) else {
          throw error("a type from 1 to 6", found: "\(kind)", piece: pieces.count)
        }
        piece.kind = kind
      default: break
      }
    }
    try check(message)
    guard !piece.text.isEmpty else { throw error("a text", found: "none", piece: pieces.count) }
    return piece
  }

  private mutating func readTrainer(_ bytes: ArraySlice<UInt8>) throws(TokenizationError) {
    var message = ProtocolBuffer(bytes)
    while let (number, value) = message.next() {
      switch (number, value) {
      case (3, .integer(let kind)):
        guard let kind = Algorithm(rawValue: kind) else { throw error("a model_type", found: "\(kind)") }
        algorithm = kind
      case (40, .integer(let id)): unknownId = Int(truncatingIfNeeded: id)
      case (45, .bytes(let bytes)): unknownPiece = try string(bytes)
      default: break
      }
    }
    try check(message)
  }

  private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(TokenizationError) {
    var message = ProtocolBuffer(bytes)
    while let (number, value) = message.next() {
      switch (number, value) {
      case (2, .bytes(let bytes)): charsmap = Array(bytes)
      case (3, .integer(let flag)): addsDummyPrefix = flag != 0
      case (5, .integer(let flag)): escapesSpaces = flag != 0
      default: break
      }
    }
    try check(message)
  }

  private func string(_ bytes: ArraySlice<UInt8>) throws(TokenizationError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("UTF-8 text", found: "other bytes", piece: pieces.count)
    }
    return text
  }

  private func check(_ message: ProtocolBuffer) throws(TokenizationError) {
    guard message.isDamaged else { return }
    throw TokenizationError(
      file: file, expected: "a SentencePiece model", found: "bytes that are none",
      hint: "the file may be truncated; fetch it again")
  }

  private func error(_ expected: String, found: String, piece: Int? = nil) -> TokenizationError {
    TokenizationError(
      file: file, field: piece.map { "piece \($0)" }, expected: expected, found: found,
      hint: "this file is damaged, or of a kind that is not supported")
  }

  /// The control tokens, which are special, and the user's symbols, which are not (SpmConverter.tokenizer).
  func addedTokens(special: Set<String> = []) -> [(text: String, isSpecial: Bool)] {
    pieces.filter { $0.kind == .control || $0.kind == .userDefined }
      .map { ($0.text, $0.kind == .control || special.contains($0.text)) }
  }
}
