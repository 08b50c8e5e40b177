import Formats
import Foundation
import PromptTransfer
import TestSupport
import Testing

/// Answers of several tokens, in BEAR's layout, against the package lm-pub-quiz (scripts/goldens/answers.py).
@Suite struct AnswerGoldenTests {
  private static let fixtures = Fixtures.folder.appending(path: "answers")
  private let folder: TemporaryFolder
  private let golden: JSON

  init() throws {
    folder = try TemporaryFolder()
    golden = try Fixtures.json(Self.fixtures.appending(path: "golden.json"))
  }

  private func evaluate(_ model: String, _ facts: String, _ more: [String]) throws -> (
    result: JSON, predictions: [JSON]
  ) {
    let place = folder.url.appending(path: "predictions.jsonl")
    let outcome = try Command.run(
      ["evaluate", "--model", model, "--facts", facts, "--json", "--quiet", "--predictions", place.path]
        + more, in: folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let lines = try String(contentsOf: place, encoding: .utf8).split(separator: "\n")
    return (try JSON.parse(Data(outcome.output.utf8)), try lines.map { try JSON.parse(Data($0.utf8)) })
  }

  /// 1e-4 of sums to 60: F32 on both sides.
  private func compare(_ found: [JSON], _ expected: [JSON], withMeasures: Bool, _ name: String) {
    #expect(found.count == expected.count, "\(name)")
    for (number, (found, expected)) in zip(found, expected).enumerated() {
      let place = "\(name), fact \(number)"
      let (own, wanted) = (found["logProbability"]?.double ?? 0, expected["score"]?.double ?? 1)
      #expect(abs(own - wanted) < 1e-4, "\(place): \(own), wanted \(wanted)")
      #expect(found["rank"]?.int == expected["rank"]?.int, "\(place)")
      #expect(found["prediction"]?.string == expected["best"]?.string, "\(place)")
      let ranks = found["text"]?["ranks"]
      guard withMeasures else {
        #expect(ranks == nil)
        continue
      }
      for measure in ["mean", "byte", "pmi"] {
        #expect(ranks?[measure]?.int == expected["ranks"]?[measure]?.int, "\(place), \(measure)")
      }
    }
  }

  /// Without measures only answers that can still win are scored to their ends: nothing else changes.
  @Test(arguments: ["bert.word", "bert.answer", "bert.once", "gpt2", "llama"], [true, false])
  func scoresAreThoseOfThePackage(_ name: String, _ withMeasures: Bool) throws {
    let parts = name.split(separator: ".")
    let (result, found) = try evaluate(
      Self.fixtures.appending(path: String(parts[0])).path, Self.fixtures.appending(path: "facts").path,
      (parts.count > 1 ? ["--masking", String(parts[1])] : []) + (withMeasures ? ["--measures"] : []))
    #expect(result["answers"]?.string == "text")
    #expect(result["vocabularySize"]?.int == 10)
    for relation in ["R1", "R2"] {
      compare(
        found.filter { $0["relation"]?.string == relation },
        try #require(golden["\(name).\(relation)"]?.array),
        withMeasures: withMeasures, "\(name).\(relation)")
    }
    let lengths = result["texts"]?["lengths"]?.array ?? []
    #expect(lengths.reduce(0) { $0 + ($1["factCount"]?.int ?? 0) } == found.count)
    #expect(lengths.compactMap { $0["tokens"]?.int }.count > 1)
    let measured = result["texts"]?["accuracyBy"]?["mean"]?.double
    let ranked = found.count { $0["text"]?["ranks"]?["mean"]?.int == 1 }
    #expect(measured == (withMeasures ? Double(ranked) / Double(found.count) : nil))
  }

  @Test(arguments: [true, false])
  func aDecoderIsAskedForTheSentinelThatEndsTheAnswer(_ withMeasures: Bool) throws {
    let own = try #require(golden["t5"])
    let facts = try #require(own["facts"]?.array).map { fact in
      "{\"sub_label\": \"\(fact["sub_label"]?.string ?? "")\", \"obj_label\": \"\(fact["obj_label"]?.string ?? "")\"}"
    }
    let file = try folder.write(facts.joined(separator: "\n"), to: "facts.jsonl")
    let words = try #require(own["answers"]?.array).compactMap(\.string).joined(separator: "\n")
    let list = try folder.write(words, to: "answers.txt")
    let (_, found) = try evaluate(
      Fixtures.folder.appending(path: "sentinel/t5").path, file.path,
      ["--template", own["template"]?.string ?? "", "--vocabulary", list.path]
        + (withMeasures ? ["--measures"] : []))
    compare(found, try #require(own["rows"]?.array), withMeasures: withMeasures, "t5")
  }

  /// The loss of the first epoch, in one batch, is that of the prompt which it starts from.
  @Test(arguments: ["bert", "gpt2", "llama"])
  func tuningSumsTheTokensOfAnAnswer(_ name: String) throws {
    let model = Self.fixtures.appending(path: name)
    let space = try EmbeddingSpace(folder: model)
    let vectors = try #require(
      try GoldenTensors(Self.fixtures.appending(path: "golden.safetensors")).matrix("\(name).prompt"))
    try SoftPrompt(
      vectors: vectors, template: Template("[X] [V]*3 [Y] ."), modelName: name,
      embeddingFingerprint: space.table.fingerprint
    ).write(to: folder.url.appending(path: "start"))
    let outcome = try Command.run(
      ["tune", "--model", model.path, "--facts", Self.fixtures.appending(path: "facts/R1.jsonl").path]
        + ["--init", "prompt:start", "--epochs", "1", "--batch", "64", "--json", "--quiet", "-o", "tuned"],
      in: folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let losses = try #require(golden["\(name).tune"]?.array).compactMap { $0["loss"]?.double }
    let found = try JSON.parse(Data(outcome.output.utf8))["epochs"]?.array?.first?["trainLoss"]?.double
    let mean = losses.reduce(0, +) / Double(losses.count)
    #expect(abs((found ?? 0) - mean) < 2e-5, "\(found ?? 0), wanted \(mean)")
    let tuned = try SoftPrompt(folder.url.appending(path: "tuned"))
    #expect(tuned.provenance["answers"] == "text")
  }

  /// Where all objects are single tokens nothing changes; facts with others are asked unless that is refused.
  @Test func wordsAreAskedAsBefore() throws {
    let atlas = Fixtures.repository.appending(path: "share/promptferry/atlas/data/city").path
    let how = ["--template", "[X] is a city in [Y] ."]
    let (plain, first) = try evaluate("zoo:bert-tiny", atlas, how)
    let (single, second) = try evaluate("zoo:bert-tiny", atlas, how + ["--answers", "single"])
    #expect(plain["answers"]?.string == "single" && single["answers"]?.string == "single")
    #expect(first == second)
    #expect(plain["texts"] == nil)
    let bert = Self.fixtures.appending(path: "bert").path
    let facts = Self.fixtures.appending(path: "facts").path
    let (left, _) = try evaluate(bert, facts, ["--answers", "single"])
    let (all, _) = try evaluate(bert, facts, [])
    #expect(left["skipped"]?["objectNotACandidate"]?.int ?? 0 > 0)
    #expect(all["skipped"]?["objectNotACandidate"]?.int == 0)
  }

  /// A short list that has the objects is a closed set; a long one is looked for words in, as ever.
  @Test func aLongListStaysAListOfWords() throws {
    let bert = Self.fixtures.appending(path: "bert").path
    let facts = Self.fixtures.appending(path: "facts/R1.jsonl").path
    let answers = try #require(golden["t5"]?["answers"]?.array).compactMap(\.string)
    let words = answers + ["dukilo", "lo", "sol", "duki"]
    let short = try folder.write(words.joined(separator: "\n"), to: "short.txt")
    let long = try folder.write(
      (words + (0..<5000).map { "word\($0)" }).joined(separator: "\n"), to: "long.txt")
    #expect(try evaluate(bert, facts, ["--vocabulary", short.path]).result["answers"]?.string == "text")
    #expect(try evaluate(bert, facts, ["--vocabulary", long.path]).result["answers"]?.string == "single")
  }

  /// Whatever split is asked, the closed set is that of all.
  @Test func theClosedSetIsThatOfAllSplits() throws {
    let splits = [
      ("train", ["dukilo", "kimevek", "lo"]), ("dev", ["barin sol"]), ("test", ["sol", "barin sol"]),
    ]
    for (split, objects) in splits {
      let lines = objects.map { #"{"sub_label": "basol \#($0)", "obj_label": "\#($0)"}"# }
      _ = try folder.write(lines.joined(separator: "\n"), to: "closed/\(split).jsonl")
    }
    let (result, found) = try evaluate(
      Self.fixtures.appending(path: "bert").path, "closed", ["--template", "[X] lies in [Y] ."])
    #expect(result["vocabularySize"]?.int == 5)
    #expect(found.compactMap { $0["text"]?["options"]?.int } == [5, 5])
  }

  @Test(arguments: [
    (
      ["--model", "zoo:bert-tiny", "--facts", "task:topic", "--answers", "text"],
      "its answers are its label words"
    ),
    (
      ["--model", "zoo:gpt2-small", "--facts", "BEAR", "--template", "[Y] is [X] .", "--answers", "text"],
      "begins with [Y], where gpt2-small has no token that text begins with"
    ),
    (
      ["--model", "zoo:gpt2-small", "--facts", "BEAR", "--template", "[Y] is [X] .", "--answers", "single"],
      "compare whole sentences: --answers text"
    ),
    (
      ["--model", "zoo:bert-tiny", "--facts", "plain.csv"],
      "give --prompt or --template: plain.csv has no template of its own"
    ),
    (["--model", "zoo:bert-tiny", "--facts", "far"], "has the answer 10 of 10, counted from 0"),
    (["--model", "zoo:bert-tiny", "--facts", "odd"], "R1.templates: is no list of texts"),
    (["--model", "zoo:bert-tiny", "--facts", "none"], "holds no file of the relations"),
  ])
  func slipsAreNamed(_ arguments: [String], _ message: String) throws {
    let facts = Self.fixtures.appending(path: "facts")
    let metadata = try String(
      contentsOf: facts.appending(path: "metadata_relations.json"), encoding: .utf8)
    _ = try folder.write("subject,object\nbasol,sol\n", to: "plain.csv")
    for name in ["BEAR", "far", "odd", "none"] {
      try FileManager.default.createDirectory(
        at: folder.url.appending(path: name), withIntermediateDirectories: true)
      let text = name == "odd" ? "{\"R1\": {\"templates\": \"[X] [Y]\"}}" : metadata
      _ = try folder.write(text, to: "\(name)/metadata_relations.json")
      if name == "none" { continue }
      let line = "{\"sub_label\": \"basol\", \"answer_idx\": \(name == "far" ? 10 : 1)}\n"
      for relation in ["R1", "R2"] { _ = try folder.write(line, to: "\(name)/\(relation).jsonl") }
    }
    let outcome = try Command.run(["evaluate"] + arguments, in: folder.url)
    #expect(outcome.status == (message.hasPrefix("give") ? 64 : 1), "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }
}
