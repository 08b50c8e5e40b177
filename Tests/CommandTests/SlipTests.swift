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

  static let verbs: [Slip] = [
    Slip("tun --model model", 64, "'tun' is no verb. Did you mean 'tune'?"),
    Slip("tuen --model model", 64, "Did you mean 'tune'?"), Slip("tranfer", 64, "Did you mean 'transfer'?"),
    Slip("evalute", 64, "Did you mean 'evaluate'?"), Slip("Evaluate", 64, "Did you mean 'evaluate'?"),
    Slip("inspct p", 64, "Did you mean 'inspect'?"), Slip("covert p", 64, "Did you mean 'convert'?"),
    Slip("fecth org/name", 64, "Did you mean 'fetch'?"),
    Slip("experment run x", 64, "Did you mean 'experiment'?"),
    Slip("experiment rn zoo/quick", 64, "Did you mean 'run'?"),
    Slip("experiment stauts zoo/quick", 64, "Did you mean 'status'?"),
    Slip("experiment reprot zoo/quick", 64, "Did you mean 'report'?"),
    Slip("frobnicate", 64, "'frobnicate' is no verb. There are: tune, transfer"),
    Slip("experiment frobnicate", 64, "There are: run, submit, status, why, retry, cancel, report"),
    Slip("list model", 64, "model", "models"), Slip("list everything", 64, "everything", "methods"),
  ]

  static let options: [Slip] = [
    Slip("tune \u{2014}model model --facts facts -o new", 64, "is no hyphen: write '--model'"),
    Slip("tune --model model \u{2013}-facts=facts -o new", 64, "is no hyphen: write '--facts=facts'"),
    Slip("\(tune) facts --vocabulary=", 64, "--vocabulary is empty: give its value"),
    Slip("\(ask) -", 64, "'-' stands for no file"),
    Slip("\(ask) facts --predictions -", 64, "'-' stands for"),
    Slip("tune --model model --facts facts -o -", 64, "'-' stands for no file"),
    Slip("inspect -", 64, "'-' stands for no file"),
    Slip("\(ask) https://me:hunter2@example.com/facts.csv", 64, "address of the web", "Download the file"),
    Slip(
      "evaluate --model https://huggingface.co/org/name/tree/main --template [X][Y] --facts facts", 64,
      "address of the web", "Give the model's id: org/name"),
    Slip("fetch https://huggingface.co/datasets/org/name", 64, "Download the file"),
    Slip("fetch zoo:bert-small", 64, "ship with promptferry, and there is nothing to fetch"),
    Slip("fetch a/b/c/d", 64, "is no id of the Hub"),
    Slip("\(ask) facts --facts atlas:city", 64, "--facts is given twice, and takes one value"),
    Slip("\(tune) facts --model other", 64, "--model is given twice"),
    Slip("\(tune) facts --output other", 64, "--output is given twice"),
    Slip("\(carry) --anchors 500", 64, "how many of them are used is --anchor-count 500"),
    Slip("transfer --from model=p@two --to other -o new", 64, "model=p@two", "MODEL=PROMPT@WEIGHT"),

    Slip("tune --mdel model --facts facts -o new", 64, "Unknown option '--mdel'. Did you mean '--model'?"),
    Slip("tune --model model --fact facts -o new", 64, "--fact", "--facts"),
    Slip("\(tune) facts --epoch 3", 64, "--epoch", "--epochs"),
    Slip("\(tune) facts --learningrate 1", 64, "--learningrate", "--learning-rate"),
    Slip("\(tune) facts --lr -1", 64, "--learning-rate wants a positive number"),
    Slip("\(tune) facts --lr fast", 64, "fast", "--learning-rate"),
    Slip("\(tune) facts --learning_rate 0", 64, "--learning-rate wants a positive number"),
    Slip("\(tune) facts --batch-size 0", 64, "--batch wants a number from 1"),
    Slip("\(tune) facts --batch-size=-4", 64, "--batch wants a number from 1"),
    Slip("\(tune) facts --weight-decay -0.1", 64, "--weight-decay wants 0 or more"),
    Slip("\(tune) facts --num-train-epochs 0", 64, "--epochs wants a number from 1"),
    Slip("\(tune) facts --epochs -3", 64, "--epochs wants a number from 1"),
    Slip("\(tune) facts --epochs 1.5", 64, "1.5", "--epochs"),
    Slip("\(tune) facts --num-virtual-tokens 0", 64, "--vectors wants a number from 1 to 512"),
    Slip("\(tune) facts --num-virtual-tokens 5000", 64, "--vectors wants a number from 1 to 512"),
    Slip("\(tune) facts --vectors 5 --template [X][V][Y]", 64, "--vectors and --template exclude each other"),
    Slip("\(tune) facts --threads 0", 64, "--threads wants a number from 1 to 1024"),
    Slip("\(tune) facts --seed -1", 64, "-1", "--seed"),
    Slip("\(tune) facts --facts-limit -5", 64, "--facts-limit wants 1"),
    Slip("\(tune) facts --init vocab", 64, "vocab", "--init"),
    Slip("tune --model model --facts facts", 64, "--output"),
    Slip("tune --facts facts -o new", 64, "--model"),
    Slip("tune --model model -o new", 64, "--facts"),
    Slip("evaluate --model model --facts facts", 64, "give --prompt or --template"),
    Slip("\(ask) facts --split validation", 64, "validation", "dev"),
    Slip("\(ask) facts --split Test", 64, "Test", "test"),
    Slip("\(carry) --ridge -1", 64, "--ridge", "0 or more"),
    Slip("\(carry) --ridge nan", 64, "--ridge wants a number"),
    Slip("\(carry) --method cannonical", 64, "cannonical", "canonical, "),
    Slip("\(carry) --normalize none2", 64, "none2", "strength"),
    Slip("\(carry) --anchor-count -5", 64, "-5", "--anchor-count"),
    Slip("\(carry) --mask-top 0", 64, "--mask-top"),
    Slip("\(carry) --shrinkage 3", 64, "--shrinkage", "0 to 1"),
    Slip("\(carry) --select best", 64, "best", "words"),
    Slip("\(carry) --select dev", 64, "--select dev wants --facts"),
    Slip("\(carry) --set ridge", 64, "ridge", "--set"), Slip("\(carry) --set rigde=1", 64, "rigde"),
    Slip("transfer --from model p --to other -o new", 64, "model", "MODEL=PROMPT"),
    Slip("transfer --from p --to other -o new", 64, "MODEL=PROMPT"),
    Slip("transfer --to other -o new", 64, "--from"), Slip("transfer --from model=p -o new", 64, "--to"),
    Slip("transfer --from model=p@0 --to other -o new", 64, "model=p@0"),
    Slip("convert p -o new --to onnx", 64, "onnx", "safetensors"), Slip("convert p", 64, "--output"),
    Slip("convert p -o new", 64, "--model is missing"),
    Slip("convert p -o new.npy --rows -1", 64, "--rows wants a number"),
    Slip("inspect", 64, "what"), Slip("inspect a b c", 64, "give one model or prompt, or two models"),
    Slip("fetch", 64, "id"), Slip("distil --to other --facts facts -o new", 64, "--from"),
    Slip(
      "distill --from model=p --to other --facts facts -o new --temperature -1", 64,
      "--temperature wants a positive"),
    Slip("experiment run", 64, "config"), Slip("experiment report", 64, "configs"),
  ]

  static let places: [Slip] = [
    Slip("\(ask) atlas/capital", 1, "atlas/capital: is not there", "as atlas:capital"),
    Slip(
      "evaluate --model zoo/bert-tiny --template [X][Y] --facts facts", 1, "zoo/bert-tiny: is no folder here",
      "is zoo:bert-tiny"),
    Slip(
      "evaluate --model org/nothing/ --template [X][Y] --facts facts", 1,
      "org/nothing: is no folder here; as a Hub id"),
    Slip("inspect atlas:capital", 1, "atlas:capital: is no model and no prompt", "evaluate"),
    Slip("inspect task:topic", 1, "task:topic: is no model and no prompt"),
    Slip("inspect semicolons.csv", 1, "semicolons.csv: is no model and no prompt"),
    Slip("experiment run quick", 1, "quick: is no configuration. Of those that ship it may be zoo/quick"),
    Slip("experiment status zoo/quick.json", 1, "it may be zoo/quick"),
    Slip("experiment status seeds", 1, "it may be hub/seeds or zoo/seeds"),
    Slip("tune --model model --facts tables -o new", 1, "tables: holds no train.jsonl", "tables/train.csv"),
    Slip(
      "experiment status paths.json", 1, "lists/words.txt: is not there", "names as its vocabulary",
      "the folder where the command is run"),
    Slip("experiment run models.json", 1, "models/one.gguf: is not there", "names as a model"),

    Slip("\(ask) nowhere", 1, "nowhere: is not there", "Facts are a folder"),
    Slip("\(ask) nowhere.csv", 1, "nowhere.csv: is not there"),
    Slip("\(ask) nowhere.jsonl", 1, "nowhere.jsonl: is not there"),
    Slip("\(ask) nowhere.json", 1, "nowhere.json: is not there"),
    Slip("\(ask) nowhere.xlsx", 1, "nowhere.xlsx: is not there"),
    Slip("\(ask) atlas:captial", 1, "atlas:captial: is not there. There are:", "capital"),
    Slip("\(ask) task:topics", 1, "task:topics: is not there. There are:", "topic"),
    Slip("\(ask) facts --vocabulary nowhere.txt", 1, "nowhere.txt: is not there"),
    Slip("\(ask) facts --vocabulary facts", 1, "facts: is not a regular file but a folder"),
    Slip("\(ask) facts --vocabulary empty.txt", 1, "empty.txt: holds no words"),
    Slip("\(ask) facts --predictions nowhere/out", 1, "nowhere/out: cannot be created", "folder exists"),
    Slip("\(ask) facts --predictions facts", 1, "facts: is a folder"),
    Slip("\(ask) empty", 1, "empty: holds no test.jsonl"),
    Slip("\(ask) model", 1, "model: holds no test.jsonl"),
    Slip("\(ask) facts/", 0, "3 facts"),
    Slip("evaluate --model model --prompt nowhere --facts facts", 1, "nowhere: is not there"),
    Slip(
      "evaluate --model model --prompt empty --facts facts", 1,
      "empty: holds no prompt for the relations of facts"),
    Slip(
      "evaluate --model model --prompt words.txt --facts facts", 1, "words.txt: states a header",
      "damaged or no safetensors file"),
    Slip(
      "evaluate --model p --template [X][Y] --facts facts", 1, "p: is a file, where a model's folder belongs"),
    Slip(
      "evaluate --model model/config.json --template [X][Y] --facts facts", 1,
      "is a file, where a model's folder belongs"),
    Slip(
      "evaluate --model model/model.safetensors --template [X][Y] --facts facts", 1,
      "where a model's folder belongs"),
    Slip("evaluate --model ./nowhere --template [X][Y] --facts facts", 1, "nowhere: is not there"),
    Slip(
      "evaluate --model facts --template [X][Y] --facts facts", 1,
      "facts/config.json: is not there: the folder holds no model"),
    Slip("evaluate --model nowhere.gguf --template [X][Y] --facts facts", 1, "nowhere.gguf: is not there"),
    Slip(
      "evaluate --model zoo:bert --template [X][Y] --facts facts", 1, "zoo:bert: is not there. There are:",
      "bert-small"),
    Slip(
      "evaluate --model org/nothing --template [X][Y] --facts facts", 1,
      "org/nothing: is no folder here; as a Hub id"),
    Slip("\(carry)/", 1, "p: is no folder of prompts", "The output is a folder"),
    Slip("transfer --from model=nowhere --to other -o new", 1, "nowhere: is not there"),
    Slip("transfer --from model=model --to other -o new", 1, "model: is not a regular file but a folder"),
    Slip("transfer --from nowhere=p --to other -o new", 1, "nowhere: is no folder here"),
    Slip("transfer --from other=p --to model -o new", 1, "does not belong to other", "Give the model"),
    Slip("\(carry) --anchors nowhere.txt", 1, "nowhere.txt: is not there"),
    Slip("\(carry) --anchors foreign.txt", 1, "anchors: the models share 0 words"),
    Slip("\(tune) facts --init prompt:nowhere", 1, "nowhere: is not there"),
    Slip("\(tune) facts --init template:", 1, "has no [X]"),
    Slip("tune --model model --facts facts -o facts", 1, "facts: is a folder"),
    Slip("tune --model model --facts facts -o nowhere/new", 1, "nowhere/new: cannot be created"),
    Slip("tune --model model --facts facts --facts facts -o new", 64, "several --facts want a folder"),
    Slip("inspect nowhere.safetensors", 1, "nowhere.safetensors: is not there"),
    Slip("inspect words.txt", 1, "words.txt: states a header", "damaged or no safetensors file"),
    Slip("inspect empty", 1, "config.json: is not there: the folder holds no model"),
    Slip("convert nowhere -o new.npy", 1, "nowhere: is not there"),
    Slip("convert model -o new.npy", 1, "model: is not a regular file but a folder"),
    Slip("convert p -o facts --model model", 1, "facts: is there already and not an empty folder"),
    Slip("fetch nowhere", 1, "nowhere"),
    Slip("experiment run nowhere", 1, "nowhere: is no configuration", "zoo/quick"),
    Slip("experiment run facts", 1, "facts: is not a regular file but a folder"),
    Slip("experiment report zoo/quick -o empty", 1, "has no results yet. Run it first"),
  ]

  static let contents: [Slip] = [
    Slip("\(ask) ragged.csv", 1, "ragged.csv, line 2: has 3 columns where the first line names 2", "quotes"),
    Slip("\(ask) filled.csv", 0, "1 facts"),
    Slip("\(ask) twice.csv", 1, "twice.csv: has the column subject twice"),
    Slip("\(ask) fact.json", 1, "fact.json: holds a fact", ".jsonl"),
    Slip("\(ask) facts.txt", 1, "facts.txt, line 1: invalid JSON", "one JSON object a line"),
    Slip("\(tune) facts --template [X][V]5[Y]", 1, "5 vectors are [V]*5"),
    Slip(
      "\(carry) --select agreement --subjects filled.csv", 1, "there are none, neither for development",
      "fewer than three"),

    Slip("\(ask) array.json", 1, "array.json: is a JSON array", "jq"),
    Slip("\(ask) array.jsonl", 1, "array.jsonl: is a JSON array", "jq"),
    Slip("\(ask) table.xlsx", 1, "table.xlsx: is an Excel workbook", "Save it as CSV"),
    Slip("\(ask) renamed.csv", 1, "renamed.csv: is an Excel workbook or an archive", "Save it as CSV"),
    Slip("\(ask) facts.parquet", 1, "facts.parquet: is a Parquet file"),
    Slip("\(ask) facts.jsonl.gz", 1, "is compressed", "Unpack it first"),
    Slip(
      "\(ask) semicolons.csv", 1, "has semicolons between its columns, where commas are read",
      "Save it with commas"),
    Slip("\(ask) tabs.csv", 1, "has tabs between its columns", "ending .tsv"),
    Slip("\(ask) commas.tsv", 1, "has commas between its columns", "Save it with tabs"),
    Slip(
      "\(ask) headers.csv", 1, "has no column subject in its first line, which names sub, obj",
      "Name the columns"),
    Slip("\(ask) objects.csv", 1, "has no column object in its first line, which names subject, answer"),
    Slip("\(tune) objects.csv", 1, "has no column object"),
    Slip("\(ask) onlyheader.csv", 1, "onlyheader.csv: has no rows"),
    Slip("\(ask) empty.csv", 1, "empty.csv: is empty"),
    Slip("\(ask) empty.jsonl", 1, "empty.jsonl: holds no facts"),
    Slip("\(ask) latin.csv", 1, "latin.csv: cannot be read as UTF-8 text. Save the table as CSV in UTF-8"),
    Slip("\(ask) hole.csv", 1, "hole.csv, line 3: the subject is missing"),
    Slip("\(ask) quote.csv", 1, "quote.csv, line 2: a quoted column that never ends"),
    Slip("\(ask) fields.jsonl", 1, "fields.jsonl, line 1: the field sub_label is missing"),
    Slip("\(ask) broken.jsonl", 1, "broken.jsonl, line 2: invalid JSON"),
    Slip("\(ask) pointer.jsonl", 1, "is a Git LFS pointer", "git lfs pull"),
    Slip("\(ask) unknown.json", 1, "unknown.json: has the unknown key \"nmae\". Known are name"),
    Slip(
      "\(ask) format.json", 1, "format.json, format: is \"jsonlines\". Known are label-text, jsonl, tsv, csv"),
    Slip("\(ask) facts --vocabulary foreign.txt", 1, "none of the 3 facts can be asked"),
    Slip("evaluate --model model --template [Y] --facts facts", 1, "has no [X]"),
    Slip("evaluate --model model --template [X] --facts facts", 1, "has no [Y]"),
    Slip(
      "evaluate --model model --template [X][V][Y] --facts facts", 1,
      "has prompt vectors. Give the prompt with --prompt"),
    Slip("\(tune) facts --template [X][Y]", 1, "has no prompt vectors"),
    Slip(
      "experiment status kinds.json", 1,
      "kinds.json, figures[0].kind: is \"barchart\"; there are: comparison, matrix, curve, scatter"),
    Slip("experiment status axis.json", 1, "axis.json, figures[0].x: is \"width\"; there are: anchorCount"),
    Slip(
      "experiment status methods.json", 1,
      "methods.json, methods[0].method: is no method; there are: canonical"),
    Slip("experiment status keys.json", 1, "keys.json: unknown key \"paris\"; there are:"),
    Slip("experiment status missing.json", 1, "missing.json, title: is missing"),
    Slip("experiment status array.json", 1, "array.json: wants an object"),
  ]

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
