import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// One line that says what, where and what to do; nothing half-written.
@Suite struct BadInputTests {
  /// Commands that fail, and what they must say.
  static let failures: [(arguments: String, problem: String)] = [
    (
      "tune --model nowhere --facts facts -o p",
      "nowhere: is no folder here; as a Hub id: is not in the cache"
    ),
    ("tune --model ./nowhere --facts facts -o p", "nowhere: is not there. Give a model's folder"),
    ("tune --model model --facts nowhere -o p", "nowhere: is not there"),
    ("tune --model model --facts model -o p", "holds no train.jsonl"),
    ("tune --model model --facts broken.jsonl -o p", "broken.jsonl, line 2: the field obj_label is missing"),
    ("tune --model model --facts facts -o nowhere/p", "cannot be created (No such file or directory)"),
    ("tune --model model --facts facts -o model", "is a folder"),
    ("tune --model model --facts facts --template [V]*5[Y] -o p", "has no [X]"),
    ("tune --model model --facts facts --template [X][V] -o p", "has no [Y]"),
    ("tune --model model --facts facts --template [X][Y] -o p", "has no prompt vectors"),
    ("tune --model model --facts phrases.jsonl -o p", "2 objects are not one token"),
    ("tune --model gpt --facts facts -o p", "model_type: nonsense is not supported. Known: bert, roberta"),
    ("tune --model truncated --facts facts -o p", "model.safetensors: holds"),
    ("tune --model headless --facts facts -o p", "cls.predictions.bias: is not in the checkpoint"),
    ("tune --model wide --facts facts -o p", "has shape [8, 8] where config.json asks for [16, 16]"),
    ("tune --model wordless --facts facts -o p", "wordless"),
    ("transfer --from model=missing --to other -o q", "missing: is not there"),
    ("transfer --from other=good --to model -o q", "does not belong to other"),
    ("transfer --from model=words.txt --to other -o q", "words.txt"),
    ("transfer --from model=good --to other --method copy -o q", "equal widths"),
    ("transfer --from model=good --to other --anchors empty.txt -o q", "empty.txt: holds no words"),
    ("transfer --from model=good --to other --anchors phrases.jsonl -o q", "the models share 0 words"),
    ("tune --model other --facts facts --init prompt:good -o p", "does not belong to other"),
    (
      "tune --model model --facts facts --init prompt:good --template [X][V][Y] -o p",
      "has the template \"[X] [V]*5 [Y] .\" where \"[X][V][Y]\" is given"
    ),
    ("distil --from other=good --to model --facts facts -o q", "does not belong to other"),
    ("distil --from model=good --to other --start good --facts facts -o q", "does not belong to other"),
    ("distil --from model=good --to other --facts model -o q", "holds no train.jsonl"),
    (
      "distil --from model=good --to other --facts facts --vocabulary phrases.jsonl -o q",
      "the models share 0 words"
    ),
    ("evaluate --model other --prompt good --facts facts", "does not belong to other"),
    (
      "evaluate --model model --prompt good --facts facts --predictions nowhere/x",
      "nowhere/x: cannot be created"
    ),
    ("evaluate --model model --template [X][V][Y] --facts facts", "has prompt vectors"),
    ("evaluate --model model --template [X][Y] --facts phrases.jsonl", "none of the 2 facts can be asked"),
    ("evaluate --model zoo:nothing --template [X][Y] --facts facts", "zoo:nothing"),
    ("inspect nowhere", "nowhere: is no folder here; as a Hub id: is not in the cache"),
    ("tune --model model --facts facts --template [X][V]*99999999999999999999[Y] -o p", "from 1 to 512"),
    ("inspect sizes", "sizes: vectors: has elements of type F99"),
    ("inspect sizes.npy", "sizes.npy: shape: is (99999999999999999999, 5, 8), where a matrix is needed"),
    ("experiment status numbers.json -o out", "numbers.json, tuning: wants epochs from 1 to 1000000"),
  ]

