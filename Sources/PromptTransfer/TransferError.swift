import Formats
import Foundation
import Tokenization

/// What is wrong with a file, an example, a template, a prompt or a combination of models, and what to do about it.
///
/// The asynchronous calls, and those that open models, prompts and data, throw nothing else, but for `CancellationError`.
public struct TransferError: Error, Equatable, CustomStringConvertible, LocalizedError {
  /// The file, model or argument concerned.
  public let subject: String
  public let problem: String
  public let hint: String?

  public init(_ subject: String, _ problem: String, hint: String? = nil) {
    self.subject = subject
    self.problem = problem
    self.hint = hint
  }

  public var description: String { "\(subject): \(problem)" + (hint.map { ". " + $0 } ?? "") }
  public var errorDescription: String? { description }
}

extension TransferError {
  /// What another module or the system says of a file, in this form.
  public init(_ error: any Error) {
    switch error {
    case let error as TransferError: self = error
    case let error as FileError:
      self.init(
        error.file + (error.item.map { ": \($0)" } ?? ""), error.problem, hint: error.hint)
    case let error as TokenizationError:
      self.init(
        error.file + (error.field.map { ": \($0)" } ?? ""),
        Self.oneLine("expected \(error.expected), found \(error.found)"), hint: error.hint.map(Self.oneLine))
    default:
      let system = error as NSError
      let path = system.userInfo[NSFilePathErrorKey] as? String
      self.init(path ?? "system", system.localizedDescription)
    }
  }

  /// What files hold may stand in a message: without line breaks and other control characters.
  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
  }

  /// Runs `body`; whatever it throws is thrown as `TransferError`.
  static func unify<Value>(_ body: () throws -> Value) throws(TransferError) -> Value {
    do {
      return try body()
    } catch {
      throw TransferError(error)
    }
  }
}

extension Tokenizer {
  /// `encode` without special tokens, `singleToken` and `words`, with this module's error.
  func ids(_ text: String) throws(TransferError) -> [Int] {
    try TransferError.unify { try encode(text, addingSpecialTokens: false) }
  }

  func continuationPieces(_ text: String) throws(TransferError) -> [(id: Int, piece: Int)] {
    try TransferError.unify { try continuation(text) }
  }

  func token(ofWord word: String) throws(TransferError) -> Int? {
    try TransferError.unify { try singleToken(word) }
  }

  func wholeWords() throws(TransferError) -> [String] { try TransferError.unify { try words() } }
}
