import Checkpoints
import Foundation
import TestSupport
import Testing

/// The verbs one after the other, and the fields that scripts rely on.
@Suite struct PipelineTests {
  @Test func tuneTransferEvaluateInspect() throws {
    let world = try World()
    let tuned = try world.json(
      "tune", "--model", "model", "--facts", "facts", "--epochs", "2", "-o", "p.safetensors")
    #expect(tuned["bestDevAccuracy"]?.double != nil)
    #expect(tuned["examplesPerSecond"]?.double ?? 0 > 0)
    #expect(tuned["output"]?.string == "p.safetensors")
    let epochs = try #require(tuned["epochs"]?.array)
    #expect(epochs.count == 2)
    for key in ["epoch", "trainLoss", "devAccuracy"] { #expect(epochs[0][key]?.double != nil, "\(key)") }

    let carried = try world.json(
      "transfer", "--from", "model=p.safetensors", "--to", "other", "-o", "q.safetensors")
    #expect(carried["anchorCount"]?.int == World.words.count)
    #expect(carried["objective"]?.double ?? 0 > 0.5)
    #expect(carried["objectiveRows"]?.array?.count == 5)
    #expect(carried["seconds"]?.double != nil)
    #expect(carried["sources"]?.array?[0]["model"]?.string == "model")
    #expect(carried["target"]?.string == "other")
    #expect(carried["method"]?.string == "relative")

    let scores = try world.json(
      "evaluate", "--model", "other", "--prompt", "q.safetensors", "--facts", "facts", "--vocabulary",
      "words.txt",
      "--predictions", "answers.jsonl")
    #expect(scores["factCount"]?.int == 3)
    for key in ["microAccuracy", "macroAccuracy", "meanReciprocalRank", "factsPerSecond"] {
      #expect(scores[key]?.double != nil, "\(key)")
    }
    #expect(scores["precisionAt"]?.members?.map(\.key) == ["1", "10", "5"])
    #expect(scores["vocabularySize"]?.int == World.words.count)
    #expect(scores["model"]?.string == "other")
    #expect(scores["prompt"]?.string == "q.safetensors")
    let relation = try #require(scores["relations"]?.array?.first)
    #expect(relation["relation"]?.string == "capital" && relation["factCount"]?.int == 3)
    let answers = try String(decoding: world.bytes("answers.jsonl"), as: UTF8.self).split(separator: "\n")
    #expect(answers.count == 3)
    for key in ["subject", "object", "rank", "prediction", "logProbability"] {
      #expect(try JSON.parse(Data(answers[0].utf8))[key] != nil, "\(key)")
    }

    let card = try world.json("inspect", "q.safetensors", "--model", "other")
    #expect(card["vectorCount"]?.int == 5 && card["width"]?.int == 6)
    #expect(card["nearestWords"]?.array?.count == 5)
    #expect(try world.json("inspect", "model")["embeddingWidth"]?.int == 8)
    #expect(try world.json("inspect", "model", "other")["sharedWords"]?.int == World.words.count)
  }

  @Test func aManualTemplateNeedsNoPrompt() throws {
    let scores = try World().json(
      "evaluate", "--model", "model", "--template", "the capital of [X] is [Y] .", "--facts", "facts")
    #expect(scores["template"]?.string == "the capital of [X] is [Y] .")
    #expect(scores["prompt"] == nil)
  }

  /// The same command gives the same file, whatever the number of threads; another seed gives another.
  @Test func sameSeedSameBytes() throws {
    let world = try World()
    var files: [Data] = []
    for (threads, seed) in [("1", "3"), ("2", "3"), ("7", "3"), ("1", "4")] {
      _ = try world.json(
        "tune", "--model", "model", "--facts", "facts", "--threads", threads, "--seed", seed, "-o",
        "p.safetensors")
      files.append(try world.bytes("p.safetensors"))
    }
    #expect(files[0] == files[1] && files[0] == files[2])
    #expect(files[0] != files[3])
    for search in ["exact", "gradient"] {
      var carried: [Data] = []
      for threads in ["1", "5"] {
        _ = try world.json(
          "transfer", "--from", "model=p.safetensors", "--to", "other", "--search", search, "--steps", "50",
          "--threads", threads, "-o", "q.safetensors")
        carried.append(try world.bytes("q.safetensors"))
      }
      #expect(carried[0] == carried[1], "\(search)")
    }
  }

  @Test func everyMethodWritesAPrompt() throws {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p.safetensors")
    for method in ["relative", "linear", "discretize", "naive", "random"] {
      for rule in ["strength", "scale", "moments", "none"] {
        _ = try world.json(
          "transfer", "--from", "model=p.safetensors", "--to", "other", "--method", method, "--normalize",
          rule, "-o",
          "q.safetensors")
        _ = try world.json("evaluate", "--model", "other", "--prompt", "q.safetensors", "--facts", "facts")
      }
    }
    try world.addModel("twin", seed: 5)
    _ = try world.json(
      "transfer", "--from", "model=p.safetensors", "--to", "twin", "--method", "copy", "-o", "q.safetensors")
  }

  @Test func helpAndVersion() throws {
    let world = try World()
    #expect(try world.run("--version").output == "0.1.0\n")
    for verb in ["tune", "transfer", "evaluate", "inspect", "demo"] {
      let outcome = try world.run(verb, "--help")
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("USAGE: promptferry \(verb)"))
    }
  }
}
