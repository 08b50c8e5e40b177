import Foundation

/// Why a tokenizer's files cannot be used.
///
/// Everything that reads files throws this one error. Text makes a tokenizer throw only where its file has a regular
/// expression that does not come to an end on it.
public struct TokenizationError: Error, Equatable, Sendable {
  /// The file's path, or the folder's where a file is missing.
  public let file: String
  /// Where in the file, as `model.vocab` or `line 7`; nil for the file as a whole.
  public let field: String?
  public let expected: String
  public let found: String
  /// What to do about it.
  public let hint: String?

  init(file: String, field: String? = nil, expected: String, found: String, hint: String? = nil) {
    self.file = file
    self.field = field
    self.expected = expected
    self.found = found
    self.hint = hint
  }
}

extension TokenizationError: CustomStringConvertible, LocalizedError {
  /// One line: `tokenizer.json: model.type: expected …, found …; hint`.
  public var description: String {
    let place = field.map { "\(file): \($0)" } ?? file
    let text = "\(place): expected \(expected), found \(found)" + (hint.map { "; \($0)" } ?? "")
    return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }

  public var errorDescription: String? { description }
}
