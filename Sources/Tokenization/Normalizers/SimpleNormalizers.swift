/// Lowercases scalar by scalar, as Rust's `char::to_lowercase` does: İ becomes two scalars, a final Σ is σ.
struct Lowercase: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(text.count)
    for scalar in text {
      if scalar.value < 0x80 {
        let isUpper = (0x41...0x5A).contains(scalar.value)
        result.append(isUpper ? Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value | 0x20)) : scalar)
      } else if let values = UnicodeMap.lowercase[scalar] {
        result += values
      } else {
        result.append(scalar)
      }
    }
    return result
  }
}

/// Removes combining marks; it does not decompose.
struct StripAccents: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.filter { $0.value < 0x300 || !UnicodeSet.marks.contains($0) }
  }
}

/// Removes white space at the ends.
struct Strip: Normalizer {
  let left: Bool
  let right: Bool

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result = text[...]
    if left { result = result.drop { $0.isWhitespace } }
    while right, result.last?.isWhitespace == true { result.removeLast() }
    return Array(result)
  }
}

/// Puts a text before any text that is not empty.
struct Prepend: Normalizer {
  let text: [Unicode.Scalar]

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] { text.isEmpty ? text : self.text + text }
}

/// Replaces every match of a pattern, leftmost first, by a text.
struct Replace: Normalizer {
  let pattern: TextPattern
  let content: [Unicode.Scalar]

  init(_ pattern: String, by content: String) {
    self.pattern = .text(Array(pattern.unicodeScalars))
    self.content = Array(content.unicodeScalars)
  }

  init(_ field: Field) throws(TokenizationError) {
    pattern = try TextPattern(try field.member("pattern"))
    content = try field.member("content").insertedText()
  }

  init(pattern: TextPattern, content: [Unicode.Scalar]) {
    self.pattern = pattern
    self.content = content
  }

  func normalize(_ text: [Unicode.Scalar]) throws(TokenizationError) -> [Unicode.Scalar] {
    try pattern.replacing(text, with: content)
  }
}

/// Writes UTF-8 bytes in `ByteAlphabet`.
struct ByteLevelNormalizer: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.flatMap { UTF8.encode($0)?.map { ByteAlphabet.scalars[Int($0)] } ?? [] }
  }
}

/// Drops control characters and makes spaces of others: SentencePiece's nmt rules. (normalizers/unicode.rs)
struct Nmt: Normalizer {
  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    text.compactMap { scalar in
      switch scalar.value {
      case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: nil
      case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: " "
      default: scalar
      }
    }
  }
}
