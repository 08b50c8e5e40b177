import Formats
import Foundation

/// What is put where something else belongs, and the commands that tries are made of.
extension Attack {
  /// Numbers near the limits of all that a number may go into.
  static let numbers = [
    "-1", "0", "1", "2", "255", "65536", "2147483647", "2147483648", "4294967295", "4294967296", "4294967297",
    "4611686018427387904", "9007199254740993", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1e308", "1e309", "-1e309",
    "1e-320", "0.5", "-0.0", "NaN", "Infinity", "-Infinity", "1e5", "1e19",
    "99999999999999999999999999999999999999999",
  ]
  static let values = numbers + ["null", "true", "\"7\"", "[]", "{}", "\"\"", "[[[[[[[[[[1]]]]]]]]]]"]

  static let words =
    [
      512, 1024, 2048, 3, 0, 1, 255, .max, .max - 1, 1 << 63, 1 << 62, 1 << 61, 1 << 40, 1 << 32,
      (1 << 32) - 1,
      (1 << 31) - 1, 1 << 31,
    ] as [UInt64]

  /// Without a NUL, which no argument can hold.
  static let texts = [
    HostileTextTests.evil, String(repeating: "y", count: 100_000),
    "a" + String(repeating: "\u{301}", count: 20_000),
    "\u{202E}gpj.exe", "../../escaped", "/tmp/../escaped", "..", ".", "~", "-", "--help", "--", "-o", "",
    " ", "\n", "\r\nError: forged", "=1+1", "@SUM(1)", "+1", "-1+1", "<script>alert(1)</script>", "|x|*y*",
    "%s%n%x%99999d", "$(touch ../escaped)", "`touch ../escaped`", "[V]", "[X] [X]", "[Y]",
    "[V]*99999999999999999999",
    "[V1] [V3]", "\u{FEFF}", "\u{E0041}\u{200D}\u{1F600}", "\u{FFFE}\u{FFFF}", "a=b=c@d@e", "zoo:", "atlas:",
    "task:",
    "hf:", "hf:a/b/c/d", "org/..", "org/name@../../x", "file:///etc/passwd", "http://a:secret@b/", "a\u{0}b",
    String(repeating: "a/", count: 2000), String(repeating: "🇫", count: 500), "con", "*", "?", "{}", "\\",
    "'\"",
  ]

  static func quoted(_ text: String) -> String {
    // As a string within JSON text.
    String(decoding: JSON.string(text).text, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  static let ask = ["evaluate", "--model", "model", "--template", "[X] is [Y]", "--facts"]
  static let tune = ["tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "q"]
  static let carry = ["transfer", "--from", "model=p", "--to", "other", "-o", "q"]

  static func write(_ text: String, _ path: String) -> @Sendable (URL) throws -> Void {
    { try Data(text.utf8).write(to: $0.appending(path: path)) }
  }
}
