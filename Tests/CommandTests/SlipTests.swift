import Foundation
import TestSupport
import Testing

/// The slips of a first day: each is answered by one line that says what is wrong, where, and what to do.
@Suite struct SlipTests {
  /// A command, its exit status, and parts of what it says.
  struct Slip: Sendable, CustomTestStringConvertible {
    let command: String
    let status: Int32
    let says: [String]
    var testDescription: String { command }

    init(_ command: String, _ status: Int32, _ says: String...) {
      (self.command, self.status, self.says) = (command, status, says)
    }
  }

  static let ask = "evaluate --model model --template [X]is[Y] --facts"
  static let tune = "tune --model model --epochs 1 -o new --facts"
  static let carry = "transfer --from model=p --to other -o new"

  private static func world() throws -> World {
    let world = try World()
    let folder = world.folder
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    let texts = [
      "array.json": #"[{"sub_label": "a", "obj_label": "b"}]"#, "array.jsonl": "[\n{\"sub_label\": \"a\"}\n]",
      "table.xlsx": "PK\u{3}\u{4}", "renamed.csv": "PK\u{3}\u{4}", "facts.parquet": "PAR1",
      "facts.jsonl.gz": "x",
      "semicolons.csv": "subject;object\nfrance;paris\n", "tabs.csv": "subject\tobject\nfrance\tparis\n",
      "commas.tsv": "subject,object\nfrance,paris\n", "headers.csv": "sub,obj\nfrance,paris\n",
      "objects.csv": "subject,answer\nfrance,paris\n", "onlyheader.csv": "subject,object\n", "empty.csv": "",
      "empty.jsonl": "", "empty.txt": "\n", "foreign.txt": "zzz\nyyy\n",
      "hole.csv": "subject,object\na,b\n,c\n",
      "quote.csv": "subject,object\n\"a,b\n", "fields.jsonl": #"{"subject": "a", "object": "b"}"#,
      "broken.jsonl": "{\"sub_label\": \"a\", \"obj_label\": \"b\"}\n{sub_label: 1}\n",
      "pointer.jsonl": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
      "unknown.json": #"{"nmae": "x"}"#,
      "format.json": #"{"name": "x", "format": "jsonlines"}"#, "empty/note": "",
      "kinds.json": grid(#""methods": [{"method": "linear"}], "figures": [{"kind": "barchart"}]"#),
      "axis.json": grid(#""methods": [{"method": "linear"}], "figures": [{"kind": "curve", "x": "width"}]"#),
      "methods.json": grid(#""methods": [{"method": "cannonical"}]"#),
      "keys.json": grid(#""paris": [], "methods": [{"method": "linear"}]"#),
      "missing.json": #"{"name": "x"}"#,
      "ragged.csv": "subject,object\nfrance,paris,x\n", "filled.csv": "subject,object\nfrance,paris,,\n",
      "twice.csv": "subject,subject,object\nfrance,x,paris\n",
      "long.csv": "subject,object\n\(String(repeating: "the ", count: 100)),paris\n",
      "fact.json": #"{"sub_label": "france", "obj_label": "paris"}"#, "facts.txt": "france paris\n",
      "tables/train.csv": "subject,object\nfrance,paris\n",
      "paths.json": grid(#""vocabulary": "lists/words.txt", "methods": [{"method": "linear"}]"#),
      "models.json": grid(#""methods": [{"method": "linear"}]"#, model: "models/one.gguf"),
      "t": #"{"relation": "facts", "template": "[X] is [Y] ."}"#,
    ]
    for (name, text) in texts { try folder.write(text, to: name) }
    try folder.write(Data("subject,object\nn".utf8) + Data([0xE9]), to: "latin.csv")
    return world
  }

  private static func grid(_ rest: String, model: String = "model") -> String {
    #"{"name": "n", "title": "t", "facts": "facts", "templates": "t", "pairs": [{"sources": ["\#(model)"], "target": "other"}], "#
      + rest + "}"
  }

  /// Every one in one folder, which no slip changes.
  @Test func everySlipIsAnswered() throws {
    let world = try Self.world()
    let before = try world.snapshot()
    let slips = Self.verbs + Self.options + Self.places + Self.contents
    #expect(slips.count >= 120)
    for slip in slips {
      let outcome = try Command.run(
        slip.command.split(separator: " ").map(String.init), in: world.folder.url, timeout: 60)
      #expect(outcome.status == slip.status, "\(slip.command): \(outcome)")
      let said = outcome.status == 0 ? outcome.output : outcome.errors
      for part in slip.says { #expect(said.contains(part), "\(slip.command): \(said)") }
      if slip.status == 1 { #expect(said.split(separator: "\n").count == 1, "\(slip.command): \(said)") }
      if slip.status != 0 { #expect(outcome.output.isEmpty, "\(slip.command): \(outcome.output)") }
    }
    #expect(try world.snapshot() == before)
  }

  /// A folder that was removed while a shell was in it.
  @Test func aFolderThatIsGoneIsSaid() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      [
        "-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" \"$@\"", Command.executable.path, "tune",
        "--model", "zoo:bert-tiny", "--facts", "atlas:city", "--epochs", "1", "-o", "new",
      ], in: folder.url, timeout: 20, executable: URL(filePath: "/bin/sh"))
    #expect(outcome.status == 1 && !outcome.timedOut, "\(outcome)")
    #expect(outcome.errors.contains("new: cannot be created"), "\(outcome.errors)")
  }

  @Test func theVersionIsSaidHoweverItIsAsked() throws {
    let outcomes = try ["version", "--version"].map { try Command.run([$0]) }
    #expect(outcomes.allSatisfy { $0.status == 0 && $0.output.hasPrefix("promptferry ") }, "\(outcomes)")
  }

  /// Other programs' names, and numbers below zero, mean what they mean.
  @Test(arguments: [
    (
      "train --model-name-or-path model --dataset facts --lr 0.01 --batch-size 2 --num-epochs 1 --output-file new",
      "dev accuracy"
    ),
    ("tune --model model --facts facts --num-virtual-tokens 3 --epochs 1 -o new", "dev accuracy"),
    (
      "tune --model model --facts facts --num_virtual_tokens=3 --batch_size=2 --epochs 1 -o new",
      "dev accuracy"
    ),
    ("distill --from model=p --to other --facts facts --lr 0.001 --epochs 1 -o new", "dev divergence"),
    ("eval --model model --prompt p --facts facts", "micro accuracy"), ("show p", "vectors"),
    ("ls methods", "canonical"),
  ])
  func othersNamesAreUnderstood(_ command: String, _ says: String) throws {
    let world = try Self.world()
    let outcome = try Command.run(command.split(separator: " ").map(String.init), in: world.folder.url)
    #expect(outcome.status == 0 && outcome.output.contains(says), "\(outcome)")
    if command.contains("virtual") { #expect(try world.json("inspect", "new")["vectorCount"]?.int == 3) }
  }
}
