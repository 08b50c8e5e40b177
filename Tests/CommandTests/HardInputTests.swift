import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Numbers that are none, outputs that are no files, and paths that look like something else.
@Suite struct HardInputTests {
  private func fail(
    _ world: World, _ arguments: [String], _ problem: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try Command.run(arguments, in: world.folder.url)
    #expect(
      outcome.status == 1 && outcome.errors.contains(problem), "\(outcome)", sourceLocation: sourceLocation)
  }

  private func prompt(_ world: World, _ value: Float, to name: String) throws {
    let card = try world.json("inspect", "model")
    let vectors = Matrix(rows: 5, columns: 8, Array(repeating: value, count: 40))
    let metadata = [
      "format": "promptferry.prompt", "version": "1", "space": "embedding-row", "template": "[X] [V]*5 [Y] .",
      "model": "model", "embeddingSHA256": try #require(card["embeddingSHA256"]?.string),
    ]
    try world.folder.write(SafetensorsFile.serialize(["vectors": vectors], metadata: metadata), to: name)
  }

  @Test func damagedNumbersNeverScore() throws {
    let world = try World()
    var checkpoint = TinyCheckpoint(vocabulary: 16, positions: 96)
    checkpoint.tensors["cls.predictions.transform.LayerNorm.bias"]?[0, 3] = .nan
    try world.addModel("broken", seed: 1)
    try checkpoint.write(to: world.folder.url.appending(path: "broken"))
    try fail(
      world, ["evaluate", "--model", "broken", "--template", "[X] is [Y]", "--facts", "facts"],
      "broken: its scores for \"france\" are not finite")
    try prompt(world, 3e38, to: "huge")
    try fail(
      world, ["evaluate", "--model", "model", "--prompt", "huge", "--facts", "facts"],
      "are not finite numbers")
    try fail(world, ["transfer", "--from", "model=huge", "--to", "other", "-o", "q"], "vector 1 comes out")
    try prompt(world, 1, to: "fine")
    try fail(
      world, ["transfer", "--from", "model=fine", "--to", "other", "--ridge", "1e308", "-o", "q"],
      "vector 1 comes out")
    try fail(
      world, ["tune", "--model", "model", "--facts", "facts", "--learning-rate", "1e38", "-o", "q"],
      "no longer finite")
    #expect(!(try world.folder.contents.contains("q")))
  }

  @Test func onlyFilesAreReplaced() throws {
    let world = try World()
    let tune = ["tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o"]
    try fail(world, tune + ["/dev/null"], "/dev/null: is a device or a pipe")
    try world.folder.write("old", to: "target")
    let link = world.folder.url.appending(path: "link").path
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "target")
    _ = try world.json(
      "tune", "--model", "model", "--facts", "facts", "--epochs", "1", "--force", "-o", "link")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "target")
    #expect(try world.json("inspect", "target")["vectorCount"]?.int == 5)
    try fail(world, tune + [String(repeating: "n", count: 256)], "longer than 255 bytes")
  }

  /// Messages may go nowhere; results may not.
  @Test func closedOutputs() throws {
    let world = try World()
    func bash(_ script: String) throws -> Command.Outcome {
      try Command.run(
        ["-c", script, Command.executable.path], in: world.folder.url, executable: URL(filePath: "/bin/bash"))
    }
    let tune = "\"$0\" tune --model model --facts facts --epochs 300 -o p"
    #expect(try bash("\(tune) 2>&-").status == 0)
    #expect(try bash("\(tune) 2> >(exit)").status == 0)
    #expect(try world.json("inspect", "p")["vectorCount"]?.int == 5)
    #if os(Linux)
      #expect(try bash("\(tune) 2>/dev/full").status == 0)
      let full = try bash("\"$0\" inspect p --json >/dev/full")
      #expect(full.status == 1 && full.errors.contains("standard output"), "\(full)")
    #endif
  }

  @Test func pathsMayHoldTheirOwnSigns() throws {
    let world = try World()
    try prompt(world, 1, to: "p@3")
    try world.folder.write(world.bytes("model/vocab.txt"), to: "a=b/m/vocab.txt")
    for name in ["config.json", "model.safetensors", "tokenizer_config.json"] {
      try world.folder.write(world.bytes("model/\(name)"), to: "a=b/m/\(name)")
    }
    let result = try world.json("transfer", "--from", "a=b/m=p@3", "--to", "other", "-o", "q")
    #expect(result["sources"]?.array?[0]["weight"]?.double == 1)
    let weighted = try world.json("transfer", "--from", "a=b/m=p@3@2", "--to", "other", "-o", "q")
    #expect(weighted["sources"]?.array?[0]["weight"]?.double == 2)
    #expect(try world.run("transfer", "--from", "model=", "--to", "other", "-o", "q").status == 64)
  }

  @Test func oddFacts() throws {
    let world = try World()
    try world.folder.write("", to: "none.jsonl")
    try fail(
      world, ["evaluate", "--model", "model", "--template", "[X] is [Y]", "--facts", "none.jsonl"],
      "holds no facts")
    try world.folder.write(
      "\u{FEFF}{\"sub_label\": \"france\", \"obj_label\": \"paris\", \"predicate_id\": \"r\"}",
      to: "mark.jsonl")
    let marked = try world.json(
      "evaluate", "--model", "model", "--template", "[X] is [Y]", "--facts", "mark.jsonl")
    #expect(marked["factCount"]?.int == 1)
    for relation in ["r/train", "r/test", "s/train"] {
      try world.folder.write(try world.bytes("facts/test.jsonl"), to: "several/\(relation).jsonl")
    }
    try fail(
      world, ["evaluate", "--model", "model", "--template", "[X] is [Y]", "--facts", "several"],
      "s/test.jsonl: is missing")
    try world.folder.write("", to: "facts/dev.jsonl")
    let tuned = try world.run("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    #expect(tuned.status == 0 && tuned.errors.contains("no development facts"), "\(tuned)")
    #expect(try world.json("inspect", "p")["provenance"]?["bestDevAccuracy"]?.string == "not scored")
  }

  /// What a causal model would never see is refused, and switches with another meaning are too.
  @Test func causalModelsReadUpToTheAnswer() throws {
    let world = try World()
    for template in ["[Y] is the capital of [X] .", "[X] [Y] [V]*3"] {
      try fail(
        world,
        [
          "tune", "--model", "zoo:gpt2-small", "--facts", "atlas:capital", "--template",
          template.contains("[V]") ? template : "[V] \(template)", "-o", "p",
        ], "after [Y]")
    }
    for (model, key) in [("bert-odd", "\"is_decoder\": true"), ("gpt2-odd", "\"scale_attn_weights\": false")]
    {
      let copy = try world.folder.copy(Fixtures.model(model))
      let file = copy.appending(path: "config.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try ("{\n  \(key),\n" + text.dropFirst(1).replacing("  \"scale_attn_weights\": true,\n", with: ""))
        .write(to: file, atomically: true, encoding: .utf8)
      try fail(
        world, ["evaluate", "--model", model, "--template", "[X] [Y]", "--facts", "facts"],
        String(key.dropFirst().prefix { $0 != "\"" }))
    }
  }
}
