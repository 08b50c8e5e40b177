import Formats
import Foundation
import PromptTransfer
import TestSupport
import Testing

/// A model that answers with a decoder, against transformers (scripts/goldens/sentinel.py).
@Suite struct SentinelGoldenTests {
  private let fixtures = Fixtures.folder.appending(path: "sentinel")
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    let space = try EmbeddingSpace(folder: fixtures.appending(path: "t5"))
    let vectors = try #require(
      try GoldenTensors(fixtures.appending(path: "golden.safetensors")).matrix("prompt"))
    try SoftPrompt(
      vectors: vectors, template: Template("[X] [V]*3 [Y] ."), modelName: "t5",
      embeddingFingerprint: space.table.fingerprint
    ).write(to: folder.url.appending(path: "prompt"))
  }

  /// 1e-5: single precision on both sides, logits of order 4.
  @Test(arguments: [
    ("manual", ["--template", "[X] bavek [Y] ."]), ("prompted", ["--prompt", "prompt"]),
  ])
  func answersAreThoseOfTransformers(_ name: String, _ how: [String]) throws {
    let predictions = folder.url.appending(path: "predictions.jsonl")
    let outcome = try Command.run(
      ["evaluate", "--model", fixtures.appending(path: "t5").path, "--facts"]
        + [fixtures.appending(path: "facts.jsonl").path, "--predictions", predictions.path, "--quiet"] + how,
      in: folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let found = try String(contentsOf: predictions, encoding: .utf8).split(separator: "\n").map {
      try JSON.parse(Data($0.utf8))
    }
    let expected = try #require(
      try Fixtures.json(fixtures.appending(path: "golden.json"))[name]?.array)
    try #require(found.count == expected.count)
    for (found, expected) in zip(found, expected) {
      #expect(found["prediction"]?.string == expected["prediction"]?.string)
      let (own, wanted) = (found["logProbability"]?.double ?? 0, expected["logProbability"]?.double ?? 1)
      #expect(abs(own - wanted) < 1e-5, "\(own), wanted \(wanted)")
    }
  }

  /// Tuned, carried to and from, and inspected like any other.
  @Test func isTunedAndCarried() throws {
    let model = fixtures.appending(path: "t5").path
    let facts = try folder.write(
      try String(contentsOf: fixtures.appending(path: "facts.jsonl"), encoding: .utf8), to: "facts.jsonl")
    for line in [
      ["tune", "--model", model, "--facts", facts.path, "--epochs", "2", "-o", "tuned"],
      ["transfer", "--from", "\(model)=tuned", "--to", model, "-o", "carried"],
      ["evaluate", "--model", model, "--prompt", "carried", "--facts", facts.path],
    ] {
      let outcome = try Command.run(line + ["--quiet"], in: folder.url)
      #expect(outcome.status == 0, "\(line[0]): \(outcome.errors)")
    }
    let converted = try Command.run(
      ["convert", "tuned", "--to", "checkpoint", "--model", model, "-o", "whole", "--quiet"], in: folder.url)
    #expect(converted.output.contains("[V5] <extra_id_0> ."), "\(converted)")
    let decoding = try Command.run(
      [
        "tune", "--model", model, "--facts", facts.path, "--template", "[V]*2 [X] [V]*2 [Y]", "-o", "refused",
      ], in: folder.url)
    #expect(decoding.status == 1 && decoding.errors.contains("for the decoder of t5"), "\(decoding.errors)")
    let said = try Command.run(["inspect", model], in: folder.url)
    #expect(said.status == 0 && !said.output.contains("not run"), "\(said.output)")
  }
}
