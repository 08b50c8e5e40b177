import Formats
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

/// An attack on every input, the same for the same seed: the built command is run on what nobody means well. Each try ends in a
/// result or in one clean line, within its time and its memory, and writes nothing beside what it was asked for.
///
/// `PROMPTFERRY_ATTACK` says how many times as many tries, of other seeds; `PROMPTFERRY_ATTACK_SEED` names one.
@Suite(.timeLimit(.minutes(60))) struct AttackTests {
  static let kinds: [(name: String, count: Int, make: @Sendable (inout Draw) throws -> Attack)] = [
    ("names", 110, Attack.names), ("flags", 70, Attack.flags), ("files", 90, Attack.files),
    ("safetensors", 70, Attack.safetensors), ("gguf", 60, Attack.gguf), ("json", 90, Attack.json),
    ("tokenizers", 50, Attack.tokenizers), ("environment", 30, Attack.environment),
    ("growth", 25, Attack.growth), ("hub", 60, Attack.hub), ("cuts", 50, Attack.cuts),
    ("links", 20, Attack.links), ("reports", 12, Attack.reports), ("streams", 40, Attack.streams),
  ]

  @Test func everyTryEndsCleanly() throws {
    let world = try AttackWorld()
    let environment = ProcessInfo.processInfo.environment
    let first = environment["PROMPTFERRY_ATTACK_SEED"].flatMap { UInt64($0) } ?? 1
    let rounds = environment["PROMPTFERRY_ATTACK"].flatMap { UInt64($0) } ?? 1
    var attacks: [Attack] = []
    for seed in first..<first + rounds {
      for (name, count, make) in Self.kinds {
        for index in 0..<count {
          var draw = Draw(seed: seed, name: "\(name) \(index)")
          var attack = try make(&draw)
          attack.name = "\(name) \(index) of seed \(seed): \(attack.name)"
          attacks.append(attack)
        }
      }
    }
    #expect(attacks.count >= 500)
    // Those of servers wait more than they work, so there are more of them at a time than processors.
    let group = DispatchGroup()
    let pools = [(3, attacks.filter { $0.serve == nil }), (16, attacks.filter { $0.serve != nil })]
    let found = pools.map { Self.start($1, threads: $0, in: world, group) }
    group.wait()
    for fault in found.flatMap({ $0.withLock { $0 } }) { Issue.record("\(fault)") }
  }

  /// What is found is collected for each pool.
  private final class Faults: Sendable {
    private let all = Mutex<[String]>([])
    func withLock<Value: Sendable>(_ body: (inout [String]) -> Value) -> Value { all.withLock { body(&$0) } }
  }

  private static func start(
    _ attacks: [Attack], threads: Int, in world: AttackWorld, _ group: DispatchGroup
  ) -> Faults {
    let (faults, next) = (Faults(), Counter())
    for _ in 0..<threads {
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        while case let index = next.next(), index < attacks.count {
          let found: [String]
          do { found = try attacks[index].run(in: world) } catch { found = ["\(error)"] }
          faults.withLock { $0 += found.map { "\(attacks[index].name): \($0)" } }
        }
      }
    }
    return faults
  }

  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
  }

  /// The checks themselves see what they are there for.
  @Test func theChecksSeeFaults() {
    let fine = "Error: a: is not there\n"
    #expect(Attack.faults(1, "", fine) == [] && Attack.faults(0, "a result\n", "a note\n") == [])
    #expect(Attack.faults(64, "", "Error: no\nHelp: it\nUsage: it\n") == [])
    for (status, output, errors) in [
      (1, "", ""), (1, "", fine + fine), (1, "", "Fatal error: x"), (139, "", ""), (2, "", fine),
      (1, "", "Error: \u{1B}[2J\n"), (0, "a\rb\n", ""), (1, "", "Error: \u{202E}\n"),
      (1, "", "Error: " + String(repeating: "x", count: 30_000) + "\n"), (1, "a result\n", fine),
    ] as [(Int32, String, String)] {
      #expect(Attack.faults(status, output, errors) != [], "\(status) \(output) \(errors.prefix(30))")
    }
  }
}

/// What is drawn from a seed.
struct Draw {
  private var stream: RandomStream

  init(seed: UInt64, name: String) { stream = RandomStream(seed: seed, name: "attack." + name) }

  mutating func pick(_ count: Int) -> Int { Int(stream.next() % UInt64(max(1, count))) }

  mutating func one<Element>(_ all: [Element]) -> Element { all[pick(all.count)] }

  mutating func chance(_ oneIn: Int) -> Bool { pick(oneIn) == 0 }
}

/// A folder with models, prompts, facts and a task, which each try has a copy of.
final class AttackWorld: Sendable {
  let base: TemporaryFolder
  let tries: TemporaryFolder

