import Checkpoints
import Foundation
import Tensors
import TestSupport

/// Names and texts.
extension Attack {
  static func names(_ draw: inout Draw) throws -> Attack {
    let text = draw.one(texts)
    let (json, argument) = (quoted(text), text.replacing("\0", with: ""))
    let line = argument.replacing("\n", with: " ")
    let hostile: [Attack] = [
      Attack(
        arguments: ask + ["f.jsonl"],
        prepare: write(#"{"sub_label": "france", "obj_label": "paris", "predicate_id": \#(json)}"#, "f.jsonl")
      ),
      Attack(
        arguments: ask + ["f.jsonl"],
        prepare: write(#"{"sub_label": \#(json), "obj_label": \#(json)}"#, "f.jsonl")),
      Attack(arguments: ask + ["f.csv"], prepare: write("\(line),object\na,b\n", "f.csv")),
      Attack(
        arguments: ask + ["f.csv"],
        prepare: write("subject,object,relation\n\(line),paris,\(line)\n", "f.csv")),
      Attack(
        arguments: ["tune", "--model", "model", "--facts", "f.csv", "--epochs", "1", "-o", "out/"],
        prepare: write("subject,object,relation\nfrance,paris,\(line)\nitaly,rome,\(line)\n", "f.csv")),
      Attack(
        arguments: ask + ["facts", "--vocabulary", "w.txt"], prepare: write(argument + "\nparis\n", "w.txt")),
      Attack(
        arguments: carry + ["--anchors", "w.txt"], prepare: write(argument + "\nparis\nrome\n", "w.txt")),
      Attack(arguments: ["evaluate", "--model", "model", "--template", argument, "--facts", "facts"]),
      Attack(arguments: ask + [argument]), Attack(arguments: ask + [argument + ".csv"]),
      Attack(arguments: ask + ["facts", "--predictions", argument]),
      Attack(arguments: ask + ["facts", "--" + argument, "1"]),
      Attack(arguments: ["inspect", argument]), Attack(arguments: ["fetch", argument]),
      Attack(arguments: ["list", argument]), Attack(arguments: [argument]),
      Attack(arguments: ["experiment", "status", argument]),
      Attack(arguments: ["convert", argument, "-o", "q.npy"]),
      Attack(arguments: ["convert", "p", "-o", "q", "--to", argument]),
      Attack(arguments: ["transfer", "--from", "model=p", "--to", argument, "-o", "q"]),
      Attack(arguments: ["transfer", "--from", argument, "--to", "other", "-o", "q"]),
      Attack(arguments: carry + ["--method", argument]), Attack(arguments: carry + ["--set", argument]),
      Attack(arguments: tune + ["--init", argument]),
      Attack(
        arguments: ["inspect", "model"],
        prepare: edited("model/config.json", "\"bert\"", json)),
      Attack(
        arguments: ask + ["facts"], prepare: edited("model/config.json", "\"gelu\"", json)),
      Attack(
        arguments: ["inspect", "model"],
        prepare: { folder in
          var checkpoint = TinyCheckpoint(vocabulary: 16, positions: 96)
          checkpoint.tensors[text] = Matrix(rows: 1, columns: 1)
          try checkpoint.write(to: folder.appending(path: "model"))
        }),
      Attack(
        arguments: ["inspect", "named"],
        prepare: { folder in
          let metadata = [
            "format": "promptferry.prompt", "version": "1", "space": "embedding-row", "model": text,
            text: text,
            "template": "[X] [V]*5 [Y] \(text)", "embeddingSHA256": String(repeating: "0", count: 64),
          ]
          let vectors = ["vectors": Matrix(rows: 5, columns: 8, Array(repeating: 0.1, count: 40))]
          try SafetensorsFile.serialize(vectors, metadata: metadata).write(
            to: folder.appending(path: "named"))
        }),
      Attack(
        arguments: ["tune", "--model", "model", "--facts", "task.json", "--epochs", "1", "-o", "out/"],
        prepare: edited("task.json", "\"task\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"a\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"is\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"t.jsonl\"", json)),
      Attack(arguments: ask + ["task.json"], prepare: edited("task.json", "\"name\"", json)),
      Attack(
        arguments: ["inspect", "adapter"],
        prepare: edited("adapter/adapter_config.json", "\"CAUSAL_LM\"", json)),
      Attack(
        arguments: ["inspect", "adapter"],
        prepare: edited("adapter/adapter_config.json", "\"PROMPT_TUNING\"", json)),
      Attack(
        arguments: ["experiment", "run", "grid.json", "-o", "out"],
        prepare: { folder in
          try AttackWorld.grid(text, text).write(
            to: folder.appending(path: "grid.json"), atomically: true, encoding: .utf8)
        }),
      Attack(
        arguments: ["experiment", "status", "grid.json"], prepare: edited("grid.json", "\"grid\"", json)),
      Attack(
        arguments: ["experiment", "run", "grid.json"], prepare: edited("grid.json", "\"relations\"", json)),
      Attack(
        arguments: ["inspect", "model"], prepare: write("[PAD]\n\(argument)\n[UNK]\n", "model/vocab.txt")),
      Attack(
        arguments: ask + ["facts"],
        prepare: write(#"{"tokenizer_class": \#(json)}"#, "model/tokenizer_config.json")),
    ]
    var attack = draw.one(hostile)
    attack.name = "\(text.prefix(20).debugDescription)"
    return attack
  }

  /// A file with the first of two texts replaced by the second.
  static func edited(_ path: String, _ from: String, _ to: String) -> @Sendable (URL) throws -> Void {
    { folder in
      let file = folder.appending(path: path)
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing(from, with: to).utf8).write(to: file)
    }
  }
}
