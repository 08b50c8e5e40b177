import Foundation

/// An expression in the Ruby syntax of Oniguruma, as tokenizers takes it, matched by Foundation.
///
/// What the two read differently is rewritten or refused. Their Unicode versions may differ: a scalar that one of
/// them does not know yet is no letter there.
struct RegularExpression: Sendable {
  private let expression: NSRegularExpression

  /// Nil where Foundation cannot read it as Oniguruma does, and where it is longer than any that is in use.
  init?(_ pattern: String) {
    guard pattern.utf8.count <= 4096, let pattern = Self.rewritten(pattern),
      let expression = try? NSRegularExpression(
        // Ruby's ^ and $ are always those of lines, and only a line feed ends a line.
        pattern: pattern, options: [.anchorsMatchLines, .useUnixLineSeparators])
    else { return nil }
    self.expression = expression
  }

  /// Calls the body with every match, from left to right.
  func eachMatch(in text: ArraySlice<Unicode.Scalar>, _ body: (Range<Int>) -> Void) {
    var indices: [Int] = []  // of the scalar that each UTF-16 unit belongs to, and of the end
    for index in text.indices {
      indices.append(index)
      if text[index].value >= 0x10000 { indices.append(index) }
    }
    indices.append(text.endIndex)
    let string = String(String.UnicodeScalarView(text))
    for match in expression.matches(in: string, range: NSRange(location: 0, length: indices.count - 1)) {
      body(indices[match.range.location]..<indices[match.range.location + match.range.length])
    }
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
      default:
        result += "\\"
        result.unicodeScalars.append(escaped)
      }
    }
    return result
  }
}
