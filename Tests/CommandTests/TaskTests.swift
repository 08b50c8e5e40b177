import Formats
import Foundation
import TestSupport
import Testing

/// Classification from end to end.
@Suite struct TaskTests {
  /// A task beside its data, in the world's words.
  private func world() throws -> World {
    let world = try World()
    let rows = ["0 the capital of italy", "1 paris is the", "0 rome", "1 the oslo of"].joined(separator: "\n")
    for split in ["train", "dev", "test"] { try world.folder.write(rows, to: "data/\(split).txt") }
    try world.folder.write(
      """
      {"name": "toy", "format": "label-text", "labels": {"0": "italy", "1": "norway"},
       "template": "[X] [V]*2 [Y] .", "splits": {"train": "train.txt", "dev": "dev.txt", "test": "test.txt"}}
      """, to: "toy.json")
    return world
  }

  @Test func tuneTransferEvaluate() throws {
    let world = try world()
    let tuned = try world.json(
      "tune", "--model", "model", "--facts", "toy.json=data", "--epochs", "2", "-o", "p")
    #expect(tuned["task"]?["name"]?.string == "toy" && tuned["template"]?.string == "[X] [V]*2 [Y] .")
    #expect(tuned["truncated"]?["train"]?.int == 0)
    #expect(
      try world.json("inspect", "p")["provenance"]?["labels"]?.string == #"{"0":"italy","1":"norway"}"#)
    _ = try world.json("transfer", "--from", "model=p", "--to", "other", "-o", "q")
    let scores = try world.json(
      "evaluate", "--model", "other", "--prompt", "q", "--facts", "toy.json=data", "--predictions", "a.jsonl")
    #expect(scores["factCount"]?.int == 4 && scores["vocabularySize"]?.int == 2)
    #expect(scores["macroF1"]?.double != nil && scores["microAccuracy"]?.double != nil)
    let classes = try #require(scores["classes"]?.array)
    #expect(classes.map { $0["label"]?.string } == ["0", "1"] && classes[1]["word"]?.string == "norway")
    for key in ["count", "predicted", "correct", "precision", "recall", "f1"] {
      #expect(classes[0][key]?.double != nil, "\(key)")
    }
    let answers = try String(decoding: world.bytes("a.jsonl"), as: UTF8.self).split(separator: "\n")
    #expect(answers.count == 4)
    // The carried prompt still knows its labels.
    #expect(try world.json("inspect", "q")["provenance"]?["labels"] != nil)
  }

  /// A task is a relation like any other to an experiment: tuned, carried by each kind of choice, distilled, marked.
  @Test func experimentsTakeTasks() throws {
    let world = try world()
    try world.folder.write(
      """
      { "name": "toys", "title": "Toys", "facts": "facts", "templates": "none.jsonl", "relations": ["toy.json=data"],
        "vectorCounts": [2], "tuning": { "epochs": 1 }, "pairs": [{ "sources": ["model"], "target": "other" }],
        "methods": [
          { "method": "canonical", "anchorShare": [0.5, 1] }, { "label": "words", "method": "linear", "select": "words" },
          { "label": "dev", "method": "canonical", "select": "dev" }, { "method": "distil", "epochs": 1 },
          { "label": "steps", "method": "relative", "search": "gradient", "steps": 60, "select": "dev" },
          { "method": "manual" }, { "method": "majority" }, { "method": "direct" }
        ] }
      """, to: "toys.json")
    let outcome = try world.run("experiment", "run", "toys.json", "-o", "out", "--quiet", "--json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let folder = world.folder.url.appending(path: "out/cells")
    var results: [String: JSON] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let result = try JSON.parse(Data(contentsOf: folder.appending(path: name)))
      let method = result["cell"]?["method"]
      results["\(method?["label"]?.string ?? "") \(method?["anchorShare"]?.double ?? 0)"] = result
    }
    #expect(results.count == 9)
    for (name, result) in results where !name.hasPrefix("manual") {
      #expect(result["refusal"] == nil && result["evaluation"]?["factCount"]?.int == 4, "\(name)")
    }
    let all = try #require(results["canonical 1.0"]?["anchorCount"]?.int)
    #expect(results["canonical 0.5"]?["anchorCount"]?.int == Int((Double(all) / 2).rounded()))
    #expect(results["words 0.0"]?["chosen"]?["ridge"] != nil && results["words 0.0"]?["devAccuracy"] == nil)
    #expect(results["dev 0.0"]?["chosen"]?["ridge"] != nil && results["dev 0.0"]?["devAccuracy"] != nil)
    #expect(results["steps 0.0"]?["chosen"]?["snapshot"]?.string?.hasSuffix("of 40") == true)
    #expect(results["direct 0.0"]?["classScores"]?["macroF1"]?.double != nil)
    #expect(results["manual 0.0"]?["refusal"]?.string?.contains("template") == true)

    try world.folder.write(
      try String(contentsOf: world.folder.url.appending(path: "toys.json"), encoding: .utf8)
        .replacing("[2]", with: "[3]"), to: "wrong.json")
    let wrong = try world.run("experiment", "run", "wrong.json", "-o", "wrong")
    #expect(wrong.status == 1 && wrong.errors.contains("has a template with 2 vectors"))
  }

