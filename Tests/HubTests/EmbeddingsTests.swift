import Foundation
import Hub
import PromptTransfer
import TestSupport
import Testing

/// Only the tokenizer, the configuration and one tensor.
@Suite struct EmbeddingsTests {
  @Test func oneTensorOfAShardedModel() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/sharded", .embeddings)
    let sent = world.server.bytesSent
    #expect(sent <= HubWorld.tableBytes + 2_000_000, "\(sent)")
    #expect(sent >= HubWorld.tableBytes)
    #expect(!world.server.requests.contains { $0.path.contains("00002-of-00002") })

    let space = try EmbeddingSpace(folder: model.folder)
    let whole = try EmbeddingSpace(folder: try await world.fetch("org/sharded").folder)
    #expect(space.name == "org/sharded" && whole.name == "org/sharded")
    #expect(space.table.fingerprint == whole.table.fingerprint)
    #expect(space.table.rows([0, 7, 3999]) == whole.table.rows([0, 7, 3999]))
  }

  /// The shared cache gets nothing: a part of a file must not have a blob's name.
  @Test func keptApart() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/sharded", .embeddings)
    #expect(try world.tree().isEmpty)
    #expect(model.folder.path.hasPrefix(world.home.url.path + "/assets/promptferry/embeddings/"))
    world.server.forget()
    try await world.fetch("org/sharded", .embeddings)
    #expect(world.server.requests.count == 1)
    let offline = ["HF_HUB_OFFLINE": "1"]
    #expect(try await world.fetch("org/sharded", .embeddings, offline).folder == model.folder)
    #expect(try await world.failure("org/sharded", .model, offline).kind == .offline)
  }

  @Test func aWholeModelThatIsThereWillDo() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/sharded")
    world.server.forget()
    #expect(try await world.fetch("org/sharded", .embeddings).folder == model.folder)
    #expect(world.server.requests.count == 1)
  }

  /// A header longer than the first guess is fetched in two pieces.
  @Test func longHeaders() async throws {
    let world = try HubWorld()
    var repository = try HubWorld.tiny()
    let zeros = [UInt8](repeating: 0, count: 4)
    let many = (0..<3000).map { (String(format: "layer.%06d.weight", $0), "F32", [1, 1], zeros) }
    let words = (
      "bert.embeddings.word_embeddings.weight", "F32", [HubWorld.vocabulary.count, 8],
      [UInt8](repeating: 63, count: HubWorld.vocabulary.count * 32)
    )
    repository.add("model.safetensors", RawSafetensors.file(many + [words]))
    world.server.set(repository, as: "long")
    let model = try await world.fetch("long", .embeddings)
    #expect(try EmbeddingSpace(folder: model.folder).table.rowCount == HubWorld.vocabulary.count)
  }

  @Test func aServerWithoutRangesSendsTheWholeShard() async throws {
    let world = try HubWorld()
    world.server.fail("/storage/", .ignoreRange)
    let model = try await world.fetch("org/sharded", .embeddings)
    #expect(
      world.notes == [
        "The server does not send parts of files: fetching the whole of "
          + "org/sharded/model-00001-of-00002.safetensors instead."
      ])
    #expect(try EmbeddingSpace(folder: model.folder).table.rowCount == HubWorld.rows)
    #expect(!world.server.requests.contains { $0.path.contains("00002-of-00002") })
    #expect(try world.tree("assets").keys.allSatisfy { !$0.hasSuffix("model.safetensors") })
  }

  @Test func brokenOffAndContinued() async throws {
    let world = try HubWorld()
    world.server.fail("/storage/", .truncate(100_000), .truncate(300_000), .drop, .status(503))
    let model = try await world.fetch("org/sharded", .embeddings)
    let other = try HubWorld()
    let whole = try await other.fetch("org/sharded")
    #expect(
      try EmbeddingSpace(folder: model.folder).table.fingerprint
        == EmbeddingSpace(folder: whole.folder).table.fingerprint)
    #expect(world.server.bytesSent <= HubWorld.tableBytes + 500_000)
  }

  @Test func onlyPyTorchWeights() async throws {
    let world = try HubWorld()
    var repository = try HubWorld.tiny()
    repository.files["model.safetensors"] = nil
    world.server.set(repository, as: "org/old")
    let model = try await world.fetch("org/old", .embeddings)
    #expect(world.notes == ["org/old has no safetensors: fetching whole files to read its embedding table."])
    #expect(FileManager.default.fileExists(atPath: model.folder.appending(path: "pytorch_model.bin").path))
  }
}