  /// Shapes and counts that no machine holds.
  private func addSizes(to folder: TemporaryFolder) throws {
    let entry = RawSafetensors.entry("vectors", "F99", "[4294967296, 4611686018427387904]", 0, 0)
    try folder.write(RawSafetensors.file(#"{"__metadata__":{"format":"x"},"# + entry + "}"), to: "sizes")
    var array = NumPyFile.serialize(Matrix(rows: 5, columns: 8))
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 5, 8), }"
    array.replaceSubrange(
      10..<127, with: Data(header.padding(toLength: 117, withPad: " ", startingAt: 0).utf8))
    try folder.write(array, to: "sizes.npy")
    try folder.write(
      #"{"name": "n", "title": "t", "facts": "f", "templates": "t", "pairs": [{"sources": ["a"], "target": "b"}], "#
        + #""methods": [{"method": "linear"}], "tuning": {"epochs": 9223372036854775807}}"#,
      to: "numbers.json")
  }

  private func damagedWorld() throws -> World {
    let world = try World()
    let folder = world.folder
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "good")
    try folder.write(
      "{\"sub_label\": \"a\", \"obj_label\": \"b\"}\n{\"sub_label\": \"a\"}\n", to: "broken.jsonl")
    try folder.write(
      "{\"sub_label\": \"italy\", \"obj_label\": \"new york\"}\n{\"sub_label\": \"a\", \"obj_label\": \"b c\"}",
      to: "phrases.jsonl")
    try folder.write("\n\n", to: "empty.txt")
    try addSizes(to: folder)
    for name in ["gpt", "truncated", "headless", "wide", "wordless"] { try world.addModel(name, seed: 1) }
    var checkpoint = TinyCheckpoint(vocabulary: 16, positions: 24)
    checkpoint.configuration["model_type"] = "\"nonsense\""
    try folder.write(checkpoint.configurationText, to: "gpt/config.json")
    checkpoint = TinyCheckpoint(vocabulary: 16, positions: 24)
    checkpoint.tensors["cls.predictions.bias"] = nil
    try checkpoint.write(to: folder.url.appending(path: "headless"))
    checkpoint.configuration["hidden_size"] = "16"
    let widths = TinyCheckpoint(width: 16, vocabulary: 16, positions: 24)
    checkpoint.tensors.merge(widths.tensors.filter { $0.key.contains("embeddings") }) { $1 }
    try checkpoint.write(to: folder.url.appending(path: "wide"))
    try folder.write(world.bytes("model/model.safetensors").dropLast(5), to: "truncated/model.safetensors")
    try FileManager.default.removeItem(at: folder.url.appending(path: "wordless/vocab.txt"))
    return world
  }

  @Test func everyFailureIsOneClearLine() throws {
    let world = try damagedWorld()
    let before = try world.folder.contents
    for (arguments, problem) in Self.failures {
      let outcome = try Command.run(arguments.split(separator: " ").map(String.init), in: world.folder.url)
      #expect(outcome.status == 1, "\(arguments): status \(outcome.status)")
      #expect(outcome.output.isEmpty, "\(arguments)")
      let lines = outcome.errors.split(separator: "\n")
      #expect(lines.count == 1 && outcome.errors.contains(problem), "\(arguments): \(outcome.errors)")
    }
    #expect(try world.folder.contents == before)
  }

  @Test(arguments: [
    "tune --model model", "tune --model model --facts facts -o p --epochs 0",
    "tune --model model --facts facts -o p --batch 0",
    "tune --model model --facts facts -o p --learning-rate nan", "transfer --from model --to other -o q",
    "transfer --from model=good --to other --ridge -1 -o q",
    "transfer --from model=good --to other --mask-top 0 -o q",
    "transfer --from model=good --to other --method linear --search gradient -o q",
    "transfer --from model=good --to other --method naive --mask-absolute -o q",
    "transfer --from model=good --to other --hidden 8 -o q",
    "transfer --from model=good --to other --anchor-order random -o q",
    "transfer --from model=good --to other --anchor-count 3 --anchor-skip 1 -o q",
    "transfer --from model=good --to other --anchor-count 3 --anchor-order frequency --anchor-skip -1 -o q",
    "transfer --from model=good --to other --method omp --set wordCount=0 -o q",
    "transfer --from model=good --to other --method neighbours --set weights=even -o q",
    "transfer --from model=good --to other --method focus --set ridge=1 -o q",
    "transfer --from model=good --to other --set centred=perhaps -o q",
    "transfer --from model=good --to other --steps 5 -o q",
    "transfer --from model=good --to other --method naive --ridge 1 -o q",
    "transfer --from model=good --to other --shrinkage 2 -o q",
    "transfer --from model=good --to other --search exact --shrinkage 0.5 -o q",
    "transfer --from model=good --to other --select dev -o q",
    "transfer --from model=good --to other --facts facts -o q",
    "transfer --from model=good --to other --select words --ridge 1 -o q",
    "transfer --from model=good --to other --select words --search gradient -o q",
    "transfer --from model=good --from model=good --to other --method copy -o q",
    "transfer --from model=good@0 --to other -o q", "distil --to other --facts facts -o q",
    "distil --from model=good --to other --facts facts --temperature 0 -o q",
    "tune --model model --facts facts --facts-limit 0 -o p", "evaluate --model model --facts facts",
    "inspect", "inspect a b c", "nonsense", "tune --threads 0",
    "convert good --rows 9223372036854775807 -o x.npy", "convert good --rows 0 -o x.npy",
    "tune --model model --facts facts -o p --epochs 9223372036854775807",
    "transfer --from model=good --to other --method projector --hidden 9223372036854775807 -o q",
  ])
  func wrongUseIsSaidAsSuch(_ arguments: String) throws {
    let world = try World()
    let outcome = try Command.run(arguments.split(separator: " ").map(String.init), in: world.folder.url)
    #expect(outcome.status == 64, "\(outcome.errors)")
    #expect(outcome.output.isEmpty)
  }

  /// An existing file survives a write that fails, and nothing else is left: by a limit on the size of files, which
  /// fails a write half-way as a full disk does.
  @Test func aFullDiskLosesNothing() throws {
    let world = try World()
    try world.folder.write("precious", to: "p.safetensors")
    let before = try world.folder.contents
    let outcome = try Command.run(
      [
        "-c",
        "trap '' XFSZ; ulimit -f 1; exec \"$0\" tune --model model --facts facts --template '[X] [V]*64 [Y]' --epochs 1 -o p.safetensors --force --quiet",
        Command.executable.path,
      ],
      in: world.folder.url, executable: URL(filePath: "/bin/bash"))
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("p.safetensors: cannot be written (File too large)"), "\(outcome.errors)")
    #expect(try world.bytes("p.safetensors") == Data("precious".utf8))
    #expect(try world.folder.contents == before)
  }

  /// Ctrl-C during tuning writes the best so far and says so.
  @Test func interruptingTuneKeepsTheBest() throws {
    let world = try World()
    let outcome = try Command.run(
      ["tune", "--model", "model", "--facts", "facts", "--epochs", "100000", "-o", "p.safetensors"],
      in: world.folder.url, signal: Command.Signal(SIGINT) { $0.contains("tuning on model") })
    #expect(outcome.status == 130, "\(outcome.errors)")
    #expect(outcome.errors.contains("Interrupted: p.safetensors holds the best prompt so far."))
    let card = try world.json("inspect", "p.safetensors")
    #expect(card["provenance"]?["complete"]?.string == "false")
    #expect(
      try world.run("evaluate", "--model", "model", "--prompt", "p.safetensors", "--facts", "facts").status
        == 0)
  }
}
