import ArgumentParser
import Foundation
import Hub

struct FetchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch",
    abstract: "Downloads a model from the Hugging Face Hub, or only what transfer needs of it.",
    discussion: """
      Examples:
        promptferry fetch google-bert/bert-base-cased
        promptferry fetch meta-llama/Llama-3.1-70B --embeddings-only
        promptferry fetch hf:org/name/file.gguf

      Every command does so by itself where a MODEL is a Hub id: this is for machines that have no network later, with \
      HF_HUB_OFFLINE=1. The cache is Python's (HF_HOME, HF_HUB_CACHE), the token too (HF_TOKEN, or hf auth login). With \
      --embeddings-only it is the tokenizer, the configuration and the bytes of one tensor.
      """)

  @Argument(
    help: "A model's id: name, org/name or org/name@revision; or a GGUF file: hf:org/name/file.gguf.",
    transform: Self.id)
  var id: HubID
  @Flag(help: "Only the tokenizer, the configuration and the embedding table.") var embeddingsOnly = false
  @OptionGroup var common: CommonOptions

  private static func id(_ argument: String) throws -> HubID {
    if argument.hasPrefix("zoo:") {
      throw ValidationError("models of zoo: ship with promptferry, and there is nothing to fetch")
    }
    guard let id = HubID(argument) else { throw ValidationError("it is no id of the Hub, as org/name is") }
    return id
  }

  struct Result: Encodable {
    let commit, folder, model, revision: String
    let embeddingsOnly: Bool
    let receivedBytes: Int
    let seconds: Double
  }

  func run() async throws {
    let clock = ContinuousClock.now
    let model = try await common.fetch(id, embeddingsOnly ? .embeddings : .model, Interruption.shared)
    let result = Result(
      commit: model.commit, folder: model.folder.path, model: id.repository, revision: id.revision,
      embeddingsOnly: embeddingsOnly, receivedBytes: model.receivedBytes,
      seconds: clock.duration(to: .now) / .seconds(1))
    let megabytes = (Double(result.receivedBytes) / 1e6).formatted(1)
    try common.print(
      result,
      text: """
        \(result.folder)
        \(result.model) at \(result.commit), \
        \(result.receivedBytes == 0 ? "already there" : "\(megabytes) MB in \(result.seconds.formatted(1)) s")
        """)
  }
}
