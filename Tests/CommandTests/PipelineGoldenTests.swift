import Checkpoints
import Formats
import Foundation
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// The command against the pipelines' goldens (scripts/goldens/pipeline.py): what its options say arrives where it counts.
@Suite struct PipelineGoldenTests {
  private let fixtures = Fixtures.folder.appending(path: "pipeline")
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let prompts = try GoldenTensors(fixtures.appending(path: "prompts.safetensors"))
    for (name, model) in [("a", "a"), ("b", "b"), ("start", "t")] {
      let space = try EmbeddingSpace(folder: fixtures.appending(path: model))
      let vectors = try #require(try prompts.matrix(name))
      try SoftPrompt(
        vectors: vectors, template: .vectors(vectors.rows), modelName: model,
        embeddingFingerprint: space.table.fingerprint
      ).write(to: folder.url.appending(path: name))
    }
  }

  private func prompt(_ name: String) -> String { folder.url.appending(path: name).path }

  /// The result as JSON, and the prompt that was written.
  private func run(_ arguments: String...) throws -> (said: JSON, vectors: Matrix) {
    let outcome = try Command.run(
      arguments + ["-o", prompt("out"), "--json", "--quiet"], in: fixtures)
    try #require(outcome.status == 0, "\(outcome.errors)")
    return (
      try JSON.parse(Data(outcome.output.utf8)), try SoftPrompt(folder.url.appending(path: "out")).vectors
    )
  }

  private func golden(_ file: String, _ name: String) throws -> Matrix {
    try #require(try GoldenTensors(fixtures.appending(path: "\(file).safetensors")).matrix(name))
  }

  private func numbers(_ section: String, _ key: String) throws -> [Double] {
    let all = try Fixtures.json(fixtures.appending(path: "golden.json"))
    return try #require(all[section]?[key]?.array).compactMap(\.double)
  }

  @Test func twoWeightedSourcesByDefault() throws {
    let found = try run("transfer", "--from", "a=\(prompt("a"))", "--from", "b=\(prompt("b"))@3", "--to", "t")
    expectRows(found.vectors, try golden("transfer", "default.two"), relative: 1e-5)
  }

  @Test(arguments: [
    ("default.relative", ["--method", "relative"]), ("default.linear", ["--method", "linear"]),
    ("default.shrinkage", ["--shrinkage", "0.2"]), ("random", ["--method", "random", "--seed", "5"]),
    ("change.mean", ["--method", "change", "--ridge", "0.3"]),
    ("default.anchors", ["--anchor-count", "20", "--seed", "5"]),
    ("exact-top.scale", ["--mask-top", "12", "--ridge", "0.3", "--normalize", "scale"]),
    (
      "exact-absolute.none", ["--mask-top", "12", "--mask-absolute", "--ridge", "0.3", "--normalize", "none"]
    ),
    (
      "gradient-all.moments",
      [
        "--search", "gradient", "--steps", "10", "--learning-rate", "0.05", "--seed", "5", "--normalize",
        "moments",
      ]
    ),
  ])
  func optionsReachTheMethod(_ name: String, _ options: [String]) throws {
    let outcome = try Command.run(
      ["transfer", "--from", "a=\(prompt("a"))", "--to", "t", "-o", prompt("out"), "--quiet"] + options,
      in: fixtures)
    try #require(outcome.status == 0, "\(outcome.errors)")
    // Gradient search takes ten steps of Adam in float32.
    expectRows(
      try SoftPrompt(folder.url.appending(path: "out")).vectors, try golden("transfer", name),
      relative: name.hasPrefix("gradient") ? 5e-5 : 1e-5, name)
  }

  /// Tolerances as in `PipelineTuneTests`.
  @Test func tuning() throws {
    let found = try run(
      "tune", "--model", "t", "--facts", "facts/r1", "--vocabulary", "words.txt", "--init",
      "prompt:\(prompt("start"))", "--epochs", "5", "--batch", "4", "--learning-rate", "0.1",
      "--weight-decay", "0.1", "--seed", "3")
    let losses = try #require(found.said["epochs"]?.array).compactMap { $0["trainLoss"]?.double }
    expectClose(losses, try numbers("tune", "losses"), absolute: 5e-5, "losses")
    expectRows(found.vectors, try golden("tuned", "tune"), relative: 5e-4)
  }

  @Test func distilling() throws {
    let found = try run(
      "distil", "--from", "a=\(prompt("a"))", "--from", "b=\(prompt("b"))@3", "--to", "t", "--start",
      prompt("start"), "--facts", "facts/r1", "--epochs", "5", "--batch", "4", "--learning-rate", "0.1",
      "--temperature", "2", "--seed", "3")
    let losses = try #require(found.said["epochs"]?.array).compactMap { $0["trainDivergence"]?.double }
    expectClose(losses, try numbers("distil", "losses"), absolute: 5e-5, "losses")
    expectRows(found.vectors, try golden("tuned", "distil"), relative: 5e-4)
  }

  /// Five facts, drawn with the seed. Two epochs of float32, tolerance as above.
  @Test(arguments: [
    (
      "tune",
      ["tune", "--model", "t", "--vocabulary", "words.txt", "--init", "prompt:START"]
    ),
    (
      "distil",
      [
        "distil", "--from", "a=A", "--from", "b=B@3", "--to", "t", "--start", "START", "--temperature", "2",
      ]
    ),
  ])
  func factsAreDrawnWithTheSeed(_ section: String, _ arguments: [String]) throws {
    let places = ["prompt:START": "prompt:\(prompt("start"))", "START": prompt("start")]
    let sources = ["a=A": "a=\(prompt("a"))", "b=B@3": "b=\(prompt("b"))@3"]
    let outcome = try Command.run(
      arguments.map { places[$0] ?? sources[$0] ?? $0 } + [
        "--facts", "facts/r1", "--facts-limit", "5", "--epochs", "2", "--batch", "4", "--learning-rate",
        "0.1", "--seed", "3", "-o", prompt("out"), "--json", "--quiet",
      ], in: fixtures)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let epochs = try #require(try JSON.parse(Data(outcome.output.utf8))["epochs"]?.array)
    let losses = epochs.compactMap { ($0["trainLoss"] ?? $0["trainDivergence"])?.double }
    expectClose(losses, try numbers(section, "drawnLosses"), absolute: 5e-5, "losses")
  }

  @Test(arguments: ["train", "dev", "test"])
  func evaluatingTheSplit(_ split: String) throws {
    let outcome = try Command.run(
      [
        "evaluate", "--model", "t", "--prompt", prompt("start"), "--facts", "facts/r1", "--split", split,
        "--vocabulary", "words.txt", "--json", "--quiet",
      ], in: fixtures)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let all = try Fixtures.json(fixtures.appending(path: "golden.json"))
    let wanted = try #require(all["evaluate"]?["meanLogProbabilities"]?[split]?.double)
    let found = try #require(try JSON.parse(Data(outcome.output.utf8))["meanLogProbability"]?.double)
    expectClose([found], [wanted], absolute: 1e-5)
  }
}
