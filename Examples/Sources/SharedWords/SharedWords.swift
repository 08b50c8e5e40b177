import Hub
import PromptTransfer

/// Says which words two models of the Hugging Face Hub share, without downloading more of them than that takes.
@main
struct SharedWords {
  static func main() async throws {
    let ids = CommandLine.arguments.dropFirst().compactMap(HubID.init)
    guard ids.count == 2 else { return print("usage: SharedWords ORG/MODEL ORG/MODEL") }
    let hub = HubClient(settings: try HubSettings())
    var spaces: [EmbeddingSpace] = []
    for id in ids {
      let model = try await hub.fetch(id, .embeddings)
      spaces.append(try EmbeddingSpace(folder: model.folder))
    }
    let shared = Anchors(spaces.map(\.tokenizer)).words
    print("\(spaces[0].name) and \(spaces[1].name) share \(shared.count) words, such as")
    print(shared.prefix(20).joined(separator: " "))
  }
}
