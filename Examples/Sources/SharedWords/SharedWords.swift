import Hub
import PromptTransfer

/// Says which words two models of the Hugging Face Hub share, without downloading more of them than that takes.
@main
struct SharedWords {
  static func main() async throws {
    let ids = CommandLine.arguments.dropFirst().compactMap(HubID.init)
    guard ids.count == 2 else { return print("usage: SharedWords ORG/MODEL ORG/MODEL") }
    let hub = HubClient(settings: try HubSettings())
    let first = try EmbeddingSpace(folder: await hub.fetch(ids[0], .embeddings).folder)
    let second = try EmbeddingSpace(folder: await hub.fetch(ids[1], .embeddings).folder)
    let shared = try SharedVocabulary(sources: [first], target: second).words
    print("\(first.name) and \(second.name) share \(shared.count) words, such as")
    print(shared.prefix(20).joined(separator: " "))
  }
}
