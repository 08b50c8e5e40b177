import Foundation
import Hub
import TestSupport
import Testing

/// What is listed of the caches, without asking the Hub.
@Suite struct CachedModelTests {
  private let commit = String(repeating: "a", count: 40)

  private func list(_ world: HubWorld) throws -> [String] {
    world.server.forget()
    let models = try world.hub().cachedModels()
    #expect(world.server.requests.isEmpty)
    return models.map { "\($0.id) \($0.commit.prefix(1)) \($0.part) \($0.bytes)" }
  }

  @Test func nothing() throws { #expect(try list(HubWorld()) == []) }

  /// Every one is what `fetch` finds offline under its id, and as many bytes as are there.
  @Test func wholeModelsAndTables() async throws {
    let world = try HubWorld()
    let whole = try await world.fetch("org/tiny")
    let table = try await world.fetch("org/sharded", .embeddings)
    // No reference means this commit.
    world.server.set(try HubWorld.tiny(commit: "c", seed: 2), as: "org/tiny")
    let other = String(repeating: "c", count: 40)
    let second = try await world.fetch("org/tiny@\(other)", .embeddings)
    let own = try Self.bytes(below: table.folder)
    #expect(
      try list(world) == [
        "org/sharded b embeddings \(own)", "org/tiny a model \(whole.receivedBytes)",
        "org/tiny@\(other) c embeddings \(try Self.bytes(below: second.folder))",
      ])
    #expect(own > HubWorld.tableBytes)
    for model in try world.hub().cachedModels() {
      let found = try await world.fetch("\(model.id)", model.part, ["HF_HUB_OFFLINE": "1"])
      #expect(found.folder.path == model.folder.path && found.commit == model.commit)
    }
  }

  @Test func aTagIsNamedAndMainComesFirst() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny@refs/pr/1")
    #expect(try list(world).map { $0.prefix { $0 != " " } } == ["org/tiny@refs/pr/1"])
    try await world.fetch("org/tiny")
    #expect(try list(world).map { $0.prefix { $0 != " " } } == ["org/tiny"])
  }

  /// A table whose revision the shared cache has at another commit is named by its own.
  @Test func aRevisionMeansTheSharedCachesCommit() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny", .embeddings)
    world.server.set(try HubWorld.tiny(commit: "c", seed: 2), as: "org/tiny")
    try await world.fetch("org/tiny")
    let names = try list(world).map { $0.split(separator: " ").dropLast().joined(separator: " ") }
    #expect(names == ["org/tiny c model", "org/tiny@\(commit) a embeddings"])
  }

  /// What lacks a file, or has it in another length than the Hub said, cannot be used.
  @Test(arguments: ["vocab.txt", "model.safetensors"]) func incomplete(_ name: String) async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/tiny")
    let file = model.folder.appending(path: name)
    try FileManager.default.removeItem(at: file)
    #expect(try list(world) == [])
    try Data("x".utf8).write(to: file)
    #expect(try list(world) == [])
  }

  /// As Python's client leaves one that has fetched the first shard alone: what transfer needs is there.
  @Test func shards() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/sharded")
    #expect(try list(world).map { $0.split(separator: " ")[2] } == ["model"])
    try FileManager.default.removeItem(at: model.folder.appending(path: "model-00002-of-00002.safetensors"))
    #expect(try list(world).map { $0.split(separator: " ")[2] } == ["embeddings"])
    try FileManager.default.removeItem(at: model.folder.appending(path: "model-00001-of-00002.safetensors"))
    #expect(try list(world) == [])
  }

  @Test func ggufFiles() async throws {
    let world = try HubWorld()
    var repository = HubRepository(commit: "d")
    repository.add("q4/one.gguf", Data(repeating: 1, count: 300), isLarge: true)
    repository.add("two.GGUF", Data(repeating: 2, count: 500), isLarge: true)
    world.server.set(repository, as: "org/files")
    try await world.fetch("hf:org/files/q4/one.gguf")
    #expect(try list(world) == ["org/files/q4/one.gguf d model 300"])
    try await world.fetch("hf:org/files/two.GGUF")
    #expect(try list(world) == ["org/files/q4/one.gguf d model 300", "org/files/two.GGUF d model 500"])
  }

  /// A cache made by hand, without listings, as older clients leave it: files in place of links, one of them twice, and things that
  /// are no models.
  @Test func otherHands() async throws {
    let world = try HubWorld()
    let model = try await world.fetch("org/tiny")
    let hub = world.home.url.appending(path: "hub")
    let place = hub.appending(path: "models--org--copy/snapshots/\(commit)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    var bytes = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: model.folder.path) {
      let data = try Data(contentsOf: model.folder.appending(path: name))
      try data.write(to: place.appending(path: name))
      bytes += data.count
    }
    #expect(link(place.path + "/vocab.txt", place.path + "/again.txt") == 0)
    #expect(symlink("nowhere", place.path + "/gone.txt") == 0)
    for name in [
      "datasets--org--x/snapshots/\(commit)", "models--org--..--x/snapshots/\(commit)",
      "models--org--none/snapshots/main", "models--org--none/refs", ".locks",
    ] {
      try FileManager.default.createDirectory(
        at: hub.appending(path: name), withIntermediateDirectories: true)
    }
    try FileManager.default.removeItem(at: hub.appending(path: "models--org--tiny"))
    #expect(try list(world) == ["org/copy@\(commit) a model \(bytes)"])
  }

  @Test func aCacheThatIsNone() throws {
    let world = try HubWorld()
    try world.home.write("x", to: "hub")
    let error = try #require(throws: HubError.self) { try world.hub().cachedModels() }
    #expect(error.kind == .storage && error.subject.hasSuffix("/hub"))
  }

  private static func bytes(below folder: URL) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .reduce(0) { $0 + (try Data(contentsOf: folder.appending(path: $1)).count) }
  }
}
