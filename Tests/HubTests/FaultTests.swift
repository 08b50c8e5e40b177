import Foundation
import Hub
import TestSupport
import Testing

/// What goes wrong on the way and what the user sees of it. `docs/hub.md` has this table; with
/// `PROMPTFERRY_WRITE_DOCS=1` it is written.
@Suite struct FaultTests {
  struct Case: Sendable {
    let what: String
    var id = "org/tiny"
    var part = HubPart.model
    var environment: [String: String] = [:]
    /// Whether the model is in the cache already.
    var isCached = false
    /// How often each fault comes; as often as asked where it never ends.
    var faults: [(path: String, fault: HubServer.Fault, count: Int)] = []
    /// Whether a model comes of it in the end.
    let succeeds: Bool
  }

  static let weights = "model.safetensors"
  static let file = "/resolve/\(String(repeating: "a", count: 40))/vocab.txt"

  static let cases: [Case] = [
    Case(what: "the connection is dropped twice", faults: [(file, .drop, 2)], succeeds: true),
    Case(what: "the connection is always dropped", faults: [(file, .drop, 9)], succeeds: false),
    Case(
      what: "the body ends early, twice", faults: [("/storage/", .truncate(2000), 2)], succeeds: true),
    Case(what: "the body always ends early", faults: [(file, .truncate(0), 9)], succeeds: false),
    Case(
      what: "nothing comes any more, once", faults: [("/storage/", .stall(2000), 1)], succeeds: true),
    Case(what: "the bytes come slowly", faults: [(file, .trickle(10, seconds: 0.05), 1)], succeeds: true),
    Case(what: "the bytes are wrong once", faults: [("/storage/", .wrongBytes, 1)], succeeds: true),
    Case(what: "the bytes are always wrong", faults: [(file, .wrongBytes, 9)], succeeds: false),
    Case(what: "more bytes come than the Hub said", faults: [(file, .tooMuch, 9)], succeeds: false),
    Case(
      what: "the rest of a broken body is answered with the whole",
      faults: [("/storage/", .truncate(2000), 1), ("/storage/", .ignoreRange, 1)], succeeds: true),
    Case(
      what: "ranges are ignored, embeddings only", part: .embeddings,
      faults: [("/storage/", .ignoreRange, 1)], succeeds: true),
    Case(
      what: "500, then 502, then 503",
      faults: [(file, .status(500), 1), (file, .status(502), 1), (file, .status(503), 1)], succeeds: true),
    Case(what: "503 all the time", faults: [("/revision/", .status(503), 9)], succeeds: false),
    Case(
      what: "503 all the time, but the model is in the cache", isCached: true,
      faults: [("/revision/", .status(503), 9)], succeeds: true),
    Case(
      what: "the rate limit is reached for 55 s",
      faults: [(file, .status(429, ["RateLimit": "\"resolvers\";r=0;t=55"]), 1)], succeeds: true),
    Case(
      what: "429 with Retry-After: 7", faults: [(file, .status(429, ["Retry-After": "7"]), 1)],
      succeeds: true),
    Case(
      what: "the rate limit is reached for an hour",
      faults: [("/revision/", .status(429, ["RateLimit": "\"api\";r=0;t=3600"]), 1)], succeeds: false),
    Case(
      what: "the signed address of a large file has run out", faults: [("/storage/", .status(403), 1)],
      succeeds: true),
    Case(what: "the repository is gated", id: "org/gated", succeeds: false),
    Case(
      what: "the repository is gated, with a token that may not", id: "org/gated",
      environment: ["HF_TOKEN": "hf_other"], succeeds: false),
    Case(what: "the repository is private or not there", id: "org/nothing", succeeds: false),
    Case(
      what: "the token is not valid", environment: ["HF_TOKEN": "hf_bad"],
      faults: [
        ("/revision/", .status(401, ["X-Error-Message": "Invalid credentials in Authorization header"]), 1)
      ], succeeds: false),
    Case(what: "the revision is not there", id: "org/tiny@v9", succeeds: false),
    Case(
      what: "the revision is not there, but another is in the cache", id: "org/tiny@v9", isCached: true,
      succeeds: false),
    Case(what: "nobody listens", environment: ["HF_ENDPOINT": "http://127.0.0.1:9"], succeeds: false),
    Case(
      what: "nobody listens, but the model is in the cache",
      environment: ["HF_ENDPOINT": "http://127.0.0.1:9"], isCached: true, succeeds: true),
    Case(
      what: "the host is not known", environment: ["HF_ENDPOINT": "http://no-such-host.invalid"],
      succeeds: false),
    Case(what: "a login page answers", faults: [("/revision/", .portal, 9)], succeeds: false),
    Case(
      what: "the server sends a file of another commit", faults: [(file, .otherCommit, 1)], succeeds: false),
    Case(
      what: "a redirect goes round in circles",
      faults: [("/revision/", .status(302, ["Location": "/api/models/org/tiny/revision/main"]), 99)],
      succeeds: false),
    Case(what: "offline, not in the cache", environment: ["HF_HUB_OFFLINE": "1"], succeeds: false),
    Case(
      what: "offline, in the cache", environment: ["HF_HUB_OFFLINE": "1"], isCached: true, succeeds: true),
    Case(what: "the repository holds another format", id: "org/gguf", succeeds: false),
  ]