  init() throws {
    let world = try World()
    (base, tries) = (world.folder, try TemporaryFolder())
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    _ = try world.json("convert", "p", "-o", "p.npy")
    try base.write(
      #"{"name": "task", "format": "jsonl", "fields": ["t"], "label": "l", "labels": {"a": "is", "b": "of"}, "#
        + #""template": "[X] [V] [Y]", "splits": {"test": "t.jsonl", "train": "t.jsonl"}}"#, to: "task.json")
    try base.write(#"{"t": "france", "l": "a"}"#, to: "t.jsonl")
    try base.write("subject,object,relation\nfrance,paris,r\nitaly,rome,r\n", to: "table.csv")
    for split in ["train", "dev", "test"] {
      try base.write(world.bytes("facts/\(split).jsonl"), to: "relations/capital/\(split).jsonl")
    }
    try base.write(#"{"relation": "capital", "template": "[X] is [Y] ."}"#, to: "templates.jsonl")
    try base.write(Self.grid("linear", "capital"), to: "grid.json")
    let metadata = [
      "peft_type": "\"PROMPT_TUNING\"", "num_virtual_tokens": "5", "token_dim": "8",
      "task_type": "\"CAUSAL_LM\"",
    ]
    try base.write(
      "{" + metadata.map { "\"\($0)\": \($1)" }.sorted().joined(separator: ", ") + "}",
      to: "adapter/adapter_config.json")
    let vectors = [UInt8](repeating: 0x3D, count: 160)
    try base.write(
      RawSafetensors.file([("prompt_embeddings", "F32", [5, 8], vectors)]),
      to: "adapter/adapter_model.safetensors")
    try base.write(
      try Data(contentsOf: Fixtures.folder.appending(path: "gguf/llama/model.gguf")), to: "model.gguf")
    try base.write(
      try Data(contentsOf: Fixtures.folder.appending(path: "pytorch/model.bin")), to: "bin/pytorch_model.bin")
    try base.write(Data(TinyCheckpoint().configurationText.utf8), to: "bin/config.json")
    try base.write(world.bytes("model/vocab.txt"), to: "bin/vocab.txt")
  }

  static func grid(_ label: String, _ relation: String, _ rest: String = "") -> String {
    let text = { (text: String) in String(decoding: JSON.string(text).text, as: UTF8.self) }
    return
      #"{"name": "grid", "title": \#(text(label)), "facts": "relations", "templates": "templates.jsonl", "#
      + #""relations": [\#(text(relation))], "tuning": {"epochs": 1}, "#
      + #""pairs": [{"sources": ["model"], "target": "other"}], "#
      + #""methods": [{"label": \#(text(label)), "method": "linear"}, {"method": "manual"}]\#(rest)}"#
  }
}

/// One try.
struct Attack: Sendable {
  var name = ""
  var arguments: [String]
  var environment: [String: String] = [:]
  /// Changes the folder that the command is run in.
  var prepare: @Sendable (URL) throws -> Void = { _ in }
  /// Where there is a server, whose address is `HF_ENDPOINT`.
  var serve: (@Sendable (HubServer) throws -> Void)?
  var script = "exec \"$0\" \"$@\""
  /// Looks at what was written, however it ended.
  var check: @Sendable (URL, _ output: String) throws -> [String] = { _, _ in [] }
  var seconds = 20.0

  /// Runs it, and says what is wrong with how it ended.
  func run(in world: AttackWorld) throws -> [String] {
    let own = world.tries.url.appending(path: UUID().uuidString)
    let folder = own.appending(path: "work/here")
    try FileManager.default.createDirectory(
      at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: own) }
    try FileManager.default.copyItem(at: world.base.url, to: folder)
    try prepare(folder)
    var variables = [
      "HF_HOME": folder.appending(path: "hf").path, "OPENBLAS_NUM_THREADS": "1", "HF_HUB_ETAG_TIMEOUT": "2",
      "HF_HUB_DOWNLOAD_TIMEOUT": "2", "SWIFT_BACKTRACE": "enable=no",
    ]
    var server: HubServer?
    if let serve {
      let own = try HubServer()
      try serve(own)
      (variables["HF_ENDPOINT"], variables["HF_HUB_OFFLINE"], server) = (own.endpoint, "0", own)
    }
    let outcome = try Command.run(
      ["-c", "ulimit -v 4000000; \(script)", Command.executable.path] + arguments, in: folder,
      environment: variables.merging(environment) { $1 }, timeout: seconds,
      executable: URL(filePath: "/bin/sh"))
    withExtendedLifetime(server) {}
    guard !outcome.timedOut else { return ["not over in \(seconds) s: \(outcome.errors.suffix(300))"] }
    var faults = Self.faults(outcome.status, outcome.output, outcome.errors, hasServer: serve != nil)
    for (place, names) in [(own, ["work"]), (own.appending(path: "work"), ["here"])] {
      let found = try TemporaryFolder.names(place)
      if found != names { faults.append("left \(found) outside of its folder") }
    }
    faults += try check(folder, outcome.output + outcome.errors)
    return faults.map { "\($0) (\(arguments.map { $0.prefix(60) }.joined(separator: " ")))" }
  }

  /// What is wrong with how a command ended. `hasServer`: it may say before what it tried again.
  static func faults(
    _ status: Int32, _ output: String, _ errors: String, hasServer: Bool = false
  ) -> [String] {
    var faults: [String] = []
    if ![0, 1, 64].contains(status) { faults.append("status \(status): \(errors.suffix(300))") }
    let said = output + errors
    if let scalar = said.unicodeScalars.first(where: { $0 != "\n" && VisibleText.steers($0) }) {
      faults.append("U+\(String(scalar.value, radix: 16)) steers the terminal")
    }
    if said.utf8.count > 20_000 { faults.append("says \(said.utf8.count) bytes") }
    let lines = errors.split(separator: "\n")
    let complaints = lines.count { $0.hasPrefix("Error: ") }
    switch status {
    case 0: if complaints > 0 { faults.append("an error, and yet status 0: \(errors.prefix(300))") }
    case 1:
      if complaints != 1 || (lines.count != 1 && !hasServer) || !output.isEmpty {
        faults.append(
          "not one line of error: \(lines.count) lines, \(errors.prefix(500)), \(output.prefix(100))")
      }
    default: if complaints != 1 || !output.isEmpty { faults.append("no usage error: \(errors.prefix(300))") }
    }
    return faults
  }
}
