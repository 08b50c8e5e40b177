/// Cuts text into the pieces that the model sees one by one.
protocol PreTokenizer: Sendable {
  /// Adds the pieces of a piece.
  ///
  /// - Parameter isFirst: whether the piece begins where the whole text does.
  /// - Throws: where a regular expression is not matched in bounded steps.
  func split(
    _ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces
  ) throws(TokenizationError)
}

/// Pre-tokenizers one after another, each cutting the pieces of the one before.
struct PreTokenizerSequence: PreTokenizer {
  let members: [any PreTokenizer]

  func split(
    _ piece: ArraySlice<Unicode.Scalar>, isFirst: Bool, into pieces: inout Pieces
  ) throws(TokenizationError) {
    var current = Pieces()
    current.append(piece)
    var isFirst = isFirst
    for member in members {
      var next = Pieces()
      for (index, piece) in current.enumerated() {
        try member.split(piece, isFirst: isFirst && index == 0, into: &next)
      }
      isFirst = isFirst && !next.hasSkippedStart
      current = next
    }
    for piece in current { pieces.append(piece) }
  }
}

extension Field {
  /// The pre-tokenizer that this object of a tokenizer.json describes.
  func preTokenizer() throws(TokenizationError) -> any PreTokenizer {
    switch try member("type").string() {
    case "Sequence":
      var members: [any PreTokenizer] = []
      for element in try member("pretokenizers").elements() { members.append(try element.preTokenizer()) }
      return PreTokenizerSequence(members: members)
    case "BertPreTokenizer": return BertPreTokenizer()
    case "ByteLevel":
      return ByteLevelPreTokenizer(
        addsPrefixSpace: try member("add_prefix_space").bool(), splits: try flag("use_regex", default: true))
    case "Whitespace": return WhitespacePreTokenizer()
    case "WhitespaceSplit": return WhitespaceSplit()
    case "Punctuation": return try PunctuationPreTokenizer(self)
    case "Digits": return Digits(areIndividual: try member("individual_digits").bool())
    case "Metaspace": return try Metaspace(self)
    case "Split": return try Split(self)
    case "CharDelimiterSplit":
      return Split(pattern: .text([try member("delimiter").scalar()]), behavior: .removed)
    default:
      throw unknownType(
        "pre-tokenizer",
        known: [
          "Sequence", "BertPreTokenizer", "ByteLevel", "Whitespace", "WhitespaceSplit", "Punctuation",
          "Digits", "Metaspace", "Split", "CharDelimiterSplit",
        ])
    }
  }
}
