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
    let text = unknownOption(error) ?? PromptFerry.fullMessage(for: error)
    // Nothing in it is from elsewhere but the arguments.
    guard CommandLine.arguments.contains(where: { VisibleText.line($0) != $0 }) else { return text }
    let message = PromptFerry.message(for: error)
    return VisibleText.lines(text.replacing(message, with: VisibleText.line(message, limit: 600)))
  }

  /// The parser says what is missing before it says what is misspelt: the option that was meant, where one is not known.
  private static func unknownOption(_ error: any Error) -> String? {
    let text = PromptFerry.fullMessage(for: error)
    guard text.contains("Missing expected argument"), let usage = text.range(of: "\nUsage: ")?.lowerBound
    else {
      return nil
    }
    let words = Arguments.given.prefix { !$0.hasPrefix("-") }.prefix(2)
    var types = PromptFerry.configuration.subcommands
    var verb: (any ParsableCommand.Type)?
    for word in words {
      guard let type = types.first(where: { Arguments.name($0) == word }) else { break }
      (verb, types) = (type, type.configuration.subcommands)
    }
    guard let verb else { return nil }
    let help = PromptFerry.helpMessage(for: verb, includeHidden: true)
    let known = Set(help.matches(of: /--[a-z][a-z-]*/).map { String($0.output) })
    let unknown = Arguments.given.filter { $0.hasPrefix("--") && $0.count > 2 }.map {
      String($0.prefix { $0 != "=" })
    }
    .first { !known.contains($0) }
    guard let unknown else { return nil }
    let near = known.sorted().min { Arguments.distance($0, unknown) < Arguments.distance($1, unknown) }
    let meant =
      near.flatMap {
        Arguments.distance($0, unknown) <= max(2, $0.count / 3) ? " Did you mean '\($0)'?" : nil
      } ?? ""
    return "Error: Unknown option '\(VisibleText.line(unknown, limit: 60))'.\(meant)" + text[usage...]
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
