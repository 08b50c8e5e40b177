import ArgumentParser
import Formats
import Foundation
import PromptTransfer

@main
struct PromptFerry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promptferry",
    abstract: "Carries soft prompts from one language model to another, without labels.",
    discussion: """
      MODEL is a folder in Hugging Face layout, a GGUF file, a model of the Hugging Face Hub (bert-base-cased, org/name, \
      org/name@revision or hf:org/name/file.gguf), or zoo:NAME for one that ships with promptferry.
      FACTS is a folder with train.jsonl, dev.jsonl and test.jsonl, a folder of such folders, one .jsonl file, a .csv or \
      .tsv table with the columns subject and object, or atlas:RELATION for facts that ship with promptferry (atlas: for all of them).
      """,
    version: fullVersion,
    subcommands: [
      TuneCommand.self, TransferCommand.self, DistilCommand.self, EvaluateCommand.self, InspectCommand.self,
      ConvertCommand.self, FetchCommand.self, DemoCommand.self, ExperimentCommand.self,
      ListCommand.self, SessionCommand.self,
    ])

  static func main() async {
    // A reader that goes away is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    _ = Interruption.shared
    MappedFile.sayWhenCutShort()
    do {
      try await run(Array(CommandLine.arguments.dropFirst()))
    } catch {
      ErrorText.exit(error)
    }
  }

  /// Does what a command line says.
  static func run(_ arguments: [String]) async throws {
    var command = try parseAsRoot(Arguments.understood(arguments))
    if command is SessionCommand, Session.current != nil {
      throw TransferError("session", "is no verb of a session")
    }
    if var long = command as? any AsyncParsableCommand {
      try await long.run()
    } else {
      try command.run()
    }
  }
}