  /// What the user sees: notes on the way and the error, with this run's ports and hashes made general.
  private static func outcome(_ fault: Case) async throws -> String {
    let world = try HubWorld()
    var gated = try HubWorld.tiny()
    gated.isGated = true
    world.server.set(gated, as: "org/gated")
    var other = HubRepository()
    other.add("config.json", "{}")
    other.add("tokenizer.json", "{}")
    other.add("model.gguf", "x")
    world.server.set(other, as: "org/gguf")
    if fault.isCached { try await world.fetch("org/tiny") }
    for (path, kind, count) in fault.faults { for _ in 0..<count { world.server.fail(path, kind) } }
    var seen: [String] = []
    do {
      let model = try await world.fetch(fault.id, fault.part, fault.environment)
      #expect(fault.succeeds, "\(fault.what)")
      if fault.part == .model {
        let files = try HubWorld.tiny().files
        for name in ["config.json", "vocab.txt", weights] {
          #expect(
            try Data(contentsOf: model.folder.appending(path: name)) == files[name]?.content, "\(fault.what)")
        }
      }
    } catch let error as HubError {
      #expect(!fault.succeeds, "\(fault.what): \(error)")
      seen.append("**error:** \(error)")
    }
    #expect(try world.unfinished().isEmpty, "\(fault.what)")
    seen.insert(contentsOf: world.notes, at: 0)
    if fault.succeeds { seen.append("the model") }
    let long = world.pauses.filter { $0 > .seconds(8) }
    #expect(long.isEmpty || fault.what.contains("rate limit"), "\(fault.what)")
    return seen.joined(separator: "; ")
      .replacing(world.server.endpoint, with: "http://hub").replacing("127.0.0.1", with: "hub")
      .replacing("localhost", with: "storage")
      .replacing(String(repeating: "a", count: 40), with: "aaaa…")
      .replacing(String(repeating: "f", count: 40), with: "ffff…")
  }

  @Test func tableInTheDocumentation() async throws {
    let outcomes = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for (index, fault) in Self.cases.enumerated() {
        group.addTask { (index, try await Self.outcome(fault)) }
      }
      return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
    }
    let rows = Self.cases.enumerated().map { "| \($1.what) | \(outcomes[$0] ?? "") |" }
    let table = (["| what happens | what the user sees |", "|---|---|"] + rows).joined(separator: "\n")
    let url = Fixtures.repository.appending(path: "docs/hub.md")
    let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    let parts = text.components(separatedBy: Self.mark)
    if ProcessInfo.processInfo.environment["PROMPTFERRY_WRITE_DOCS"] != nil, parts.count == 3 {
      let new = [parts[0], "\n" + table + "\n", parts[2]].joined(separator: Self.mark)
      try Data(new.utf8).write(to: url)
    } else {
      let written = parts.count == 3 ? parts[1].trimmingCharacters(in: .newlines) : ""
      for (found, wanted) in zip(written.split(separator: "\n"), table.split(separator: "\n")) {
        #expect(found == wanted)
      }
      #expect(written == table)
    }
  }

  static let mark = "<!-- faults -->"

  /// Numbers that a server says and no sum holds.
  @Test(arguments: [
    ["Retry-After": "9223372036854775807"], ["RateLimit": "\"api\";r=0;t=9223372036854775807"],
  ])
  func endlessWaits(_ headers: [String: String]) async throws {
    let world = try HubWorld()
    world.server.fail("/revision/", .status(429, headers))
    #expect(try await world.failure("org/tiny").kind == .rateLimited)
  }

  /// A warning is passed on once for each topic.
  @Test func warnings() async throws {
    let world = try HubWorld()
    let warning = ["X-HF-Warning": "quota; nearly used up", "Retry-After": "0"]
    for _ in 0..<3 { world.server.fail("/revision/", .status(503, warning)) }
    try await world.fetch("org/tiny")
    #expect(world.notes == ["The Hub says: quota; nearly used up"])
  }

  /// A new commit that does not come through is an error, not silently the old one.
  @Test func anOldCommitDoesNotStandInForABrokenDownload() async throws {
    let world = try HubWorld()
    try await world.fetch("org/tiny")
    world.server.set(try HubWorld.tiny(commit: "d", seed: 2), as: "org/tiny")
    for _ in 0..<5 { world.server.fail("/storage/", .drop) }
    #expect(try await world.failure("org/tiny").kind == .unreachable)
    let offline = try await world.fetch("org/tiny@\(String(repeating: "a", count: 40))")
    #expect(offline.receivedBytes == 0)
  }

  @Test func pausesGrowAndRateLimitsAreHonoured() async throws {
    let world = try HubWorld()
    for _ in 0..<4 { world.server.fail("/revision/", .status(500)) }
    world.server.fail(Self.file, .status(429, ["RateLimit": "\"resolvers\";r=0;t=55"]))
    try await world.fetch("org/tiny")
    #expect(world.pauses == [1, 2, 4, 8, 56].map { .seconds($0) })
  }

  /// Whoever gets on does not give up: attempts are counted anew after every one that brought bytes.
  @Test func progressStartsTheCountAnew() async throws {
    let world = try HubWorld()
    for _ in 0..<7 { world.server.fail("/storage/", .truncate(300)) }
    try await world.fetch("org/tiny")
    #expect(world.pauses == Array(repeating: .seconds(1), count: 7))
  }

  @Test func aCancelledFetchLeavesNothing() async throws {
    let world = try HubWorld()
    world.server.fail("/storage/", .stall(2000))
    let task = Task { try await world.fetch("org/tiny", .model, ["HF_HUB_DOWNLOAD_TIMEOUT": "60"]) }
    while !world.server.requests.contains(where: \.isStorage) { try await Task.sleep(for: .milliseconds(5)) }
    task.cancel()
    await #expect(throws: (any Error).self) { try await task.value }
    #expect(try world.unfinished().isEmpty)
    #expect(!(try world.tree().keys.contains { $0.hasSuffix(Self.weights) }))
    try await world.fetch("org/tiny")
  }

  /// Nobody is asked for a password; on Linux such an answer would otherwise never come.
  @Test(arguments: ["/revision/", FaultTests.file])
  func anAnswerThatWantsAPassword(_ path: String) async throws {
    let world = try HubWorld()
    for _ in 0..<9 { world.server.fail(path, .status(401, ["WWW-Authenticate": "Basic realm=\"x\""])) }
    #expect(try await world.failure("org/tiny").kind != .unreachable)
  }

  @Test func answersInACodingThatWasNotAskedFor() async throws {
    let world = try HubWorld()
    for _ in 0..<9 { world.server.fail("/revision/", .status(200, ["Content-Encoding": "gzip"])) }
    #expect(try await world.failure("org/tiny").kind == .notAHub)
  }

  /// A link in the cache leads nothing out of it.
  @Test(arguments: [
    "blobs", "snapshots", "refs", "trees", "", "snapshots/\(String(repeating: "a", count: 40))",
  ])
  func nothingIsWrittenThroughALinkThatLeavesTheCache(_ name: String) async throws {
    let (world, outside) = (try HubWorld(), try TemporaryFolder())
    let link = world.home.url.appending(path: "hub/models--org--tiny").appending(path: name)
    try FileManager.default.createDirectory(
      at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      at: URL(filePath: link.path, directoryHint: .notDirectory), withDestinationURL: outside.url)
    #expect(try await world.failure("org/tiny").kind == .storage)
    #expect(try FileManager.default.contentsOfDirectory(atPath: outside.url.path) == [])
  }

  /// The whole cache may lie elsewhere.
  @Test func aCacheThatIsALinkItself() async throws {
    let (world, elsewhere) = (try HubWorld(), try TemporaryFolder())
    try FileManager.default.createSymbolicLink(
      at: world.home.url.appending(path: "hub"), withDestinationURL: elsewhere.url)
    try await world.fetch("org/tiny")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: elsewhere.url.path).contains("models--org--tiny"))
  }

  /// What a killed download has left goes with the next one; what is new, locked or Python's stays.
  @Test func abandonedDownloadsAreRemoved() async throws {
    let world = try HubWorld()
    let blobs = "hub/models--org--tiny/blobs"
    let names = [
      "old.0123abcd.incomplete", "locked.0123abcd.incomplete", "new.0123abcd.incomplete", "python.incomplete",
    ]
    for name in names {
      try world.home.write("x", to: "\(blobs)/\(name)")
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: name.hasPrefix("new") ? 3600 : -3600)],
        ofItemAtPath: world.home.url.appending(path: "\(blobs)/\(name)").path)
    }
    let owner = open(world.home.url.appending(path: "\(blobs)/\(names[1])").path, O_RDONLY)
    defer { close(owner) }
    #expect(flock(owner, LOCK_EX | LOCK_NB) == 0)
    try await world.fetch("org/tiny")
    let left = try world.unfinished().compactMap { $0.split(separator: "/").last.map(String.init) }
    #expect(left.sorted() == names.dropFirst().sorted())
  }

  @Test func shardNamesMayNotLeaveTheFolder() async throws {
    let world = try HubWorld()
    var repository = try HubWorld.sharded()
    repository.add(
      "model.safetensors.index.json", #"{"weight_map": {"embed_tokens.weight": "../../../evil"}}"#)
    world.server.set(repository, as: "evil")
    for part in [HubPart.model, .embeddings] {
      await #expect(throws: (any Error).self) { try await world.fetch("evil", part) }
    }
    #expect(!(try world.tree("").keys.contains { $0.contains("evil") && !$0.contains("models--evil") }))
  }
}
