/// Turns tokens back into text.
protocol Decoder: Sendable {
  /// Changes the tokens; joined, they are the text. Throws where a regular expression is not matched in bounded steps.
  func decode(_ tokens: [String]) throws(TokenizationError) -> [String]
}

/// Decoders one after another.
struct DecoderSequence: Decoder {
  let members: [any Decoder]

  func decode(_ tokens: [String]) throws(TokenizationError) -> [String] {
    var tokens = tokens
    for member in members { tokens = try member.decode(tokens) }
    return tokens
  }
}

/// Joins all tokens into one.
struct Fuse: Decoder {
  func decode(_ tokens: [String]) -> [String] { [tokens.joined()] }
}

/// Reads bytes written in `ByteAlphabet`; what is not UTF-8 becomes U+FFFD.
struct ByteLevelDecoder: Decoder {
  func decode(_ tokens: [String]) -> [String] {
    [String(decoding: tokens.flatMap { ByteAlphabet.bytes(of: $0) }, as: UTF8.self)]
  }
}

extension Field {
  /// The decoder that this object of a tokenizer.json describes.
  func decoder() throws(TokenizationError) -> any Decoder {
    switch try member("type").string() {
    case "Sequence":
      var members: [any Decoder] = []
      for element in try member("decoders").elements() { members.append(try element.decoder()) }
      return DecoderSequence(members: members)
    case "ByteLevel": return ByteLevelDecoder()
    case "WordPiece":
      return WordPieceDecoder(prefix: try member("prefix").string(), cleansUp: try member("cleanup").bool())
    case "Fuse": return Fuse()
    case "Metaspace": return try Metaspace(self)
    case "Replace": return try Replace(self)
    case "ByteFallback": return ByteFallback()
    case "Strip": return try StripDecoder(self)
    case "BPEDecoder": return SuffixDecoder(suffix: try text("suffix") ?? "</w>")
    default:
      throw unknownType(
        "decoder",
        known: [
          "Sequence", "ByteLevel", "WordPiece", "Fuse", "Metaspace", "Replace", "ByteFallback", "Strip",
          "BPEDecoder",
        ])
    }
  }
}
