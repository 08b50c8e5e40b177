import Checkpoints
import Formats
import Foundation
import TestSupport
import Testing

/// What prompt files say of where they come from.
@Suite struct AncestryTests {
  /// A prompt of a prompt of a prompt names all of them, the facts, and the models as they are given.
  @Test func aCarriedPromptNamesAllThatItComesFrom() throws {
    let world = try World()
    _ = try world.json(
      "tune", "--model", "zoo:bert-tiny", "--facts", "atlas:capital", "--epochs", "1", "--facts-limit", "20",
      "-o", "a.safetensors")
    for (from, to, source, output) in [
      ("zoo:bert-tiny", "zoo:roberta-tiny", "a", "b"), ("zoo:roberta-tiny", "zoo:bert-tiny", "b", "c"),
    ] {
      _ = try world.json(
        "transfer", "--from", "\(from)=\(source).safetensors", "--to", to, "-o", "\(output).safetensors")
    }
    let metadata = try Dictionary(
      uniqueKeysWithValues: ["a", "b", "c"].map {
        ($0, try SafetensorsFile(world.folder.url.appending(path: "\($0).safetensors")).header.metadata)
      })
    let tuned = try #require(metadata["a"])
    #expect(tuned["modelArgument"] == "zoo:bert-tiny" && tuned["factsSHA256"]?.count == 64)
    let parent = try source(of: metadata["c"])
    let grandparent = try #require(parent["provenance"]?["sources"]?.array?.first)
    #expect(parent["provenance"]?["modelArgument"]?.string == "zoo:roberta-tiny")
    #expect(parent["provenance"]?["method"]?.string == "canonical")
    #expect(grandparent["model"]?.string == "bert-tiny")
    #expect(grandparent["provenance"]?["factsSHA256"]?.string == tuned["factsSHA256"])
    #expect(grandparent["provenance"]?["tuning"]?["epochs"]?.int == 1, "JSON, not a text of JSON")
    let own = try source(of: metadata["b"])
    #expect(own["vectorsSHA256"] == grandparent["vectorsSHA256"])
    #expect(own["vectorsSHA256"] != parent["vectorsSHA256"])

    let card = try world.run("inspect", "c.safetensors")
    #expect(card.output.contains("with --model zoo:bert-tiny"), "a hint that can be pasted")
    #expect(!card.output.contains(String(tuned["examplesSeen"]?.prefix(10) ?? "?")))
  }

  private func source(of metadata: [String: String]?) throws -> JSON {
    let sources = try JSON.parse(Data(try #require(metadata?["sources"]).utf8))
    return try #require(sources.array?.first)
  }

  /// Through a transfer too: what the source saw, the target's prompt owes to it.
  @Test func evaluateSaysWhichFactsWereTunedOn() throws {
    let world = try World()
    _ = try world.json(
      "tune", "--model", "zoo:bert-tiny", "--facts", "atlas:capital", "--epochs", "1", "-o", "a.safetensors")
    _ = try world.json(
      "transfer", "--from", "zoo:bert-tiny=a.safetensors", "--to", "zoo:roberta-tiny", "-o", "b.safetensors")
    for (model, prompt, split, isSeen) in [
      ("zoo:bert-tiny", "a", "train", true), ("zoo:roberta-tiny", "b", "dev", true),
      ("zoo:bert-tiny", "a", "test", false), ("zoo:roberta-tiny", "b", "test", false),
    ] {
      let asked = try world.run(
        "evaluate", "--model", model, "--prompt", "\(prompt).safetensors", "--facts", "atlas:capital",
        "--split",
        split, "--json")
      let result = try JSON.parse(Data(asked.output.utf8))
      let count = try #require(result["factCount"]?.int)
      #expect(result["seen"]?.int == (isSeen ? count : 0), "\(prompt), \(split)")
      #expect(
        asked.errors.contains("was tuned on \(count) of these \(count) facts") == isSeen, "\(asked.errors)")
    }
  }
}
