import Foundation

/// Parts of `tokenizer.json`.
extension Attack {
  static func tokenizers(_ draw: inout Draw) throws -> Attack {
    let expression = quoted(
      draw.one([
        "(a+)+$", #"(\w*)*x"#, "(a|a)*b", "(.*)*$", "(?:a?){60}a{60}", #"(\w+\s?)*!"#, "[", "(?R)",
        "a{99999999999}",
        String(repeating: "(", count: 3000),
        String(repeating: "(a?", count: 400) + String(repeating: ")", count: 400),
        "x*", "", "\\", #"\p{Foo}"#, "(?<a>b)\\k<a>", #"\X+"#, "(?i)ſ+", ".", "$^",
      ]))
    let text = quoted(draw.one(texts))
    let number = draw.one(numbers)
    let step = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
    let part = draw.one([
      #""pre_tokenizer": {"type": "Split", "pattern": {"Regex": \#(expression)}, "behavior": "Isolated", "invert": false}"#,
      #""normalizer": {"type": "Replace", "pattern": {"Regex": \#(expression)}, "content": "b"}"#,
      #""normalizer": {"type": "Replace", "pattern": {"String": \#(text)}, "content": \#(text)}"#,
      #""normalizer": {"type": "Prepend", "prepend": \#(text)}"#,
      #""normalizer": {"type": "Sequence", "normalizers": [\#(Array(repeating: step, count: 40).joined(separator: ","))]}"#,
      #""normalizer": \#(String(repeating: #"{"type": "Sequence", "normalizers": ["#, count: 400))\#(String(repeating: "]}", count: 400))"#,
      #""added_tokens": [{"id": \#(number), "content": \#(text), "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}]"#,
      #""pre_tokenizer": {"type": "Metaspace", "replacement": \#(text), "prepend_scheme": "always"}"#,
      #""post_processor": {"type": "BertProcessing", "sep": [\#(text), \#(number)], "cls": ["[CLS]", 2]}"#,
      #""decoder": {"type": "WordPiece", "prefix": \#(text), "cleanup": true}"#,
    ])
    let vocabulary = draw.chance(4) ? #", "x": \#(number)"# : ""
    let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + World.words
    let entries = words.enumerated().map { "\(quoted($1)): \($0)" }.joined(separator: ", ")
    let file =
      #"{"version": "1.0", "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": {\#(entries)\#(vocabulary)}}, \#(part)}"#
    let word = String(repeating: "a", count: 5000)
    return Attack(
      name: "\(part.prefix(120)) \(vocabulary)",
      arguments: draw.one([
        ask + ["facts"], ask + ["long.jsonl"], ["inspect", "model"], carry,
        ["evaluate", "--model", "model", "--template", word + " [X] is [Y]", "--facts", "facts"],
      ]),
      prepare: { folder in
        try Data(file.utf8).write(to: folder.appending(path: "model/tokenizer.json"))
        try Data(#"{"sub_label": "\#(word)", "obj_label": "paris"}"#.utf8).write(
          to: folder.appending(path: "long.jsonl"))
      })
  }
}
