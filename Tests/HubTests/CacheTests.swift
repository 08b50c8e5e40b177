import Checkpoints
import Foundation
import Hub
import PromptTransfer
import TestSupport
import Testing

/// What a fetch leaves on disk, and what the next one makes of it.
@Suite struct CacheTests {
  private let commit = String(repeating: "a", count: 40)
  private let needed: Set = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]

  @Test func layout() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/tiny")
    let tiny = try HubWorld.tiny()
    var expected = [
      "models--org--tiny/refs/main": commit,
      "models--org--tiny/trees/\(commit).json": "",
      "CACHEDIR.TAG": "",
    ]
    for name in needed {
      let file = try #require(tiny.files[name])
      let hash = file.isLarge ? file.sha256 : file.blob
      expected["models--org--tiny/snapshots/\(commit)/\(name)"] = "-> ../../blobs/\(hash)"
      expected["models--org--tiny/blobs/\(hash)"] = ""
    }
    let tree = try world.tree()
    #expect(Set(tree.keys) == Set(expected.keys))
    for (path, content) in expected where !content.isEmpty { #expect(tree[path] == content) }
    #expect(model.folder.lastPathComponent == commit)
    #expect(try Checkpoint(folder: model.folder).tensorNames.count > 10)
    #expect(try LanguageModel(folder: model.folder).name == "org/tiny")
    let bytes = needed.compactMap { tiny.files[$0]?.content.count }.reduce(0, +)
    #expect(model.receivedBytes == bytes)
  }

  @Test func listingIsWrittenAsPythonWritesIt() async throws {
    let world = try HubWorld()
    var small = HubRepository(commit: "c")
    small.add("config.json", "{}")
    small.add("vocab.txt", "a")
    small.add("model.safetensors", Data([1, 2, 3]))
    small.add("Zür\\ich.txt", "x")
    world.server.set(small, as: "small")
    let model = try await world.fetch("small")
    let text = try String(
      contentsOf: model.folder.appending(path: "../../trees/\(small.commit).json").standardizedFileURL,
      encoding: .utf8)
    func entry(_ name: String) throws -> HubRepository.File { try #require(small.files[name]) }
    #expect(
      text == """
        {
         "format_version": 1,
         "files": {
          "Z\\u00fcr\\\\ich.txt": {
           "size": 1,
           "blob_id": "\(try entry("Zür\\ich.txt").blob)"
          },
          "config.json": {
           "size": 2,
           "blob_id": "\(try entry("config.json").blob)"
          },
          "model.safetensors": {
           "size": 3,
           "blob_id": "\(try entry("model.safetensors").blob)",
           "lfs_sha256": "\(try entry("model.safetensors").sha256)",
           "lfs_size": 3
          },
          "vocab.txt": {
           "size": 1,
           "blob_id": "\(try entry("vocab.txt").blob)"
          }
         }
        }
        """)
  }

  /// A branch costs one question, a commit none, offline none; and nothing is written.
  @Test func whatIsThereIsNotFetchedAgain() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny")
    let before = try world.tree()
    world.server.forget()
    try await world.fetch("org/tiny")
    #expect(world.server.requests.map(\.path) == ["/api/models/org/tiny/revision/main"])
    world.server.forget()
    try await world.fetch("org/tiny@\(commit)")
    try await world.fetch("org/tiny", .model, ["HF_HUB_OFFLINE": "1"])
    #expect(world.server.requests.isEmpty)
    #expect(try world.tree() == before)
  }

  /// As transformers leaves it: without a listing of the repository.
  @Test func aCacheWithoutListingIsRead() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/tiny")
    try FileManager.default.removeItem(at: world.home.url.appending(path: "hub/models--org--tiny/trees"))
    world.server.forget()
    let offline = ["HF_HUB_OFFLINE": "1"]
    #expect(try await world.fetch("org/tiny", .model, offline).folder == model.folder)
    #expect(try await world.fetch("org/tiny@\(commit)").folder == model.folder)
    #expect(world.server.requests.isEmpty)
    try FileManager.default.removeItem(at: model.folder.appending(path: "model.safetensors"))
    #expect(try await world.failure("org/tiny", .model, offline).kind == .offline)
  }

  @Test func withoutLinks() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/tiny", .model, ["HF_HUB_DISABLE_SYMLINKS": "1"])
    let tree = try world.tree()
    #expect(!tree.keys.contains { $0.contains("/blobs/") })
    #expect(!tree.values.contains { $0.hasPrefix("->") })
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: model.folder.path)) == needed)
  }

  /// A cache with links is used by one without, which copies the blobs.
  @Test func linksAndNoLinksMix() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny")
    try FileManager.default.removeItem(
      at: world.home.url.appending(path: "hub/models--org--tiny/snapshots"))
    world.server.forget()
    let model = try await world.fetch("org/tiny", .model, ["HF_HUB_DISABLE_SYMLINKS": "1"])
    #expect(model.receivedBytes == 0)
    #expect(!(try world.tree().values.contains { $0.hasPrefix("->") }))
    #expect(try world.unfinished().isEmpty)
  }

  @Test func aNewCommitFetchesOnlyWhatChanged() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny")
    let next = try HubWorld.tiny(commit: "d", seed: 2)
    world.server.set(next, as: "org/tiny")
    world.server.forget()
    let model = try await world.fetch("org/tiny")
    #expect(model.commit == next.commit)
    #expect(model.receivedBytes == next.files["model.safetensors"]?.content.count)
    #expect(try world.tree()["models--org--tiny/refs/main"] == next.commit)
    #expect(try await world.fetch("org/tiny@\(commit)").commit == commit)
  }

  /// A blob of another size than the Hub's and a link to a blob that is gone are as good as missing.
  @Test func damagedEntriesAreReplaced() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/tiny")
    let before = try world.tree()
    let vocabulary = model.folder.appending(path: "vocab.txt")
    try Data("cut".utf8).write(to: vocabulary.resolvingSymlinksInPath())
    try FileManager.default.removeItem(
      at: model.folder.appending(path: "config.json").resolvingSymlinksInPath())
    try await world.fetch("org/tiny")
    #expect(try world.tree() == before)
  }

  @Test func referencesWithSlashes() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny@refs/pr/1")
    #expect(world.server.requests.first?.path == "/api/models/org/tiny/revision/refs%2Fpr%2F1")
    #expect(try world.tree()["models--org--tiny/refs/refs/pr/1"] == commit)
  }

  /// No locks: each writes files of its own, and whichever is last puts the same in the same place.
  @Test func severalAtOnce() async throws {
    let alone = try HubWorld()
    try await alone.fetch("org/tiny")
    let world = try HubWorld()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<6 { group.addTask { try await world.fetch("org/tiny") } }
      try await group.waitForAll()
    }
    #expect(try world.tree() == alone.tree())
  }

  @Test func pagesRenamesAndTagForms() async throws {
    for form in [HubServer.TagForm.weak, .bare] {
      let world = try HubWorld()
      world.server.setTagForm(form)
      world.server.setPageSize(2)
      world.server.rename("old-name", to: "org/tiny")
      try await world.fetch("old-name")
      #expect(try world.tree().keys.contains("models--old-name/refs/main"))
      #expect(world.server.requests.count { $0.path.contains("/tree/") && $0.path.contains("org/tiny") } == 4)
      try await world.fetch("org/sharded", .embeddings)
    }
  }

  @Test func cacheThatCannotBeWritten() async throws {
    let world = try HubWorld()
    try world.home.write("a file where a folder should be", to: "blocked")
    let error = try await world.failure(
      "org/tiny", .model, ["HF_HUB_CACHE": world.home.url.path + "/blocked/hub"])
    #expect(error.kind == .storage)
  }
}