  /// Facts have no classes: none of their fields changed.
  @Test func factsHaveNoClasses() throws {
    let scores = try World().json(
      "evaluate", "--model", "model", "--template", "the [X] is [Y]", "--facts", "facts")
    #expect(scores["macroF1"] == nil && scores["classes"] == nil && scores["task"] == nil)
    #expect(scores["truncated"]?.int == 0)
  }

  /// What ships works as it ships, with a table for people.
  @Test func theShippedTask() throws {
    let world = try World()
    let outcome = try world.run(
      "evaluate", "--model", "zoo:bert-tiny", "--facts", "task:topic", "--split", "dev", "--template",
      "[X] it is about a [Y] .")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("macro F1") && outcome.output.contains("precision %"))
  }

  @Test(arguments: [
    (
      "tune --model model --facts task:nothing -o p",
      "task:nothing: is not there. There are: agnews, bond, rte"
    ),
    (
      "tune --model model --facts task:sst2=nowhere -o p",
      "stsa.binary.train: is not there, where the task sst2"
    ),
    ("tune --model model --facts toy.json=data= -o p", "train.txt: is not there"),
    ("tune --model model --facts toy.json= -o p", "names no folder"),
    ("tune --model model --facts nothing.json -o p", "nothing.json: is not there"),
    (
      "tune --model model --facts words.json=data -o p",
      #"label "1": its word "wonderful" is not one token of model"#
    ),
    (
      "tune --model model --facts toy.json=data --vocabulary words.txt -o p",
      "--vocabulary words.txt: has no place beside the label words of toy"
    ),
    (
      "tune --model model --facts toy.json=data --template [X][X2][V][Y] -o p",
      "has [X2], where toy has one text"
    ),
  ])
  func everyFailureIsOneClearLine(_ arguments: String, _ problem: String) throws {
    let world = try world()
    let description = String(decoding: try world.bytes("toy.json"), as: UTF8.self)
    try world.folder.write(description.replacing("norway", with: "wonderful"), to: "words.json")
    let outcome = try Command.run(arguments.split(separator: " ").map(String.init), in: world.folder.url)
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(
      outcome.errors.split(separator: "\n").count == 1 && outcome.errors.contains(problem),
      "\(outcome.errors)")
  }

  /// A target that lacks a label word is refused before anything is written.
  @Test func targetsMustKnowTheLabels() throws {
    let world = try world()
    _ = try world.json("tune", "--model", "model", "--facts", "toy.json=data", "--epochs", "1", "-o", "p")
    let words = String(decoding: try world.bytes("other/vocab.txt"), as: UTF8.self)
    try world.folder.write(words.replacing("norway", with: "sweden"), to: "other/vocab.txt")
    let outcome = try world.run("transfer", "--from", "model=p", "--to", "other", "-o", "q")
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(#"label "1": its word "norway" is not one token of other"#))
    #expect(!(try world.folder.contents.contains("q")))
  }
}
