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
    let text = text(error, of: Array(CommandLine.arguments.dropFirst()))
    if !text.isEmpty { StandardError.write(text + "\n") }
    Foundation.exit(status.rawValue)
  }

  /// What is wrong with a command line, or was found on its way.
  static func text(_ error: any Error, of arguments: [String]) -> String {
    if let (place, problem, hint) = parts(error) {
      return "Error: \(place): \(problem)" + (hint.map { ". \($0)" } ?? "")
    }
    let text = unknownOption(error, Arguments.inOurNames(arguments)) ?? PromptFerry.fullMessage(for: error)
    // Nothing in it is from elsewhere but the arguments.
    guard arguments.contains(where: { VisibleText.line($0) != $0 }) else { return text }
    let message = PromptFerry.message(for: error)
    return VisibleText.lines(text.replacing(message, with: VisibleText.line(message, limit: 600)))
  }

  /// The parser says what is missing before it says what is misspelt: the option that was meant, where one is not known.
  private static func unknownOption(_ error: any Error, _ arguments: [String]) -> String? {
    let text = PromptFerry.fullMessage(for: error)
    guard text.contains("Missing expected argument"), let usage = text.range(of: "\nUsage: ")?.lowerBound
    else {
      return nil
    }
    let words = arguments.prefix { !$0.hasPrefix("-") }.prefix(2)
    var types = PromptFerry.configuration.subcommands
    var verb: (any ParsableCommand.Type)?
    for word in words {
      guard let type = types.first(where: { Arguments.name($0) == word }) else { break }
      (verb, types) = (type, type.configuration.subcommands)
    }
    guard let verb else { return nil }
    let help = PromptFerry.helpMessage(for: verb, includeHidden: true)
    let known = Set(help.matches(of: /--[a-z][a-z-]*/).map { String($0.output) })
    let unknown = arguments.filter { $0.hasPrefix("--") && $0.count > 2 }.map {
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

  /// Each cut by itself, so that what is wrong is seen behind the longest path. Nil for errors of the command line.
  static func parts(_ error: any Error) -> (place: String, problem: String, hint: String?)? {
    func cut(_ place: String, _ problem: String, _ hint: String?) -> (String, String, String?) {
      (
        VisibleText.line(place), VisibleText.line(problem, limit: 600),
        hint.map { VisibleText.line($0, limit: 600) }
      )
    }
    switch error {
    case let error as HubError: return cut(error.subject, error.problem, error.hint)
    case is TransferError, is FileError, is TokenizationError, is CocoaError:
      let error = TransferError(error)
      return cut(error.subject, error.problem, error.hint)
    default: return nil
    }
  }
}
