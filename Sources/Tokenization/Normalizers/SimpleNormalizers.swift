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

/// Replaces every occurrence of a text, leftmost first, by another text.
struct Replace: Normalizer {
  let pattern: [Unicode.Scalar]
  let content: [Unicode.Scalar]

  init(_ field: Field) throws(TokenizationError) {
    let pattern = try field.member("pattern")
    guard let text = try pattern.text("String"), !text.isEmpty else {
      throw pattern.unexpected("{\"String\": …}", hint: "Replace with a regular expression is not supported")
    }
    self.pattern = Array(text.unicodeScalars)
    content = Array(try field.member("content").string().unicodeScalars)
  }

  func normalize(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    var position = 0
    while position < text.count {
      if text[position...].starts(with: pattern) {
        result += content
        position += pattern.count
      } else {
        result.append(text[position])
        position += 1
      }
    }
    return result
  }
}
