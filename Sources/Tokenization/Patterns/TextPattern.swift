/// What Split and Replace look for: a text, or a regular expression.
///
/// tokenizers takes Oniguruma. The expressions of well-known tokenizers have scanners of their own here, with
/// Oniguruma's tables; any other one is a `RegularExpression`.
enum TextPattern: Sendable {
  case text([Unicode.Scalar])
  case scanner(@Sendable (Int, ArraySlice<Unicode.Scalar>) -> Int)
  /// Two or more spaces.
  case spaces
  case expression(RegularExpression)

  /// Reads `{"String": …}` or `{"Regex": …}`, or a string alone.
  init(_ field: Field) throws(TokenizationError) {
    let text = try field.text("String")
    if let text = field.value.string ?? text {
      self = .text(Array(text.unicodeScalars))
      return
    }
    guard let regex = field.optional("Regex") else {
      throw field.unexpected("{\"String\": …} or {\"Regex\": …}")
    }
    let expression = try regex.string()
    if let scanner = Self.scanners[expression] {
      self = .scanner(scanner)
    } else if Self.spaceExpressions.contains(expression) {
      self = .spaces
    } else {
      guard let expression = RegularExpression(expression, of: regex) else {
        throw regex.unexpected(
          "a regular expression that Foundation can read", hint: "this one is not supported")
      }
      self = .expression(expression)
    }
  }

  /// Of how many scalars a match is at least, or 1.
  var shortestMatch: Int { if case .text(let text) = self { max(1, text.count) } else { 1 } }

  private static let spaceExpressions: Set = [" {2,}", "  +", "[ ]{2,}"]

  /// The scanners that leave no gap between matches, by their expressions.
  private static let scanners: [String: @Sendable (Int, ArraySlice<Unicode.Scalar>) -> Int] = {
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let rest = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    let letters = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
    let words =
      #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"#
      + #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
    let restWithSlash = #" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    return [
      #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: GPT2Pattern.end,
      "\(contractions)|\(letters)|\\p{N}{1,3}|\(rest)": { WordPattern.end(ofLlama3: $0, in: $1) },
      "\(contractions)|\(letters)|\\p{N}|\(rest)": { WordPattern.end(ofQwen2: $0, in: $1) },
      "\(words)|\\p{N}|\(restWithSlash)": { WordPattern.end(ofTekken: $0, in: $1) },
    ]
  }()
}

extension TextPattern {
  /// The parts of a text, matches and what lies between them, in order; matches may be empty.
  func parts(
    of text: ArraySlice<Unicode.Scalar>
  ) throws(TokenizationError) -> [(range: Range<Int>, isMatch: Bool)] {
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    var done = text.startIndex
    try eachMatch(in: text) { match in
      if done < match.lowerBound { parts.append((done..<match.lowerBound, false)) }
      parts.append((match, true))
      done = match.upperBound
    }
    if done < text.endIndex { parts.append((done..<text.endIndex, false)) }
    return parts
  }

  /// The text with every match replaced.
  func replacing(_ text: [Unicode.Scalar], with content: [Unicode.Scalar]) throws(TokenizationError)
    -> [Unicode.Scalar]
  {
    var result: [Unicode.Scalar] = []
    var done = 0
    try eachMatch(in: text[...]) { match in
      result += text[done..<match.lowerBound]
      result += content
      done = match.upperBound
    }
    guard done > 0 || !result.isEmpty else { return text }
    return result + text[done...]
  }

  private func eachMatch(
    in text: ArraySlice<Unicode.Scalar>, _ body: (Range<Int>) -> Void
  ) throws(TokenizationError) {
    switch self {
    case .text(let pattern):
      guard let first = pattern.first else { return }
      var start = text.startIndex
      while start < text.endIndex {
        if text[start] == first, text[start...].starts(with: pattern) {
          body(start..<start + pattern.count)
          start += pattern.count
        } else {
          start += 1
        }
      }
    case .scanner(let end):
      var start = text.startIndex
      while start < text.endIndex {
        let end = end(start, text)
        body(start..<end)
        start = end
      }
    case .spaces:
      var start = text.startIndex
      while start < text.endIndex {
        var end = start
        while end < text.endIndex, text[end] == " " { end += 1 }
        if end - start > 1 { body(start..<end) }
        start = max(end, start + 1)
      }
    case .expression(let expression): try expression.eachMatch(in: text, body)
    }
  }
}
