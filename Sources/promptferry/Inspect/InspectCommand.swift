import ArgumentParser
import Foundation
import PromptTransfer

struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Says what a model or a prompt is; with two models, which words they share.",
    discussion: """
      Examples:
        promptferry inspect zoo:bert-small
        promptferry inspect zoo:bert-small zoo:roberta-small
        promptferry inspect capital.safetensors --model zoo:bert-small

      A prompt is a file of promptferry's, a PEFT adapter's folder, an .npy file or a single tensor of torch.save.
      """)

  @Argument(help: "A model, two models, or a prompt.", completion: .file()) var what: [String]
  @Option(help: "The prompt's model, to name the words nearest to each vector.", completion: .directory)
  var model: String?
  @Option(help: PromptFile.templateHelp) var template: String?
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if !(1...2).contains(what.count) { throw ValidationError("give one model or prompt, or two models") }
  }

  /// Whether it is facts or a task, by its name.
  private static func isData(_ argument: String) -> Bool {
    ["atlas:", "task:"].contains(where: argument.hasPrefix)
      || ([".csv", ".tsv", ".jsonl"].contains(where: argument.lowercased().hasSuffix)
        && FileManager.default.fileExists(atPath: argument))
  }

  func run() async throws {
    let interruption = Interruption.shared
    for argument in what where Self.isData(argument) {
      throw TransferError(
        argument, "is no model and no prompt, which inspect shows",
        hint: "Facts and tasks are asked by evaluate; list relations and list tasks name those that ship")
    }
    var places: [ModelPlace] = []
    for argument in what { places.append(try await common.model(argument, .embeddings, interruption)) }
    if places.count == 2 {
      let card = try PairCard(places[0].embeddingSpace(), places[1].embeddingSpace())
      try common.print(card, text: card.text)
    } else if PromptFile.isPrompt(places[0].folder) {
      var space: EmbeddingSpace?
      if let model { space = try await common.model(model, .embeddings, interruption).embeddingSpace() }
      let card = try PromptCard(
        PromptFile(places[0].folder, template: template.map { try Template($0) }), space)
      try common.print(card, text: card.text)
    } else {
      let card = try ModelCard(places[0])
      try common.print(card, text: card.text)
    }
  }
}
