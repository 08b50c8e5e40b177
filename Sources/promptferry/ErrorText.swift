import ArgumentParser
import Formats
import Foundation
import Hub
import PromptTransfer
import Tokenization

/// How errors are shown: what is wrong in one line, and how the command is used where it was used wrongly.
enum ErrorText {
  /// Shows the error and ends the process with its status.
  static func exit(_ error: any Error) -> Never {
    let status = PromptFerry.exitCode(for: error)
    guard !status.isSuccess else { PromptFerry.exit(withError: error) }
    let text = text(error)
    if !text.isEmpty { StandardError.write(text + "\n") }
    Foundation.exit(status.rawValue)
  }

  private static func text(_ error: any Error) -> String {
    if let line = line(error) { return "Error: " + line }
    let text = PromptFerry.fullMessage(for: error)
    // Nothing in it is from elsewhere but the arguments.
    guard CommandLine.arguments.contains(where: { VisibleText.line($0) != $0 }) else { return text }
    let message = PromptFerry.message(for: error)
    return VisibleText.lines(text.replacing(message, with: VisibleText.line(message, limit: 600)))
  }

  /// Each of its parts cut by itself, so that what is wrong is seen behind the longest path. Nil for errors of the command line.
  private static func line(_ error: any Error) -> String? {
    let parts: (subject: String, problem: String, hint: String?)
    switch error {
    case is ExitCode, is ValidationError, is CleanExit: return nil
    case let error as HubError: parts = (error.subject, error.problem, error.hint)
    case is TransferError, is FileError, is TokenizationError, is CocoaError:
      let error = TransferError(error)
      parts = (error.subject, error.problem, error.hint)
    default: return nil
    }
    return VisibleText.line(parts.subject) + ": " + VisibleText.line(parts.problem, limit: 600)
      + (parts.hint.map { ". " + VisibleText.line($0, limit: 600) } ?? "")
  }
}
