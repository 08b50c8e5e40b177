import Formats
import Foundation
import TestSupport
import Testing

/// Hub ids wherever a MODEL is asked for.
@Suite struct HubCommandTests {
  private let world: World
  private let server: HubServer
  private let commit = String(repeating: "a", count: 40)

  init() throws {
    world = try World()
    server = try HubServer()
    for name in ["model", "other"] {
      var repository = HubRepository()
      try repository.add(folder: world.folder.url.appending(path: name))
      server.set(repository, as: "org/\(name)")
    }
  }

  private func run(
    _ arguments: [String], signal: Command.Signal? = nil
  ) throws -> Command.Outcome {
    let environment = [
      "HF_HOME": world.folder.url.path + "/hf", "HF_ENDPOINT": server.endpoint, "HF_HUB_OFFLINE": "0",
    ]
    return try Command.run(
      arguments, in: world.folder.url, environment: environment, signal: signal)
  }

  private func json(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> JSON
  {
    let outcome = try run(arguments + ["--json", "--quiet"])
    #expect(
      outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)", sourceLocation: sourceLocation)
    return try JSON.parse(Data(outcome.output.utf8))
  }

  /// The names of all files in the caches.
  private var cached: [String] {
    let names = FileManager.default.enumerator(atPath: world.folder.url.path + "/hf")?.allObjects ?? []
    return names.compactMap { $0 as? String }
  }

  @Test func fetch() throws {
    let first = try json("fetch", "org/model")
    #expect(first["commit"]?.string == commit && first["embeddingsOnly"]?.bool == false)
    #expect(first["model"]?.string == "org/model" && first["revision"]?.string == "main")
    #expect(first["receivedBytes"]?.int ?? 0 > 1000)
    #expect(try json("fetch", "org/model@\(commit)")["receivedBytes"]?.int == 0)
    #expect(try run(["fetch", "org/model"]).output.hasSuffix("org/model at \(commit), already there\n"))
    let table = try json("fetch", "org/other", "--embeddings-only")
    #expect(table["folder"]?.string?.contains("/assets/promptferry/embeddings/") == true)
    #expect(!cached.contains { $0.contains("hub/models--org--other") })
  }

