import Formats
import Foundation
import TestSupport
import Testing

/// `transfer --select agreement`: maps and ridges chosen by the sources' own answers.
@Suite struct AgreementTests {
  let world: World

  init() throws {
    world = try World()
    let relations = #"{"relation": "facts", "template": "[X] is the capital of [Y] ."}"#
    try world.folder.write(relations, to: "relations.jsonl")
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "prompts/")
  }

  /// The prompt of a folder is chosen as it would be alone, and says by what; objects are not read.
  @Test func choosesForOnePromptAndForAFolder() throws {
    for split in ["train", "dev"] {
      try world.folder.write(
        ["france", "italy"].map { #"{"sub_label": "\#($0)"}"# }.joined(separator: "\n"),
        to: "asked/facts/\(split).jsonl")
    }
    let one = try world.json(
      "transfer", "--from", "model=prompts/facts.safetensors", "--to", "other", "--select", "agreement",
      "--subjects", "asked/facts", "-o", "one.safetensors")
    #expect(one["method"]?.string == "any" && one["chosen"]?["method"]?.string != nil)
    let score = try #require(one["selectionScore"]?.double)
    #expect([0, 0.5, 1].contains(score))
    _ = try world.json(
      "transfer", "--from", "model=prompts/", "--to", "other", "--select", "agreement", "--subjects", "asked",
      "-o", "many/")
    #expect(try world.bytes("one.safetensors") == world.bytes("many/facts.safetensors"))
    let provenance = try world.json("inspect", "one.safetensors")["provenance"]
    #expect(provenance?["select"]?.string == "agreement")
    let near = try world.json(
      "transfer", "--from", "model=prompts/facts.safetensors", "--to", "other", "--select", "divergence",
      "--method", "linear", "--subjects", "asked/facts", "-o", "near.safetensors")
    #expect(near["method"]?.string == "linear" && near["selectionScore"]?.double ?? 1 < 0)
  }

  /// A task's texts are asked, both where it has two, and its label words compared; the labels are not read.
  @Test func tasksAreDistilledAndChosenWithoutTheirLabels() throws {
    try world.folder.write(
      """
      {"name": "bond", "format": "tsv", "fields": [1, 2], "label": 3, "labels": {"a": "paris", "b": "rome"},
       "template": "[X] [X2] [V]*2 [Y] .", "splits": {"train": "train.tsv", "dev": "train.tsv", "test": "train.tsv"}}
      """, to: "bond.json")
    let texts = [("france", "capital"), ("italy", "the"), ("norway", "of"), ("italy", "capital")]
    func write(_ labels: [String]) throws {
      try world.folder.write(
        zip(texts, labels).map { "\($0.0)\t\($0.1)\t\($1)" }.joined(separator: "\n"), to: "train.tsv")
    }
    try write(["a", "b", "a", "b"])
    _ = try world.json("tune", "--model", "model", "--facts", "bond.json", "--epochs", "3", "-o", "p")
    func distilled(_ output: String) throws -> [UInt8] {
      let said = try world.json(
        "distil", "--from", "model=p", "--to", "other", "--facts", "bond.json", "--epochs", "2", "-o", output)
      #expect(said["vocabularySize"]?.int == 2 && said["skipped"]?.int == 0)
      return try Array(world.bytes(output))
    }
    func chosen(_ output: String) throws -> [UInt8] {
      _ = try world.json(
        "transfer", "--from", "model=p", "--to", "other", "--select", "divergence", "--subjects", "bond.json",
        "-o", output)
      return try Array(world.bytes(output))
    }
    let (first, choice) = (try distilled("one"), try chosen("one.chosen"))
    try write(["b", "b", "a", "a"])
    #expect(try distilled("two") == first && chosen("two.chosen") == choice)
    // The second text counts.
    try world.folder.write(
      texts.map { "\($0.0)\toslo\ta" }.joined(separator: "\n") + "\nrome\toslo\tb", to: "train.tsv")
    #expect(try distilled("three") != first)
    let said = try world.json("evaluate", "--model", "other", "--prompt", "one", "--facts", "bond.json")
    #expect(said["labels"] != nil || said["macroF1"] != nil)
  }

  /// Texts that are longer than a model's positions are cut as tune and evaluate cut them, and with the same note.
  @Test func longTextsOfTasksAreCut() throws {
    try world.folder.write(
      """
      {"name": "long", "format": "label-text", "labels": {"0": "italy", "1": "norway"},
       "template": "[X] [V]*2 [Y] .", "splits": {"train": "train.txt", "dev": "train.txt", "test": "train.txt"}}
      """, to: "long.json")
    let long = Array(repeating: "the capital of italy is", count: 40).joined(separator: " ")
    try world.folder.write("0 \(long) rome\n1 \(long) oslo\n0 paris", to: "train.txt")
    let note = "2 texts were cut to the model's positions."
    let evaluate = "evaluate --model other --prompt carried --facts long.json"
    for (command, note) in [
      ("tune --model model --facts long.json --epochs 1 -o p", "2 training texts were cut"),
      ("transfer --from model=p --to other --select agreement --subjects long.json -o carried", note),
      (evaluate, note),
      (
        "distil --from model=p --to other --facts long.json --epochs 1 -o q",
        note.replacing("2 texts", with: "4 texts")
      ),
    ] {
      let outcome = try Command.run(command.split(separator: " ").map(String.init), in: world.folder.url)
      #expect(outcome.status == 0 && outcome.errors.contains(note), "\(outcome)")
      #expect(!outcome.errors.contains("Left out"))
    }
    let said = try world.json(
      "distil", "--from", "model=p", "--to", "other", "--facts", "long.json", "--epochs", "1", "-o", "q")
    #expect(said["truncated"]?.int == 4 && said["skipped"]?.int == 0)
  }

  /// Of a folder of relations each prompt is chosen by its own, of which no more than dev.jsonl is there; another
  /// relation's line of relations.jsonl is not read.
  @Test func eachPromptOfAFolderByItsOwnRelation() throws {
    for (relation, subjects) in [("facts", ["france"]), ("capital", ["rome", "oslo", "the"])] {
      try world.folder.write(
        subjects.map { #"{"sub_label": "\#($0)"}"# }.joined(separator: "\n"),
        to: "asked/\(relation)/dev.jsonl")
      try world.folder.write(try world.bytes("prompts/facts.safetensors"), to: "two/\(relation).safetensors")
    }
    try world.folder.write(#"{"relation": "other", "template": "[X]"}"#, to: "asked/relations.jsonl")
    let both = try world.json(
      "transfer", "--from", "model=two/", "--to", "other", "--select", "agreement", "--subjects", "asked",
      "-o",
      "both/")
    for relation in ["facts", "capital"] {
      let one = try world.json(
        "transfer", "--from", "model=two/\(relation).safetensors", "--to", "other", "--select", "agreement",
        "--subjects", "asked/\(relation)", "-o", "one.safetensors")
      #expect(try world.bytes("one.safetensors") == world.bytes("both/\(relation).safetensors"))
      let line = try #require(
        both["prompts"]?.array?.first { $0["output"]?.string?.contains(relation) == true })
      let score = try #require(line["selectionScore"]?.double)
      #expect(score == one["selectionScore"]?.double)
      #expect(
        (relation == "facts" ? [0, 1] : [0, 1.0 / 3, 2.0 / 3, 1]).contains { abs($0 - score) < 1e-12 })
    }
  }

  @Test(arguments: [
    (["--select", "agreement"], "--select agreement wants --subjects"),
    (["--subjects", "facts"], "--subjects belongs to --select agreement"),
    (["--method", "any"], "--method any wants --select"),
    (["--select", "agreement", "--subjects", "facts", "--method", "procrustes"], "finds nothing to choose"),
    (["--select", "agreement", "--subjects", "nowhere"], "nowhere"),
  ])
  func refusesWhatMakesNoSense(_ options: [String], _ message: String) throws {
    let outcome = try Command.run(
      ["transfer", "--from", "model=prompts/facts.safetensors", "--to", "other", "-o", "x.safetensors"]
        + options,
      in: world.folder.url)
    #expect(outcome.status != 0 && outcome.errors.contains(message), "\(outcome.errors)")
  }

  /// The words of the relation's template, and the mean word where it has none.
  @Test func tuningStartsFromTheTemplate() throws {
    func start(_ path: String) throws -> String? {
      try world.json("inspect", path)["provenance"]?["start"]?.string
    }
    #expect(try start("prompts/facts.safetensors") == "template:[X] is the capital of [Y] .")
    for (initial, name) in [
      ("mean", "mean"), ("random", "random"), ("template:the [X] [Y]", "template:the [X] [Y]"),
    ] {
      _ = try world.json(
        "tune", "--model", "model", "--facts", "facts", "--epochs", "1", "--init", initial, "-o",
        "p.safetensors")
      #expect(try start("p.safetensors") == name)
    }
  }
}
