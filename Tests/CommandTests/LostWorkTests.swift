import Formats
import Foundation
import TestSupport
import Testing

/// No verb overwrites what it reads, nor what others have written, and a signal ends it with what there is.
@Suite struct LostWorkTests {
  /// Something of everything that verbs read and write.
  private static func world() throws -> World {
    let world = try World()
    let folder = world.folder
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p.safetensors")
    for name in ["prompts/a.safetensors", "prompts/b.safetensors", "own.safetensors"] {
      try folder.write(try world.bytes("p.safetensors"), to: name)
    }
    try folder.write("subject,object\nfrance,paris\nitaly,rome\nnorway,oslo\n", to: "cc.csv")
    try folder.write(#"\title{My thesis}"#, to: "thesis.tex")
    try folder.write(try world.bytes("facts/test.jsonl"), to: "one.jsonl")
    try folder.write(try world.bytes("p.safetensors"), to: "locked.safetensors")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o444], ofItemAtPath: folder.url.appending(path: "locked.safetensors").path)
    try folder.write("", to: "empty")
    func link(_ name: String, _ target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: folder.url.appending(path: name).path, withDestinationPath: target)
    }
    try link("link.csv", "cc.csv")
    try link("inner", "model")
    try FileManager.default.linkItem(
      at: folder.url.appending(path: "model/config.json"), to: folder.url.appending(path: "hard.json"))
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "model/deep"), withIntermediateDirectories: true)
    _ = try world.json(
      "evaluate", "--model", "model", "--prompt", "p.safetensors", "--facts", "facts", "--predictions",
      "answers")
    try folder.write(
      """
      {"name": "tiny", "title": "t", "facts": "facts", "templates": "relations.jsonl",
       "pairs": [{"sources": ["model"], "target": "other"}], "methods": [{"method": "linear"}]}
      """, to: "mine/experiment.json")
    return world
  }

  private static let tune = "tune --model model --epochs 1 --quiet --facts"
  private static let carry = "transfer --quiet --from model=p.safetensors --to other"
  private static let ask = "evaluate --model model --prompt p.safetensors --quiet --facts"

  /// Commands that are refused, whatever is forced, and what they say.
  static let inputs: [(arguments: String, problem: String)] = [
    ("\(tune) cc.csv -o cc.csv", "cc.csv: is read and would be overwritten"),
    ("\(tune) cc.csv -o link.csv", "link.csv: is read and would be overwritten, as cc.csv"),
    ("\(tune) link.csv -o ./cc.csv", "cc.csv: is read and would be overwritten, as link.csv"),
    ("\(tune) one.jsonl -o one.jsonl", "one.jsonl: is read"),
    ("\(tune) facts -o facts/dev.jsonl", "facts/dev.jsonl: is read"),
    ("\(tune) facts --vocabulary words.txt -o words.txt", "words.txt: is read"),
    ("\(tune) facts --init prompt:p.safetensors -o p.safetensors", "p.safetensors: is read"),
    ("\(tune) facts -o model/config.json", "model/config.json: would be written into the model model"),
    (
      "\(tune) facts -o model/new.safetensors", "model/new.safetensors: would be written into the model model"
    ),
    ("\(tune) facts -o model/deep/new", "model/deep/new: would be written into the model model"),
    ("\(tune) facts -o inner/new", "inner/new: would be written into the model model"),
    ("\(tune) facts -o hard.json", "hard.json: would be written into the model model"),
    ("\(tune) facts -o model/prompts/", "model/prompts: would be written into the model model"),
    ("\(carry) -o p.safetensors", "p.safetensors: is read"),
    ("\(carry) -o other/vocab.txt", "other/vocab.txt: would be written into the model other"),
    ("\(carry) -o model/vocab.txt", "model/vocab.txt: would be written into the model model"),
    ("\(carry) --anchors words.txt -o words.txt", "words.txt: is read"),
    ("transfer --quiet --from model=prompts/ --to other -o prompts/", "prompts/a.safetensors: is read"),
    ("\(carry) --select dev --facts facts -o facts/dev.jsonl", "facts/dev.jsonl: is read"),
    ("\(carry) --select agreement --subjects facts -o facts/dev.jsonl", "facts/dev.jsonl: is read"),
    ("\(carry) --select agreement --subjects one.jsonl -o one.jsonl", "one.jsonl: is read"),
    (
      "evaluate --model model --prompt prompts --facts facts --quiet --predictions prompts/a.safetensors",
      "prompts/a.safetensors: is read"
    ),
    (
      "distil --quiet --from model=p.safetensors --to other --facts facts -o p.safetensors",
      "p.safetensors: is read"
    ),
    (
      "distil --quiet --from model=p.safetensors --to other --facts facts --start own.safetensors -o own.safetensors",
      "own.safetensors: is read"
    ),
    ("distil --quiet --from model=p.safetensors --to other --facts cc.csv -o cc.csv", "cc.csv: is read"),
    ("\(ask) one.jsonl --predictions one.jsonl", "one.jsonl: is read"),
    ("\(ask) facts --predictions facts/test.jsonl", "facts/test.jsonl: is read"),
    ("\(ask) facts --predictions p.safetensors", "p.safetensors: is read"),
    ("\(ask) facts --predictions model/answers", "model/answers: would be written into the model model"),
    ("\(ask) facts --vocabulary words.txt --predictions words.txt", "words.txt: is read"),
    ("convert p.safetensors -o p.safetensors", "p.safetensors: is read"),
    (
      "convert p.safetensors -o model/p.npy --model model",
      "model/p.npy: would be written into the model model"
    ),
    (
      "convert p.safetensors -o model/adapter --model model --to checkpoint",
      "would be written into the model model"
    ),
    ("experiment run mine/experiment.json -o mine", "mine/experiment.json: is read and would be overwritten"),
    ("experiment run mine/experiment.json -o model", "would be written into the model model"),
  ]

  @Test func inputsAreNeverOverwritten() throws {
    let world = try Self.world()
    let before = try world.snapshot()
    for (arguments, problem) in Self.inputs {
      for force in [[], ["--force"]] where force.isEmpty || !arguments.hasSuffix("checkpoint") {
        let outcome = try Command.run(
          arguments.split(separator: " ").map(String.init) + force, in: world.folder.url)
        #expect(outcome.status == 1, "\(arguments): \(outcome)")
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 1 && outcome.errors.contains(problem), "\(arguments): \(outcome.errors)")
      }
    }
    #expect(try world.snapshot() == before)
  }

  /// Outputs that are there already, and whether they are replaced without `--force`.
  static let outputs: [(arguments: String, output: String, isReplaced: Bool)] = [
    ("\(tune) cc.csv -o", "own.safetensors", true),
    ("\(tune) cc.csv -o", "empty", true),
    ("\(tune) cc.csv -o", "thesis.tex", false),
    ("\(tune) facts -o", "cc.csv", false),
    ("\(tune) facts -o", "answers", false),
    ("\(tune) facts -o", "other.npy", false),
    ("\(tune) facts -o", "locked.safetensors", false),
    ("\(carry) -o", "own.safetensors", true),
    ("\(carry) -o", "thesis.tex", false),
    ("\(carry) -o", "words.txt", false),
    ("\(ask) facts --predictions", "answers", true),
    ("\(ask) facts --predictions", "thesis.tex", false),
    ("\(ask) facts --predictions", "own.safetensors", false),
    ("\(ask) facts --predictions", "one.jsonl", false),
    ("distil --quiet --epochs 1 --from model=p.safetensors --to other --facts facts -o", "thesis.tex", false),
    ("convert p.safetensors -o", "own.safetensors", true),
    ("convert p.safetensors --to safetensors -o", "thesis.tex", false),
    ("convert p.safetensors -o", "other.npy", false),
  ]

  @Test(arguments: outputs)
  func onlyOwnWorkIsReplaced(_ arguments: String, _ output: String, _ isReplaced: Bool) throws {
    let world = try Self.world()
    try world.folder.write("\u{93}NUMPY", to: "other.npy")
    let place = world.folder.url.appending(path: output)
    let (before, file) = (try world.bytes(output), FileIdentity(place))
    let command = arguments.split(separator: " ").map(String.init) + [output]
    let outcome = try Command.run(command, in: world.folder.url)
    #expect(outcome.status == (isReplaced ? 0 : 1), "\(outcome)")
    if !isReplaced {
      #expect(outcome.errors.contains("\(output): is there already"), "\(outcome.errors)")
      #expect(outcome.errors.contains("--force"), "\(outcome.errors)")
      #expect(try world.bytes(output) == before)
      let forced = try Command.run(command + ["--force"], in: world.folder.url)
      #expect(forced.status == 0, "\(forced)")
    }
    #expect(FileIdentity(place) != file)
  }

  @Test func reportsReplaceReportsOnly() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      {"name": "tiny", "title": "t", "facts": "share:atlas/data", "templates": "share:atlas/relations.jsonl",
       "relations": ["capital"], "pairs": [{"sources": ["zoo:bert-tiny"], "target": "zoo:bert-tiny"}],
       "methods": [{"method": "manual"}]}
      """, to: "tiny.json")
    let notes = try folder.write("my notes", to: "mine/report.md")
    #expect(try Command.run(["experiment", "run", "tiny.json", "--quiet"], in: folder.url).status == 0)
    let report = ["experiment", "report", "tiny.json", "--to", "mine"]
    let refused = try Command.run(report, in: folder.url)
    #expect(refused.status == 1 && refused.errors.contains("report.md: is there already"), "\(refused)")
    #expect(try Data(contentsOf: notes) == Data("my notes".utf8))
    #expect(try Command.run(report + ["--force"], in: folder.url).status == 0)
    #expect(try Command.run(report, in: folder.url).status == 0)
    // What an experiment would put in its folder is there already, and someone else's.
    for name in ["cells.json", "experiment.json"] {
      let file = try folder.write("[1]", to: "theirs/\(name)")
      let run = try Command.run(["experiment", "run", "tiny.json", "-o", "theirs"], in: folder.url)
      #expect(run.status == 1 && run.errors.contains("\(name): is there already"), "\(run)")
      #expect(try Data(contentsOf: file) == Data("[1]".utf8))
      try FileManager.default.removeItem(at: file)
    }
  }

  /// A verb that works for long, what it says once it does, and what it says at its end.
  static let verbs: [(arguments: String, begun: String, kept: String)] = [
    (
      "tune --model model --epochs 100000 --facts facts -o out", "tuning on",
      "out holds the best prompt so far"
    ),
    (
      "evaluate --model zoo:bert-small --template [X]is[Y] --facts many.jsonl", "asking",
      "nothing was written"
    ),
    (
      "distil --from model=p.safetensors --to other --epochs 100000 --facts facts -o out", "distilling into",
      "out holds the best prompt so far"
    ),
    (
      "transfer --from model=p.safetensors --to other --search gradient --steps 100000000 -o out",
      "carrying to",
      "out holds what the search had reached"
    ),
    ("demo", "Tuning, carrying", "nothing was written"),
  ]

  @Test(arguments: verbs, [SIGINT, SIGTERM, SIGHUP])
  func signalsEndEveryVerb(_ verb: (arguments: String, begun: String, kept: String), _ signal: Int32) throws {
    let world = try Self.world()
    let fact = #"{"sub_label": "france number %", "obj_label": "the", "predicate_id": "capital"}"#
    let facts = (0..<100_000).map { fact.replacing("%", with: "\($0)") }.joined(separator: "\n")
    try world.folder.write(facts, to: "many.jsonl")
    let before = try world.folder.contents
    let outcome = try Command.run(
      verb.arguments.split(separator: " ").map(String.init), in: world.folder.url, timeout: 60,
      signal: Command.Signal(signal) { $0.contains(verb.begun) })
    #expect(outcome.status == 128 + signal && !outcome.timedOut, "\(verb.arguments): \(outcome)")
    #expect(outcome.errors.contains("Interrupted: \(verb.kept)"), "\(outcome.errors)")
    let isWritten = verb.kept.hasPrefix("out")
    #expect(try world.folder.contents == (before + (isWritten ? ["out"] : [])).sorted())
    if isWritten { #expect(try world.json("inspect", "out")["vectorCount"]?.int == 5) }
  }
}
