/// Text of files, arguments and servers, made safe to show: what would steer a terminal, turn the order of what is read or begin a
/// line of its own is written out as `\n` or `\u{1b}`, and what is long is cut in its middle.
package enum VisibleText {
  /// As one line.
  /// - Parameter limit: how many characters are shown at most
  package static func line(_ text: String, limit: Int = 300) -> String {
    let cut = cut(text, limit)
    guard cut.unicodeScalars.contains(where: steers) else { return cut }
    var result = ""
    for scalar in cut.unicodeScalars {
      if steers(scalar) { result += spelling(scalar) } else { result.unicodeScalars.append(scalar) }
    }
    return result
  }

  /// As many lines as it has.
  package static func lines(_ text: String, limit: Int = 4096) -> String {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line(String($0), limit: limit) }.joined(separator: "\n")
  }

  /// JSON text, in which all but line feeds can only stand within strings, and may be escaped there.
  package static func json(_ text: String) -> String {
    func isEscaped(_ scalar: Unicode.Scalar) -> Bool { scalar != "\n" && steers(scalar) }
    guard text.unicodeScalars.contains(where: isEscaped) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      guard isEscaped(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      for unit in UTF16.encode(scalar) ?? .init() {
        let digits = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return result
  }

  /// Controls (C0, DEL, C1), what changes the direction of writing, separators of lines, and tags that nobody sees.
  package static func steers(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E: false
    case 0...0x9F, 0x2028, 0x2029, 0xE0000...0xE007F: true
    default: scalar.properties.isBidiControl
    }
  }

  private static func spelling(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    default: "\\u{\(String(scalar.value, radix: 16))}"
    }
  }

  /// Two thirds of its beginning and a third of its end.
  private static func cut(_ text: String, _ limit: Int) -> String {
    let scalars = text.unicodeScalars
    guard text.utf8.count > limit, scalars.count > limit else { return text }
    let tail = limit / 3
    return String(scalars.prefix(limit - tail - 1)) + "…" + String(scalars.suffix(tail))
  }
}
