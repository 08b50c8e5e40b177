/// Cuts text into the pieces that the model sees one by one.
protocol PreTokenizer: Sendable {
  /// Adds the pieces of a piece.
  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces)
}

/// Pre-tokenizers one after another, each cutting the pieces of the one before.
struct PreTokenizerSequence: PreTokenizer {
  let members: [any PreTokenizer]

  func split(_ piece: ArraySlice<Unicode.Scalar>, into pieces: inout Pieces) {
    var current = Pieces()
    current.append(piece)
    for member in members {
      var next = Pieces()
      for piece in current { member.split(piece, into: &next) }
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
    default:
      throw unknownType(
        "pre-tokenizer",
        known: [
          "Sequence", "BertPreTokenizer", "ByteLevel", "Whitespace", "WhitespaceSplit", "Punctuation",
          "Digits",
        ])
    }
  }
}
