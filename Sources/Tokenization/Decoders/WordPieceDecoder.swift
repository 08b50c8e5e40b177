/// Puts spaces between words, none before continuing tokens, and tidies spaces before punctuation.
/// (decoders/wordpiece.rs of tokenizers)
struct WordPieceDecoder: Decoder {
  let prefix: String
  let cleansUp: Bool

  func decode(_ tokens: [String]) -> [String] {
    tokens.enumerated().map { index, token in
      var bytes = Array(token.utf8)
      if index > 0 {
        if bytes.starts(with: prefix.utf8) {
          bytes.removeFirst(prefix.utf8.count)
        } else {
          bytes.insert(UInt8(ascii: " "), at: 0)
        }
      }
      if cleansUp { for (old, new) in Self.cleanups { bytes = bytes.replacing(old.utf8, with: new.utf8) } }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Token by token, as upstream: what spans two tokens, as " do not", is never found.
  private static let cleanups = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ]
}