  @Test func listOfTheCache() throws {
    let none = try run(["list", "cache"])
    #expect(none.status == 0 && none.errors.isEmpty)
    #expect(
      none.output
        == "\(world.folder.url.path)/hf/hub: holds no complete model of the Hub. promptferry fetch org/name downloads one\n"
    )
    #expect(try json("list", "cache").array?.isEmpty == true)
    let fetched = try json("fetch", "org/model")
    _ = try json("fetch", "org/other@\(commit)", "--embeddings-only")
    var gguf = HubRepository(commit: "d")
    gguf.add("one.gguf", Data(repeating: 1, count: 2_000_000), isLarge: true)
    server.set(gguf, as: "org/files")
    _ = try run(["fetch", "hf:org/files/one.gguf"])
    let models = try #require(try json("list", "cache").array)
    #expect(
      models.map { $0["name"]?.string }
        == ["hf:org/files/one.gguf", "org/model", "org/other@\(commit)"])
    #expect(models.map { $0["embeddingsOnly"]?.bool } == [false, false, true])
    #expect(models[0]["bytes"]?.int == 2_000_000)
    for key in ["model", "revision", "commit", "folder"] {
      #expect(models[1][key]?.string == fetched[key]?.string)
    }
    #expect(models[1]["bytes"]?.int == fetched["receivedBytes"]?.int)
    let lines = try run(["list", "cache"]).output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasSuffix("  2.0 MB, whole, commit dddddddddddd"))
    #expect(lines[1].wholeMatch(of: /org\/model +[0-9.]+ MB, whole, commit aaaaaaaaaaaa/) != nil)
    #expect(lines[2].hasSuffix(" MB, embeddings only, for transfer and inspect"))
    // Elsewhere there is another cache, with our tables where they were.
    let elsewhere = try Command.run(
      ["list", "cache", "--json"], in: world.folder.url,
      environment: [
        "HF_HOME": world.folder.url.path + "/hf", "HF_HUB_CACHE": world.folder.url.path + "/elsewhere",
      ])
    #expect(try JSON.parse(Data(elsewhere.output.utf8)).array?.count == 1)
  }

  @Test func thePipelineOnHubModels() throws {
    _ = try json(
      "tune", "--model", "org/model", "--facts", "facts", "--epochs", "1", "-o", "p.safetensors")
    let result = try json(
      "transfer", "--from", "org/model=p.safetensors", "--to", "org/other@main", "-o", "q.safetensors")
    #expect(result["target"]?.string == "org/other")
    #expect(!cached.contains { $0.contains("hub/models--org--other") })
    let card = try json("inspect", "q.safetensors", "--model", "org/other")
    #expect(card["model"]?.string == "org/other")
    #expect(card["provenance"]?["modelCommit"]?.string == commit)
    #expect(try json("inspect", "org/model", "org/other")["sharedWords"]?.int ?? 0 >= 8)
    #expect(try json("inspect", "org/other")["network"] == nil)
    _ = try json("evaluate", "--model", "org/other", "--prompt", "q.safetensors", "--facts", "facts")
    #expect(try json("inspect", "org/other")["embeddingRows"]?.int == World.words.count + 5)
    // The same table, whole or not: the local folder's prompt is the Hub model's.
    _ = try json("evaluate", "--model", "other", "--prompt", "q.safetensors", "--facts", "facts")
  }

  @Test(arguments: [
    (["fetch", "org/nothing"], "org/nothing: is not on the Hub, or is private"),
    (
      ["evaluate", "--model", "modle", "--template", "[X] [Y]", "--facts", "facts"],
      "modle: is no folder here; as a Hub id: is not on the Hub"
    ),
    (["inspect", "missing.safetensors"], "missing.safetensors: is not there"),
    (["inspect", "./missing"], "missing: is not there"),
  ])
  func whatIsNowhere(_ arguments: [String], _ message: String) throws {
    let outcome = try run(arguments)
    #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome.errors)")
    #expect(!outcome.errors.trimmingCharacters(in: .newlines).contains("\n"))
  }

  @Test func anIdThatIsNone() throws { #expect(try run(["fetch", "a//b"]).status == 64) }

  @Test func aFolderComesFirst() throws {
    _ = try json("inspect", "model", "other")
    #expect(server.requests.isEmpty)
  }

  /// Whether the large file is on its way, and a file whose name ends so is there.
  private func isStalled(_ ending: String) -> Bool {
    server.requests.contains { $0.isStorage } && cached.contains { $0.hasSuffix(ending) }
  }

  @Test func killed() throws {
    server.fail("/storage/", .stall(1000))
    let killed = try run(
      ["fetch", "org/model"], signal: Command.Signal(SIGKILL) { _ in isStalled(".incomplete") })
    #expect(killed.status == 128 + SIGKILL)
    let left = cached
    #expect(left.contains { $0.hasSuffix(".incomplete") })
    #expect(!left.contains { $0.hasSuffix("/model.safetensors") })
    let outcome = try run(["fetch", "org/model"])
    #expect(outcome.status == 0, "\(outcome.errors)")
  }

  @Test func interrupted() throws {
    server.fail("/storage/", .stall(1000))
    let outcome = try run(
      ["fetch", "org/model"], signal: Command.Signal(SIGINT) { _ in isStalled("/vocab.txt") })
    #expect(outcome.status == 130)
    #expect(outcome.errors.hasSuffix("Interrupted: what was complete is kept.\n"))
    #expect(!cached.contains { $0.hasSuffix(".incomplete") })
    #expect(cached.contains { $0.hasSuffix("/vocab.txt") })
  }

  /// Of a redirect nothing is seen before its body's end on Linux, and where that never comes no other request gets on. Its head is
  /// waited for no longer than a request's own time.
  @Test(arguments: ["/revision/", "/resolve/"]) func redirectsWithoutEnd(_ path: String) throws {
    server.fail(path, .endless(302, ["Location": "/x"]))
    let outcome = try Command.run(
      ["fetch", "org/model"], in: world.folder.url,
      environment: [
        "HF_HOME": world.folder.url.appending(path: "endless").path, "HF_ENDPOINT": server.endpoint,
        "HF_HUB_OFFLINE": "0", "HF_HUB_ETAG_TIMEOUT": "1", "HF_HUB_DOWNLOAD_TIMEOUT": "1",
      ], timeout: 20)
    #expect(outcome.status == 1 && outcome.errors.contains("next to nothing came"), "\(outcome)")
  }
}
