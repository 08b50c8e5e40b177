import Foundation

/// What is wrong with facts, templates, prompts or a combination of models, and what to do about it.
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
