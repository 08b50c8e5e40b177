import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// Text from anywhere that would steer a terminal, or forge a line of ours, is shown and does nothing.
@Suite struct HostileTextTests {
  /// Clears the screen, sets a title, switches the direction, goes back and begins a line of its own.
  static let evil = "x\u{1B}[2J\u{1B}]0;t\u{7}\u{9B}31m\u{202E}\u{2066}\r\u{8}\u{7F}\nError: forged\u{2028}"
  private static var json: String {
    // As a string within JSON text.
    String(decoding: JSON.string(evil).text, as: UTF8.self).trimmingCharacters(in: .newlines)
  }
  private static let long = String(repeating: "y", count: 5_000_000)

  private func world() throws -> World {
    let world = try World()
    let folder = world.folder
    let (evil, json) = (Self.evil, Self.json)
    try folder.write(
      #"{"sub_label": "france", "obj_label": "paris", "predicate_id": \#(json)}"#, to: "relation.jsonl")
    try folder.write(#"{"sub_label": \#(json), "obj_label": \#(json)}"#, to: "objects.jsonl")
    try folder.write(#"{\#(json): 1, \#(json): 2, "name"}"#, to: "twice.json")
    try folder.write(#"{\#(json): 1}"#, to: "key.json")
    try folder.write(#"{"\#(Self.long)": 1}"#, to: "long.json")
    try folder.write("a\(evil.replacing("\n", with: "")),b\n1,2\n", to: "columns.csv")
    try folder.write(#"{"name": \#(json)}"#, to: "named.json")
    try folder.write(
      #"{"name": "task", "format": "jsonl", "fields": ["t"], "label": "l", "labels": {\#(json): "is", "b": "of"}, "#
        + #""template": "[X] [V] [Y]", "splits": {"test": "task.jsonl", "train": "task.jsonl"}}"#,
      to: "task.json")
    try folder.write(#"{"t": "france", "l": \#(json)}"#, to: "task.jsonl")
    try folder.write(#"{"t": "france", "l": "other"}"#, to: "unlabelled/task.jsonl")
    var checkpoint = TinyCheckpoint(vocabulary: 16, positions: 96)
    checkpoint.tensors[evil] = Matrix(rows: 1, columns: 1)
    try world.addModel("tensors", seed: 1)
    try checkpoint.write(to: folder.url.appending(path: "tensors"))
    checkpoint.tensors[evil] = nil
    checkpoint.configuration["model_type"] = json
    try world.addModel("typed", seed: 1)
    try folder.write(checkpoint.configurationText, to: "typed/config.json")
    checkpoint.configuration["model_type"] = "\"bert\""
    checkpoint.configuration["hidden_act"] = json
    try world.addModel("active", seed: 1)
    try folder.write(checkpoint.configurationText, to: "active/config.json")
    try world.addModel(evil.replacing("/", with: ""), seed: 1)
    let card = try world.json("inspect", "model")
    var metadata = [
      "format": "promptferry.prompt", "version": "1", "space": "embedding-row",
      "template": "[X] [V]*5 [Y] \(evil.replacing("[", with: "("))", "model": evil, evil: evil,
      "embeddingSHA256": try #require(card["embeddingSHA256"]?.string),
    ]
    let vectors = ["vectors": Matrix(rows: 5, columns: 8, Array(repeating: 0.1, count: 40))]
    try folder.write(SafetensorsFile.serialize(vectors, metadata: metadata), to: "prompt")
    metadata["version"] = evil
    try folder.write(SafetensorsFile.serialize(vectors, metadata: metadata), to: "newer")
    try folder.write(
      #"{"peft_type": \#(json), "base_model_name_or_path": \#(json)}"#, to: "adapter/adapter_config.json")
    try folder.write(
      #"{"name": "a", "title": "t", "facts": "f", "templates": "t", \#(json): 1}"#, to: "grid.json")
    return world
  }

  static let ask = ["evaluate", "--model", "model", "--template", "[X] is [Y]", "--facts"]
  static let commands: [[String]] = [
    ask + ["relation.jsonl"], ask + ["objects.jsonl"], ask + ["columns.csv"], ask + ["task.json"],
    ask + ["task.json=unlabelled"], ask + [evil], ask + [evil + ".csv"], ask + ["twice.json"],
    ask + ["key.json"],
    ask + ["long.json"], ask + ["named.json"], ask + ["facts", "--predictions", evil + "/x"],
    ["evaluate", "--model", "model", "--template", evil, "--facts", "facts"],
    ["evaluate", "--model", "model", "--template", "[X] [Y] \(evil) [V]", "--facts", "facts"],
    ["evaluate", "--model", evil, "--template", "[X] is [Y]", "--facts", "facts"],
    ["evaluate", "--model", "model", "--prompt", "prompt", "--facts", "facts", "--vocabulary", evil],
    ["evaluate", "--model", "model", "--facts", "facts", "--split", evil], [evil],
    ["inspect", "--" + evil, "x"],
    ["evaluate", "--model", "zoo:" + evil, "--facts", "facts", "--template", "[X] [Y]"],
    ["inspect", "tensors"], ["inspect", "typed"], ["inspect", "active"], ["inspect", evil],
    ["inspect", "model", evil],
    ["inspect", "prompt"], ["inspect", "prompt", "--model", "model"],
    ["inspect", "prompt", "--model", "other"],
    ["inspect", "newer"], ["inspect", "adapter"], ["inspect", "hf:" + evil], ["fetch", evil],
    ["convert", "prompt", "-o", evil + ".npy"], ["convert", "prompt", "-o", "out", "--to", evil],
    ["transfer", "--from", "model=prompt", "--to", evil, "-o", evil + "c"],
    ["transfer", "--from", evil + "=prompt", "--to", "model", "-o", "c"],
    ["transfer", "--from", "model=prompt", "--to", "other", "--method", evil, "-o", "c"],
    ["transfer", "--from", "model=prompt", "--to", "other", "--set", evil + "=1", "-o", "c"],
    ["tune", "--model", evil, "--facts", "facts", "--epochs", "1", "-o", evil + "t"],
    ["tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "t", "--init", evil],
    ["tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", evil + "/"],
    ["experiment", "run", evil], ["experiment", "status", "grid.json"], ["list", evil],
  ]

  @Test(arguments: [[], ["--json"]])
  func nothingSteersTheTerminal(_ form: [String]) throws {
    let world = try world()
    for command in Self.commands {
      let outcome = try Command.run(command + form, in: world.folder.url, timeout: 60)
      #expect(!outcome.timedOut && outcome.status < 128, "\(command): \(outcome.status)")
      let said = outcome.output + outcome.errors
      let steering = said.unicodeScalars.first { $0 != "\n" && VisibleText.steers($0) }
      #expect(steering == nil, "\(command): \(steering.debugDescription)")
      #expect(!said.contains("\nError: forged") && !said.hasPrefix("Error: forged"), "\(command)")
      #expect(said.utf8.count < 20_000, "\(command): \(said.utf8.count) bytes")
      if outcome.status == 0, form == ["--json"] { _ = try JSON.parse(Data(outcome.output.utf8)) }
    }
  }

  /// Of a person's own text nothing is lost in JSON.
  @Test func jsonHoldsTheTextItself() throws {
    let world = try world()
    #expect(try world.json("inspect", "prompt")["model"]?.string == Self.evil)
  }

  /// What a server says is shown too.
  @Test func messagesOfServers() throws {
    let world = try World()
    let server = try HubServer()
    var repository = HubRepository()
    try repository.add(folder: world.folder.url.appending(path: "model"))
    server.set(repository, as: "org/model")
    let evil = Self.evil.replacing("\n", with: " ").replacing("\r", with: " ")
    for status in [400, 401, 403, 404, 418, 429, 500] {
      server.forget()
      for _ in 0..<12 {
        server.fail("api", .status(status, ["X-Error-Message": evil, "X-Error-Code": evil]))
      }
      let outcome = try Command.run(
        ["fetch", "org/model"], in: world.folder.url,
        environment: [
          "HF_HOME": world.folder.url.path + "/hf\(status)", "HF_ENDPOINT": server.endpoint,
          "HF_HUB_OFFLINE": "0",
        ], timeout: 120)
      #expect(outcome.status == 1, "\(outcome)")
      #expect(!outcome.errors.unicodeScalars.contains { $0 != "\n" && VisibleText.steers($0) }, "\(status)")
    }
  }

  /// Names that would become paths stay names.
  @Test(arguments: ["../escaped", "/tmp/escaped", "..", ".hidden", "a/b", "a\\\\b", "a\\u0000b", "a\\nb"])
  func tasksNameFiles(_ name: String) throws {
    let world = try World()
    try world.folder.write(
      #"{"name": "\#(name)", "format": "jsonl", "fields": ["t"], "label": "l", "labels": {"a": "is", "b": "of"}, "#
        + #""template": "[X] [V] [Y]", "splits": {"train": "t.jsonl", "dev": "t.jsonl"}}"#, to: "task.json")
    try world.folder.write(#"{"t": "france", "l": "a"}"#, to: "t.jsonl")
    let before = try world.folder.contents
    let outcome = try world.run(
      "tune", "--model", "model", "--facts", "task.json", "--epochs", "1", "-o", "out/")
    #expect(outcome.status == 1 && outcome.errors.contains("name: cannot name a file"), "\(outcome)")
    #expect(try world.folder.contents == before)
  }
}
