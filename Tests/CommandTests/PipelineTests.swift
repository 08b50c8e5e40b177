import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// The verbs one after the other, and the fields that scripts rely on.
@Suite struct PipelineTests {
  /// All but copying, which wants equal widths; and a preset.
  static let methods = [
    "canonical", "relative", "linear", "procrustes", "projector", "omp", "neighbours", "discretize", "naive",
    "random", "normal", "mean", "shuffled", "spectrum", "focus",
  ]

  /// Results and prompts say what they were computed in, where that is not Float32.
  @Test func precisionIsSaid() throws {
    let world = try World()
    func tune(_ options: String...) throws -> JSON {
      try world.json(
        ["tune", "--model", "model", "--facts", "facts", "--epochs", "2", "-o", "p.safetensors"] + options)
    }
    #expect(try tune()["precision"] == nil)
    let exact = try world.bytes("p.safetensors")
    #expect(try tune("--precision", "f32")["precision"] == nil)
    #expect(try world.bytes("p.safetensors") == exact)
    #expect(try tune("--precision", "bf16")["precision"]?.string == "bf16")
    #expect(try world.bytes("p.safetensors") != exact)
    #expect(try world.json("inspect", "p.safetensors")["provenance"]?["precision"]?.string == "bf16")
    let scores = try world.json(
      "evaluate", "--model", "model", "--prompt", "p.safetensors", "--facts", "facts", "--precision", "bf16")
    #expect(scores["precision"]?.string == "bf16")
    let distilled = try world.json(
      "distil", "--from", "model=p.safetensors", "--to", "other", "--facts", "facts", "--epochs", "1", "-o",
      "d.safetensors", "--precision", "bf16")
    #expect(distilled["precision"]?.string == "bf16")
    #expect(try world.run("tune", "--precision", "f16").status != 0)
  }

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
    #expect(carried["objective"]?.double ?? 0 > 0.3)
    #expect(carried["objectiveRows"]?.array?.count == 5)
    #expect(carried["seconds"]?.double != nil)
    #expect(carried["sources"]?.array?[0]["model"]?.string == "model")
    #expect(carried["target"]?.string == "other")
    #expect(carried["method"]?.string == "canonical")

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
        let search = search == "exact" ? ["--search", "exact"] : ["--search", "gradient", "--steps", "50"]
        _ = try world.json(
          ["transfer", "--from", "model=p.safetensors", "--to", "other", "--threads", threads] + search
            + ["-o", "q.safetensors"])
        carried.append(try world.bytes("q.safetensors"))
      }
      #expect(carried[0] == carried[1], "\(search)")
    }
  }

  @Test func everyMethodWritesAPrompt() throws {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p.safetensors")
    for method in Self.methods {
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

  /// Several sources in any order give the same vectors, by every method but copying.
  @Test func everyMethodTakesSeveralSources() throws {
    let world = try World()
    for model in ["model", "other"] {
      _ = try world.json("tune", "--model", model, "--facts", "facts", "--epochs", "1", "-o", "\(model).p")
    }
    try world.addModel("target", seed: 5, width: 10)
    for method in Self.methods {
      var vectors: [Matrix] = []
      for (first, second) in [("model=model.p@2", "other=other.p"), ("other=other.p", "model=model.p@2")] {
        let result = try world.json(
          "transfer", "--from", first, "--from", second, "--to", "target", "--method", method, "-o", "q")
        #expect(result["sources"]?.array?.count == 2)
        let file = try SafetensorsFile(world.folder.url.appending(path: "q"))
        let entry = try #require(file.entry("vectors"))
        vectors.append(try file.matrix(entry, rows: 5, columns: 10))
      }
      #expect(vectors[0] == vectors[1], "\(method)")
    }
  }

  @Test func randomAnchorsDependOnTheSeed() throws {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    var files: [Data] = []
    for seed in ["1", "1", "2"] {
      let result = try world.json(
        "transfer", "--from", "model=p", "--to", "other", "--anchor-count", "5", "--seed", seed, "-o", "q")
      #expect(result["anchorCount"]?.int == 5)
      files.append(try world.bytes("q"))
    }
    #expect(files[0] == files[1] && files[0] != files[2])
  }

  /// With labels only where they are asked for.
  @Test func selectionSaysWhatItChose() throws {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    let carry = ["transfer", "--from", "model=p", "--to", "other", "-o", "q", "--select"]
    let byWords = try world.json(carry + ["words"])
    #expect(byWords["chosen"]?["ridge"] != nil && byWords["ridge"] == nil)
    let byRidge = try world.json(carry + ["dev", "--facts", "facts", "--method", "linear"])
    #expect(byRidge["chosen"]?["ridge"] != nil && byRidge["method"]?.string == "linear")
    let bySnapshot = try world.json(
      carry + ["dev", "--facts", "facts", "--search", "gradient", "--steps", "80"])
    #expect(bySnapshot["chosen"]?["snapshot"]?.string?.hasSuffix("of 40") == true)
    let card = try world.json("inspect", "q")
    #expect(card["provenance"]?["select"]?.string == "dev")
  }

  /// A prompt that was carried over is refined with few facts, or distilled without their objects.
  @Test func refineAndDistil() throws {
    let world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    _ = try world.json("transfer", "--from", "model=p", "--to", "other", "-o", "q")
    let refined = try world.json(
      "tune", "--model", "other", "--facts", "facts", "--init", "prompt:q", "--facts-limit", "2", "--epochs",
      "2", "-o", "r")
    #expect(refined["template"]?.string == "[X] [V]*5 [Y] .")
    #expect(refined["bestDevAccuracy"]?.double != nil)
    let card = try world.json("inspect", "r", "--model", "other")
    #expect(card["provenance"]?["factsLimit"]?.string == "2")
    #expect(card["provenance"]?["refines"]?.string?.contains("transfer") == true)

    let subjects = ["france", "italy", "norway"].map { #"{"sub_label": "\#($0)"}"# }.joined(separator: "\n")
    for split in ["train", "dev"] { try world.folder.write(subjects, to: "subjects/\(split).jsonl") }
    var files: [Data] = []
    for (facts, threads) in [("subjects", "1"), ("facts", "1"), ("subjects", "3")] {
      let distilled = try world.json(
        "distil", "--from", "model=p@2", "--from", "other=q", "--to", "other", "--start", "q", "--facts",
        facts,
        "--epochs", "3", "--threads", threads, "-o", "d")
      #expect(distilled["epochs"]?.array?.count == 3)
      #expect(distilled["bestDevDivergence"]?.double ?? -1 >= 0)
      #expect(distilled["sources"]?.array?[0]["weight"]?.double == 2)
      #expect(distilled["vocabularySize"]?.int == World.words.count)
      let file = try SafetensorsFile(world.folder.url.appending(path: "d"))
      let entry = try #require(file.entry("vectors"))
      files.append(Data("\(try file.matrix(entry, rows: 5, columns: 6).elements)".utf8))
    }
    #expect(files[0] == files[1] && files[0] == files[2])
    _ = try world.json("evaluate", "--model", "other", "--prompt", "d", "--facts", "facts")
  }

  @Test(arguments: [
    "tune", "transfer", "distil", "evaluate", "inspect", "convert", "fetch", "list", "demo", "session",
    "experiment", "experiment run", "experiment status", "experiment why", "experiment report",
    "experiment submit",
  ])
  func everyVerbHasHelp(_ verb: String) throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      verb.split(separator: " ").map(String.init) + ["--help"], in: folder.url)
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("USAGE: promptferry \(verb)"))
    // Examples are broken by hand: what would not fit is set anew without its indent.
    let lines = outcome.output.components(separatedBy: "\nUSAGE")[0].split(
      separator: "\n", omittingEmptySubsequences: false)
    for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("  ") {
      #expect(next.isEmpty || next.hasPrefix("  "), "\(line)\n\(next)")
      #expect(line.count <= 80, "\(line)")
    }
  }
}
