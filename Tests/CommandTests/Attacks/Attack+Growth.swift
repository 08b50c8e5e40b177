import Foundation
import TestSupport

/// Work that grows faster than its input.
extension Attack {
  static func growth(_ draw: inout Draw) throws -> Attack {
    let size = 1 << (14 + draw.pick(6))
    func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
    func file(_ name: String, _ text: String, _ command: [String]) -> Attack {
      Attack(
        name: name, arguments: command, prepare: { try Data(text.utf8).write(to: $0.appending(path: name)) })
    }
    let mark = "a" + times("\u{301}", size)
    let tensors = (0..<size / 16).map { RawSafetensors.entry("t\($0)", "F32", "[0]", 0, 0) }
    let lists =
      #""seeds": [\#((0..<size / 4).map(String.init).joined(separator: ","))], "#
      + #""vectorCounts": [\#((1..<500).map(String.init).joined(separator: ","))],"#
    let labels = (0..<size).map { "\"\($0)\": \"w\($0)\"" }.joined(separator: ", ")
    var attack = draw.one([
      file(
        "many.json",
        #"{"name": "t", "format": "jsonl", "fields": ["t"], "label": "l", "labels": {\#(labels)}, "#
          + #""template": "[X] [V] [Y]", "splits": {"test": "t.jsonl", "train": "t.jsonl"}}"#,
        ask + ["many.json"]),
      Attack(arguments: [
        "evaluate", "--model", "model", "--facts", "facts", "--template", times("[", 100_000),
      ]),
      Attack(arguments: [
        "evaluate", "--model", "model", "--facts", "facts", "--template", "[X] [Y]" + times("[V]", 30_000),
      ]),
      Attack(arguments: [
        "evaluate", "--model", "model", "--facts", "facts", "--template",
        "[X] [Y] " + "a" + times("\u{301}", 50_000),
      ]),
      Attack(arguments: carry + (0..<5000).map { "--set=a\($0)=1" }),
      file("task.json", times("[", size), ask + ["task.json"]),
      file("task.json", "{" + times("\"a\": {", size) + times("}", size + 1), ask + ["task.json"]),
      file("task.json", #"{"name": "\#(times("\\u00e9", size))"}"#, ask + ["task.json"]),
      file("task.json", "{\"a\": " + times("9", size) + "}", ask + ["task.json"]),
      file(
        "task.json", "{" + (0..<size / 8).map { "\"\($0)\": 1" }.joined(separator: ",") + "}",
        ask + ["task.json"]),
      file("f.jsonl", times(#"{"sub_label": "a", "obj_label": "b"}"# + "\n", size / 8), ask + ["f.jsonl"]),
      file("f.jsonl", #"{"sub_label": "\#(times("a ", size))", "obj_label": "paris"}"#, ask + ["f.jsonl"]),
      file("f.jsonl", #"{"sub_label": "\#(mark)", "obj_label": "paris"}"#, ask + ["f.jsonl"]),
      file(
        "f.csv", "subject,object\n" + (0..<size / 4).map { "s\($0),paris" }.joined(separator: "\n"),
        ask + ["f.csv"]),
      file("f.csv", "subject,object\na,\"" + times("x\n", size), ask + ["f.csv"]),
      file("f.csv", times("subject,", size) + "object\n", ask + ["f.csv"]),
      file(
        "w.txt", (0..<size).map { "w\($0)" }.joined(separator: "\n"),
        ask + ["facts", "--vocabulary", "w.txt"]),
      file(
        "w.txt", (0..<size).map { "w\($0)" }.joined(separator: "\n") + "\nparis",
        carry + ["--anchors", "w.txt"]),
      file("w.txt", mark + "\nparis", ask + ["facts", "--vocabulary", "w.txt"]),
      file(
        "model/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" + (0..<size).map { "w\($0)\n" }.joined(),
        ask + ["facts"]),
      file("model/vocab.txt", times("[UNK]\n", size), ask + ["facts"]),
      Attack(
        arguments: ["inspect", "p"],
        prepare: {
          try RawSafetensors.file("{" + tensors.joined(separator: ",") + "}").write(
            to: $0.appending(path: "p"))
        }),
      Attack(
        arguments: ["experiment", "status", "grid.json"],
        prepare: { folder in
          let text = AttackWorld.grid("linear", "capital").replacing("\"pairs\"", with: lists + " \"pairs\"")
          try Data(text.utf8).write(to: folder.appending(path: "grid.json"))
        }),
    ])
    attack.name = "\(attack.name) of \(size)"
    return attack
  }
}
