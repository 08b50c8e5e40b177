import Formats

/// Text made safe for where it goes.
package enum Escaping {
  /// For HTML and SVG, in content and in quoted attributes. What XML cannot hold becomes U+FFFD.
  package static func html(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
      }
    }
    return result
  }

  /// XML 1.0, section 2.2, without the C1 controls, which HTML forbids, and what changes the direction of writing, so that text
  /// is read in the order in which it is stored.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x9, 0xA, 0xD: true
    case 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: !VisibleText.steers(scalar)
    default: false
    }
  }

  /// What is not allowed is U+FFFD.
  private static func allowed(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { isAllowed($0) ? $0 : "\u{FFFD}" }))
  }

  /// A block of Markdown code: each line four spaces in.
  static func markdownBlock(_ text: String) -> String {
    allowed(text).split(whereSeparator: \.isNewline).map { "    " + $0 }.joined(separator: "\n")
  }

  /// For one line of GitHub's Markdown, in a table too: nothing in it is taken for markup.
  package static func markdown(_ text: String) -> String {
    var result = ""
    for scalar in oneLine(text).unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\\", "`", "*", "_", "{", "}", "[", "]", "#", "|", "~", "$", "!":
        result += "\\"
        result.unicodeScalars.append(scalar)
      default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{FFFD}")
      }
    }
    if let first = result.first, "+-=".contains(first) { return "\\" + result }
    return afterNumber(result)
  }

  /// `1.` at the start of a line would make a list.
  private static func afterNumber(_ text: String) -> String {
    let digits = text.prefix { $0.isNumber }
    let rest = text.dropFirst(digits.count)
    guard !digits.isEmpty, let mark = rest.first, mark == "." || mark == ")",
      rest.dropFirst().first.map({ $0 == " " }) ?? true
    else { return text }
    return "\(digits)\\\(rest)"
  }

  /// A span of code in Markdown: fenced by more backticks than it holds.
  package static func markdownCode(_ text: String) -> String {
    let text = allowed(oneLine(text))
    let longest = text.split(whereSeparator: { $0 != "`" }).map(\.count).max() ?? 0
    let fence = String(repeating: "`", count: longest + 1)
    let space = text.hasPrefix("`") || text.hasSuffix("`") ? " " : ""
    return fence + space + text + space + fence
  }

  /// A field of CSV (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe before it; numbers stay.
  package static func csv(_ field: String) -> String {
    let isFormula = field.first.map { "=+-@\t\r".contains($0) } ?? false
    let text = (isFormula && Double(field) == nil ? "'" : "") + allowed(field)
    guard text.unicodeScalars.contains(where: { ",\"\n\r".unicodeScalars.contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  /// For running text and tables of LaTeX. What is not Latin wants XeLaTeX or LuaLaTeX.
  package static func latex(_ text: String) -> String {
    oneLine(text).unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\textbackslash{}"
      case "~": "\\textasciitilde{}"
      case "^": "\\textasciicircum{}"
      case "&", "%", "$", "#", "_", "{", "}": "\\\(scalar)"
      case "[", "]": "{\(scalar)}"  // none is taken for what a line break takes
      case "<": "$<$"
      case ">": "$>$"
      case "|": "$|$"
      case "\"": "\\textquotedbl{}"
      case "−": "$-$"
      case "–": "--"
      case "×": "$\\times$"
      case "→": "$\\to$"
      case "≈": "$\\approx$"
      case "▲": "$\\uparrow$"
      case "▼": "$\\downarrow$"
      case "◆": "$\\diamond$"
      case "✓": "$\\surd$"
      case "✗": "$\\times$"
      case "\u{202F}": "\\,"
      default: isAllowed(scalar) ? String(scalar) : "\u{FFFD}"
      }
    }.joined()
  }

  private static func oneLine(_ text: String) -> String {
    String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
  }
}
