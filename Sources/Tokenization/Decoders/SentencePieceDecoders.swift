/// Makes spaces of `▁`, none of those of the first token unless none is ever prepended.
/// (pre_tokenizers/metaspace.rs of tokenizers)
extension Metaspace: Decoder {
  func decode(_ tokens: [String]) -> [String] {
    tokens.enumerated().map { index, token in
      var text = String.UnicodeScalarView()
      for scalar in token.unicodeScalars {
        if scalar != replacement {
          text.append(scalar)
        } else if index > 0 || prepending == .never {
          text.append(" ")
        }
      }
      return String(text)
    }
  }
}

/// Token by token.
extension Replace: Decoder {
  func decode(_ tokens: [String]) throws(TokenizationError) -> [String] {
    var texts: [String] = []
    for token in tokens {
      texts.append(String(String.UnicodeScalarView(try normalize(Array(token.unicodeScalars)))))
    }
    return texts
  }
}

/// Reads runs of `<0xAB>` as UTF-8; a run that is none becomes one U+FFFD a byte. (decoders/byte_fallback.rs)
struct ByteFallback: Decoder {
  func decode(_ tokens: [String]) -> [String] {
    var texts: [String] = []
    var run: [UInt8] = []
    func closeRun() {
      if let text = String(validating: run, as: UTF8.self) {
        if !run.isEmpty { texts.append(text) }
      } else {
        texts += run.map { _ in "\u{FFFD}" }
      }
      run.removeAll()
    }
    for token in tokens {
      if let byte = Self.byte(of: token) {
        run.append(byte)
      } else {
        closeRun()
        texts.append(token)
      }
    }
    closeRun()
    return texts
  }

  private static func byte(of token: String) -> UInt8? {
    let utf8 = token.utf8
    guard utf8.count == 6, utf8.starts(with: "<0x".utf8), utf8.last == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: utf8.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }
}

/// Takes up to so many of one scalar off the ends of each token. (decoders/strip.rs)
struct StripDecoder: Decoder {
  let content: Unicode.Scalar
  let left: Int
  let right: Int

  init(content: Unicode.Scalar, left: Int, right: Int) {
    self.content = content
    self.left = left
    self.right = right
  }

  init(_ field: Field) throws(TokenizationError) {
    content = try field.member("content").scalar()
    left = try field.member("start").id()
    right = try field.member("stop").id()
  }

  func decode(_ tokens: [String]) -> [String] {
    tokens.map { token in
      var scalars = token.unicodeScalars[...]
      scalars = scalars.dropFirst(scalars.prefix(left).prefix { $0 == content }.count)
      scalars = scalars.dropLast(scalars.suffix(right).reversed().prefix { $0 == content }.count)
      return String(scalars)
    }
  }
}

/// Makes spaces of a suffix that ends words, of the last token nothing. (decoders/bpe.rs)
struct SuffixDecoder: Decoder {
  let suffix: String

  func decode(_ tokens: [String]) throws(TokenizationError) -> [String] {
    try tokens.enumerated().map { index, token throws(TokenizationError) in
      let space = index == tokens.count - 1 ? "" : " "
      return try Replace(suffix, by: space).decode([token]).joined()
    }
  }
}
