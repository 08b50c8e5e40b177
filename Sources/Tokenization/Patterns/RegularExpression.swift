import Foundation

/// An expression in the Ruby syntax of Oniguruma, as tokenizers takes it, matched by Foundation.
///
/// What the two read differently is rewritten or refused. Their Unicode versions may differ: a scalar that one of
/// them does not know yet is no letter there.
struct RegularExpression: Sendable {
  private let expression: NSRegularExpression
  /// Where it is written.
  private let field: Field

  /// Nil where Foundation cannot read it as Oniguruma does, and where it is longer than any that is in use.
  init?(_ pattern: String, of field: Field) {
    guard pattern.utf8.count <= 4096, let pattern = Self.rewritten(pattern),
      let expression = try? NSRegularExpression(
        // Ruby's ^ and $ are always those of lines, and only a line feed ends a line.
        pattern: pattern, options: [.anchorsMatchLines, .useUnixLineSeparators])
    else { return nil }
    (self.expression, self.field) = (expression, field)
  }

  /// Calls the body with every match, from left to right. Throws where matching needs more steps than about ten times the
  /// square of the text's length, as `(a+)+$` does, or more memory than Foundation gives it.
  func eachMatch(
    in text: ArraySlice<Unicode.Scalar>, _ body: (Range<Int>) -> Void
  ) throws(TokenizationError) {
    var indices: [Int] = []  // of the scalar that each UTF-16 unit belongs to, and of the end
    for index in text.indices {
      indices.append(index)
      if text[index].value >= 0x10000 { indices.append(index) }
    }
    indices.append(text.endIndex)
    let string = String(String.UnicodeScalarView(text))
    let limit = Self.reportLimit(indices.count - 1)
    var (matches, reports, isGivenUp) = ([NSRange](), 0, false)
    expression.enumerateMatches(
      in: string, options: [.reportProgress, .reportCompletion],
      range: NSRange(location: 0, length: indices.count - 1)
    ) { match, flags, stop in
      if let match { matches.append(match.range) }
      if flags.contains(.progress) { reports += 1 }
      if reports > limit || flags.contains(.internalError) {
        isGivenUp = true
        stop.pointee = true
      }
    }
    guard !isGivenUp else {
      let beginning = String(String.UnicodeScalarView(text.prefix(40)))
      throw field.unexpected(
        "a regular expression that is matched in fewer steps, or on a shorter text",
        hint:
          "it was given up on a text of \(text.count) characters that begins \(beginning.debugDescription)")
    }
    for match in matches { body(indices[match.location]..<indices[match.location + match.length]) }
  }

  /// How often Foundation may report progress, which it does at some places where a match may begin and every 10,000 steps
  /// (ICU's `TIMER_INITIAL_VALUE`): of any expression that is no attack there are a step or two a character, of careless ones
  /// the square of their number.
  private static func reportLimit(_ length: Int) -> Int {
    let squares = min(length, 1 << 20) * min(length, 1 << 20) / 1000
    return 20 + length + min(50_000, squares)
  }

  private static let space = #"\t-\r\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"#
  private static let word = #"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE"#

  /// The expression for Foundation, whose `\s` and `\w` are others; a set inside of a set is part of it. Nil for what
  /// has another meaning there: `\h`, `\K` and the like, `(?m)`, and `{n,m}+`.
  private static func rewritten(_ pattern: String) -> String? {
    var result = ""
    var scalars = Array(pattern.unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      if scalars.starts(with: ["+"]), scalar == "}" { return nil }
      if scalar == "(", scalars.starts(with: ["?", "m"]) { return nil }
      guard scalar == "\\", let escaped = scalars.popFirst() else {
        result.unicodeScalars.append(scalar)
        continue
      }
      switch escaped {
      case "s": result += "[\(space)]"
      case "S": result += "[^\(space)]"
      case "w": result += "[\(word)]"
      case "W": result += "[^\(word)]"
      case "h", "H", "K", "G", "R", "X", "N", "O", "y", "Y", "M", "C", "c", "g", "k": return nil
      case "p", "P":
        result += "\\"
        result.unicodeScalars.append(escaped)
        // Whole, as what ends in } may be repeated.
        guard scalars.first == "{", let end = scalars.firstIndex(of: "}") else { continue }
        result.unicodeScalars.append(contentsOf: scalars[...end])
        scalars = scalars[(end + 1)...]
      default:
        result += "\\"
        result.unicodeScalars.append(escaped)
      }
    }
    return result
  }
}
