import Formats
import Foundation
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// A result is served only to a cell that rests on the same: facts with all their fields, words, templates, weights, settings.
@Suite struct ExperimentInputsTests {
  /// Something that is changed, where `why` finds it, and how many of the ten cells rest on it.
  struct Edit: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let place: String
    let cellCount: Int
    /// Where else.
    var others: [String] = []
    let apply: @Sendable (ExperimentBench) throws -> Void
  }

  static let edits = [
    Edit(testDescription: "a second text", place: "facts.test", cellCount: 5) {
      try $0.replace("the oslo", "the paris", in: "texts/test.jsonl")
    },
    Edit(testDescription: "a second text of training", place: "facts.train", cellCount: 4) {
      try $0.replace("the oslo", "the paris", in: "texts/train.jsonl")
    },
    Edit(testDescription: "an object", place: "facts.test", cellCount: 5) {
      try $0.replace("oslo", "paris", in: "data/capital/test.jsonl")
    },
    Edit(testDescription: "a development fact", place: "prompts[0].facts.dev", cellCount: 3) {
      try $0.replace("oslo", "paris", in: "data/capital/dev.jsonl")
    },
    // Of the task the label words are the candidates.
    Edit(testDescription: "a candidate", place: "candidates", cellCount: 5) {
      try $0.replace("capital", "nothing", in: "words.txt")
    },
    Edit(
      testDescription: "a label word", place: "candidates", cellCount: 5,
      others: ["facts.test", "facts.train", "facts.dev"]
    ) {
      try $0.replace(#""of""#, #""capital""#, in: "bond.json")
    },
    Edit(testDescription: "an anchor", place: "anchors", cellCount: 4) {
      try $0.replace("capital", "nothing", in: "anchors.txt")
    },
    Edit(testDescription: "a template in words", place: "template", cellCount: 1) {
      try $0.replace("is the", "the", in: "templates.jsonl")
    },
    Edit(testDescription: "a task's template", place: "template", cellCount: 4) {
      try $0.replace("[V]*2 [Y] [X2]", "[X2] [V]*2 [Y]", in: "bond.json")
    },
    Edit(testDescription: "a weight of the target", place: "target", cellCount: 10) {
      try $0.changeWeight(of: "other", width: 6, seed: 2)
    },
    Edit(testDescription: "a weight of the source", place: "prompts[0].model", cellCount: 4) {
      try $0.changeWeight(of: "model", width: 8, seed: 1)
    },
    Edit(testDescription: "the target's tokenizer", place: "target", cellCount: 10) {
      try $0.write(#"{"do_lower_case": true}"#, to: "other/tokenizer_config.json")
    },
    Edit(testDescription: "a setting of tuning", place: "tuning.epochs", cellCount: 6) {
      try $0.configure(["tuning": #"{"epochs": 2, "batchSize": 2}"#])
    },
  ]

  @Test(arguments: edits)
  func whatChangesIsRunAgain(_ edit: Edit) throws {
    let bench = try ExperimentBench()
    _ = try bench.experiment("run")
    #expect(try bench.isFinished() && bench.experiment("why").array == [])
    let before = try bench.results()
    #expect(before.count == 10)

    try edit.apply(bench)
    let status = try bench.experiment("status")
    #expect(status["cellCount"]?.int == 10 && status["finishedCells"]?.int == 10 - edit.cellCount)
    let reasons = try #require(try bench.experiment("why").array)
    #expect(reasons.count == edit.cellCount)
    for reason in reasons where edit.cellCount < 10 {
      let differences = reason["differences"]?.array?.compactMap(\.string) ?? []
      let places = [edit.place.replacing("prompts[0].", with: "")] + edit.others
      #expect(
        !differences.isEmpty
          && differences.allSatisfy { line in places.contains { line.contains("\($0): ") } }, "\(reason)")
    }
    #expect(
      reasons.contains { reason in
        reason["differences"]?.array?.contains { $0.string?.hasPrefix(edit.place + ": ") == true } == true
      }, "\(reasons)")
    #expect(
      try bench.report().contains("\(edit.cellCount) are of the last run and rest on something that has"))

    _ = try bench.experiment("run")
    #expect(try bench.isFinished())
    let after = try bench.results()
    #expect(after.count == 10 + edit.cellCount)
    for (name, data) in before { #expect(after[name] == data, "an old result has changed") }
    // In a folder with nothing beside it, where nothing can be taken over.
    _ = try bench.experiment("run", to: "fresh/one")
    let fresh = try bench.results("fresh/one")
    #expect(fresh.count == 10)
    for (name, data) in fresh { #expect(after[name] == data, "\(name) is not what a fresh run gives") }
    #expect(try !bench.report().contains("of the last run"))
  }

  /// Names lie on the surface: a series may be called otherwise, and defaults may be written out.
  @Test func whatIsOnlyCalledOtherwiseIsNot() throws {
    let bench = try ExperimentBench()
    _ = try bench.experiment("run")
    let before = try bench.results()
    try bench.configure([
      "title": #""Another title""#,
      "methods": """
      [{"label": "words", "method": "manual"}, {"label": "most", "method": "majority"},
       {"label": "tuned", "method": "direct"},
       {"label": "mapped", "method": "canonical", "ridge": 3, "shrinkage": 0, "normalize": "strength"},
       {"label": "trained", "method": "refine", "factLimit": 2}]
      """,
    ])
    #expect(try bench.isFinished() && bench.experiment("why").array == [])
    // Before any run, too.
    #expect(try bench.methods() == ["words", "most", "tuned", "mapped", "trained"])
    _ = try bench.experiment("run")
    #expect(try bench.results() == before)
    #expect(try bench.methods() == ["words", "most", "tuned", "mapped", "trained"])
    #expect(try bench.report().contains("10 cells of 10 finished"))
    // The folder may move, and so may the models.
    let (old, new) = ("other", "renamed")
    try FileManager.default.moveItem(
      at: bench.world.folder.url.appending(path: old), to: bench.world.folder.url.appending(path: new))
    try bench.configure(["pairs": #"[{"sources": ["model"], "target": "renamed"}]"#])
    #expect(try bench.isFinished())
  }

  /// Two series with the same settings have one result, each under its own name.
  @Test func oneResultMayHaveTwoNames() throws {
    let bench = try ExperimentBench([
      "methods": #"[{"label": "one", "method": "linear"}, {"label": "two", "method": "linear", "ridge": 1}]"#
    ])
    _ = try bench.experiment("run")
    #expect(try bench.results().count == 2 && bench.isFinished())
    #expect(try bench.methods() == ["one", "two"])
    #expect(try bench.report().contains("4 cells of 4 finished"))
  }

  @Test func aSettingOfAMethodIsAnotherCell() throws {
    let bench = try ExperimentBench()
    _ = try bench.experiment("run")
    try bench.configure([
      "methods": ExperimentBench.methods.replacing(#""canonical""#, with: #""canonical", "shrinkage": 0.4"#)
    ])
    #expect(try bench.experiment("status")["finishedCells"]?.int == 8)
    _ = try bench.experiment("run")
    #expect(try bench.results().count == 12 && bench.isFinished())
  }

  @Test func whyIsAskedOfSomeCells() throws {
    let bench = try ExperimentBench()
    let all = try #require(try bench.experiment("why").array)
    #expect(all.count == 10 && all.allSatisfy { $0["differences"]?.array == [] })
    let some = try bench.world.run("experiment", "why", "tiny.json", "capital, canonical", "-o", "runs/one")
    #expect(some.output == "model to other, capital, canonical, 2 vectors, seed 0: was never run\n")
    _ = try bench.experiment("run")
    let none = try bench.world.run("experiment", "why", "tiny.json", "-o", "runs/one")
    #expect(none.output == "Nothing is to be run.\n")
  }

  /// Prompts of experiments beside this one are taken over where they rest on the same. They are marked here, so that they can
  /// be told from those that are tuned again.
  @Test func tunedPromptsAreTakenOver() throws {
    let bench = try ExperimentBench()
    _ = try bench.experiment("run")
    let folder = bench.world.folder.url.appending(path: "runs/one/prompts")
    let names = try TemporaryFolder.names(folder)
    #expect(names.count == 4)
    for name in names {
      let prompt = try SoftPrompt(folder.appending(path: name))
      try SoftPrompt(
        vectors: Matrix(
          rows: prompt.vectors.rows, columns: prompt.vectors.columns, prompt.vectors.elements.map { 2 * $0 }),
        template: prompt.template, modelName: prompt.modelName,
        embeddingFingerprint: prompt.embeddingFingerprint, provenance: prompt.provenance
      ).write(to: folder.appending(path: name))
    }
    func prompts(_ output: String) throws -> [String: Data] {
      let folder = bench.world.folder.url.appending(path: "\(output)/prompts")
      return Dictionary(
        uniqueKeysWithValues: try TemporaryFolder.names(folder).map {
          ($0, try Data(contentsOf: folder.appending(path: $0)))
        })
    }
    try bench.configure(["methods": #"[{"method": "linear"}, {"method": "direct"}]"#], to: "beside.json")
    _ = try bench.experiment("run", "beside.json", to: "runs/beside")
    #expect(try prompts("runs/beside") == prompts("runs/one"))
    try bench.configure(["tuning": #"{"epochs": 1, "batchSize": 3}"#], to: "else.json")
    _ = try bench.experiment("run", "else.json", to: "runs/else")
    #expect(Set(try prompts("runs/else").keys).isDisjoint(with: names))
    _ = try bench.experiment("run", to: "elsewhere/one")
    #expect(
      try prompts("elsewhere/one").keys.sorted() == names && prompts("elsewhere/one") != prompts("runs/one"))
  }

  /// Results as 0.1.0 named and wrote them: by the cell's names, without what they rest on.
  @Test func resultsOfTheFirstVersionAreShownAndRunAgain() throws {
    let bench = try ExperimentBench()
    _ = try bench.experiment("run", to: "now/one")
    let now = try bench.results("now/one")
    for data in now.values {
      var result = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      result["inputs"] = nil
      if var evaluation = result["evaluation"] as? [String: Any] {
        evaluation["microAccuracy"] = 0.4321
        result["evaluation"] = evaluation
      }
      let cell = try JSONSerialization.data(
        withJSONObject: try #require(result["cell"]), options: [.sortedKeys, .withoutEscapingSlashes])
      try bench.world.folder.write(
        JSONSerialization.data(
          withJSONObject: result, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]),
        to: "runs/one/cells/\(SecureHash.sha256(cell).prefix(16)).json")
    }
    let old = try bench.results()
    #expect(old.count == 10 && Set(old.keys).isDisjoint(with: now.keys))
    let report = try bench.report()
    #expect(report.contains("10 cells of 10 finished; 10 are of version 0.1.0"))
    #expect(report.contains(",0.4321,"))
    #expect(try bench.experiment("status")["finishedCells"]?.int == 0)
    let reasons = try #require(try bench.experiment("why").array)
    #expect(
      reasons.count == 10
        && reasons.allSatisfy { $0["differences"]?.array?.first?.string?.contains("version 0.1.0") == true })

    _ = try bench.experiment("run")
    let after = try bench.results()
    #expect(after == old.merging(now) { $1 })
    let again = try bench.report()
    #expect(
      !again.contains("of version 0.1.0") && !again.contains(",0.4321,") && again.contains("10 cells of 10"))
  }

  /// What is not on this machine is as the last run left it.
  @Test(arguments: ["other", "./other"])
  func reportsDoNotNeedTheModels(_ target: String) throws {
    let bench = try ExperimentBench(["pairs": #"[{"sources": ["model"], "target": "\#(target)"}]"#])
    _ = try bench.experiment("run")
    let report = try bench.report()
    try FileManager.default.removeItem(at: bench.world.folder.url.appending(path: "other"))
    #expect(try bench.isFinished())
    #expect(try bench.report() == report)
  }

  @Test func modelsMayBeFiles() throws {
    let bench = try ExperimentBench(["pairs": #"[{"sources": ["model"], "target": "target.gguf"}]"#])
    let file = Fixtures.folder.appending(path: "gguf/bert/model.gguf")
    try bench.world.folder.write(Data(contentsOf: file), to: "target.gguf")
    #expect(try bench.experiment("status")["finishedCells"]?.int == 0)
    let addresses = try bench.experiment("why").array?.compactMap { $0["address"]?.string }
    #expect(addresses?.count == 10 && addresses?.contains("") == false)
    // A file of another content is another model.
    try bench.world.folder.write(Data(contentsOf: file) + [0], to: "target.gguf")
    #expect(try bench.experiment("why").array?.compactMap { $0["address"]?.string } != addresses)
  }

  /// Two tasks of one name and as many labels, in one run: each is asked for its own words.
  @Test func tasksOfOneNameAreKeptApart() throws {
    let bench = try ExperimentBench()
    try bench.write(ExperimentBench.task.replacing(#""of""#, with: #""capital""#), to: "bond2.json")
    let (one, two) = (#""bond.json=texts""#, #""bond2.json=texts""#)
    for (names, output) in [([one], "a/one"), ([two], "b/one"), ([one, two], "c/one")] {
      try bench.configure(["relations": "[\(names.joined(separator: ","))]"])
      _ = try bench.experiment("run", to: output)
    }
    let alone = try bench.results("a/one").merging(bench.results("b/one")) { $1 }
    #expect(try alone.count == 10 && bench.results("c/one") == alone)
  }
}
