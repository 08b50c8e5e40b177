import Checkpoints
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
    ("tune --model model --facts nothing.json -o p", "nothing.json: cannot be opened"),
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
