import Foundation
import Testing
import Tokenization

/// Files that cannot be used: each gives one `TokenizationError` of one line that says where and what.
@Suite struct BadFilesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: String]
    /// What the message must contain.
    let says: [String]
    var testDescription: String { name }
  }

  private static let wordPiece = #"{"type":"WordPiece","vocab":{"[UNK]":0,"a":1},"unk_token":"[UNK]"}"#

  private static func json(_ model: String, _ rest: String = "") -> [String: String] {
    ["tokenizer.json": #"{"version":"1.0","model":\#(model)\#(rest)}"#]
  }

  private static func bpe(_ vocab: String, _ merges: String, _ rest: String = "") -> [String: String] {
    json(#"{"type":"BPE","vocab":\#(vocab),"merges":\#(merges)\#(rest)}"#)
  }

  private static func part(_ part: String) -> [String: String] { json(wordPiece, "," + part) }

  private static func added(_ tokens: String) -> [String: String] { part(#""added_tokens":[\#(tokens)]"#) }

  /// Forty times a becomes aa.
  private static let doubling: String = {
    let one = #"{"type":"Replace","pattern":{"String":"a"},"content":"aa"}"#
    let all = Array(repeating: one, count: 40).joined(separator: ",")
    return #""normalizer":{"type":"Sequence","normalizers":[\#(all)]}"#
  }()

  static let cases: [Case] = [
    Case(name: "empty folder", files: [:], says: ["expected tokenizer.json", "found none of them"]),
    Case(
      name: "merges without vocabulary", files: ["merges.txt": "a b\n"],
      says: ["vocab.json", "found no file"]),
    Case(
      name: "vocabulary without merges", files: ["vocab.json": "{}"], says: ["merges.txt", "found no file"]),
    Case(
      name: "no JSON", files: ["tokenizer.json": "<html>"],
      says: ["tokenizer.json", "invalid JSON at byte 0"]),
    Case(
      name: "truncated", files: ["tokenizer.json": #"{"model":{"ty"#], says: ["invalid JSON", "truncated"]),
    Case(name: "not an object", files: ["tokenizer.json": "[]"], says: ["expected an object"]),
    Case(name: "version", files: ["tokenizer.json": #"{"version":"2.0"}"#], says: ["version", "2.0"]),
    Case(name: "no model", files: ["tokenizer.json": "{}"], says: ["model", "found nothing"]),
    Case(
      name: "model", files: json(#"{"type":"CharLM"}"#),
      says: ["model.type", "CharLM", "WordPiece, BPE, Unigram"]),
    Case(name: "model a number", files: json("7"), says: ["model"]),
    Case(
      name: "normalizer", files: part(#""normalizer":{"type":"Shout"}"#),
      says: ["normalizer.type", "\"Shout\"", "BertNormalizer", "not supported"]),
    Case(
      name: "normalizer in a sequence",
      files: part(#""normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Shout"}]}"#),
      says: ["normalizer.normalizers[1].type", "\"Shout\""]),
    Case(
      name: "normalizer flag", files: part(#""normalizer":{"type":"BertNormalizer","clean_text":"yes"}"#),
      says: ["normalizer.clean_text", "true or false", "yes"]),
    Case(
      name: "normalizers that double", files: part(doubling),
      says: ["normalizer.normalizers", "grow less than 4096 times"]),
    Case(
      name: "a long text before every word",
      files: part(
        #""normalizer":{"type":"Prepend","prepend":"\#(String(repeating: "a", count: 5000))"}"#),
      says: ["normalizer.prepend", "at most 4096"]),
    Case(
      name: "replace by no regex",
      files: part(#""normalizer":{"type":"Replace","pattern":{"Regex":"(a"},"content":" "}"#),
      says: ["normalizer.pattern.Regex", "regular expression", "(a"]),
    Case(
      name: "pre-tokenizer", files: part(#""pre_tokenizer":{"type":"Chop"}"#),
      says: ["pre_tokenizer.type", "\"Chop\""]),
    Case(
      name: "post-processor", files: part(#""post_processor":{"type":"Wrap"}"#),
      says: ["post_processor.type", "\"Wrap\""]),
    Case(
      name: "post-processor with an id that no token has",
      files: part(#""post_processor":{"type":"BertProcessing","cls":["a",1],"sep":["b",9]}"#),
      says: ["post_processor", "9"]),
    Case(
      name: "template without its sequence",
      files: part(#""post_processor":{"type":"TemplateProcessing","single":[],"special_tokens":{}}"#),
      says: ["post_processor.single"]),
    Case(
      name: "template with an undefined token",
      files: part(
        #""post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}}],"special_tokens":{}}"#
      ),
      says: ["post_processor.special_tokens.x", "found nothing"]),
    Case(name: "decoder", files: part(#""decoder":{"type":"Guess"}"#), says: ["decoder.type", "\"Guess\""]),
    Case(name: "component without type", files: part(#""decoder":{}"#), says: ["decoder.type"]),
    Case(
      name: "no unknown token", files: json(#"{"type":"WordPiece","vocab":{"a":0}}"#),
      says: ["[UNK]", "found none"]),
    Case(
      name: "word limit",
      files: json(#"{"type":"WordPiece","vocab":{"[UNK]":0},"max_input_chars_per_word":-1}"#),
      says: ["max_input_chars_per_word"]),
    Case(name: "negative id", files: bpe(#"{"a":-1}"#, "[]"), says: ["model.vocab.a", "found -1"]),
    Case(name: "huge id", files: bpe(#"{"a":4194304}"#, "[]"), says: ["model.vocab.a", "4194304"]),
    Case(name: "id beyond Int", files: bpe(#"{"a":99999999999999999999}"#, "[]"), says: ["model.vocab.a"]),
    Case(name: "id no integer", files: bpe(#"{"a":0.5}"#, "[]"), says: ["model.vocab.a", "0.5"]),
    Case(name: "id null", files: bpe(#"{"a":null}"#, "[]"), says: ["model.vocab"]),
    Case(name: "id twice", files: bpe(#"{"a":3,"b":3}"#, "[]"), says: ["model.vocab.b", "3", "\"a\""]),
    Case(name: "token twice", files: bpe(#"{"a":3,"a":4}"#, "[]"), says: ["invalid JSON", "\"a\""]),
    Case(name: "vocabulary an array", files: bpe("[]", "[]"), says: ["model.vocab", "an array of 0"]),
    Case(name: "no merges", files: bpe(#"{"a":0}"#, "null"), says: ["model"]),
    Case(
      name: "merge of a token that is missing", files: bpe(#"{"a":0,"b":1,"ab":2}"#, #"["a b","a c"]"#),
      says: ["model.merges[1]", "\"c\"", "different models"]),
    Case(
      name: "merge into a token that is missing", files: bpe(#"{"a":0,"b":1}"#, #"[["a","b"]]"#),
      says: ["model.merges[0]", "\"ab\""]),
    Case(
      name: "merge of three", files: bpe(#"{"a":0}"#, #"["a a a"]"#),
      says: ["model.merges[0]", "a space between"]),
    Case(
      name: "merge a number", files: bpe(#"{"a":0}"#, "[1]"), says: ["model.merges[0]", "found 1"]),
    Case(
      name: "merge of one", files: bpe(#"{"a":0}"#, #"[["a"]]"#), says: ["model.merges[0]", "an array of 1"]),
    Case(
      name: "dropout", files: bpe(#"{"a":0}"#, "[]", #","dropout":0.1"#),
      says: ["model.dropout", "found 0.1"]),
    Case(
      name: "unknown token not in the vocabulary", files: bpe(#"{"a":0}"#, "[]", #","unk_token":"<unk>""#),
      says: ["model.unk_token", "<unk>"]),
    Case(
      name: "added token without id", files: added(#"{"content":"x"}"#),
      says: ["added_tokens[0].id", "nothing"]),
    Case(
      name: "added token with a huge id", files: added(#"{"content":"x","id":99999999}"#),
      says: ["added_tokens[0].id", "99999999"]),
    Case(
      // The vocabulary has two tokens, so that it is the third, which is b's.
      name: "added token whose id is another's",
      files: json(
        #"{"type":"WordPiece","vocab":{"[UNK]":0,"b":2},"unk_token":"[UNK]"}"#,
        #","added_tokens":[{"content":"x","id":7}]"#),
      says: ["added_tokens[0].id", "\"b\"'s"]),
    Case(
      name: "vocab.txt without [CLS]", files: ["vocab.txt": "[UNK]\n[SEP]\na\n"],
      says: ["vocab.txt", "[CLS]"]),
    Case(name: "empty vocab.txt", files: ["vocab.txt": ""], says: ["vocab.txt", "[UNK]"]),
    Case(
      name: "tokenizer_config.json",
      files: ["vocab.txt": "[UNK]\n[CLS]\n[SEP]\n", "tokenizer_config.json": "{"],
      says: ["tokenizer_config.json", "invalid JSON"]),
    Case(
      name: "do_lower_case",
      files: ["vocab.txt": "[UNK]\n[CLS]\n[SEP]\n", "tokenizer_config.json": #"{"do_lower_case":"no"}"#],
      says: ["tokenizer_config.json", "do_lower_case"]),
    Case(
      name: "merges.txt", files: ["vocab.json": #"{"a":0}"#, "merges.txt": "#version: 0.2\na b\n"],
      says: ["merges.txt", "line 2", "\"b\""]),
    Case(
      name: "RoBERTa without its tokens",
      files: ["vocab.json": #"{"a":0}"#, "merges.txt": "", "config.json": #"{"model_type":"roberta"}"#],
      says: ["vocab.json", "<s>"]),
  ]

  @Test(arguments: cases) func oneLineThatSaysIt(_ bad: Case) throws {
    try Fixtures.withFolder(bad.files.mapValues { Data($0.utf8) }) { folder in
      let error = #expect(throws: TokenizationError.self) { try Tokenizer(folder: folder) }
      let text = try #require(error).description
      for part in bad.says { #expect(text.contains(part), "\(text)") }
      #expect(!text.contains("\n"))
      #expect(error?.localizedDescription == text)
    }
  }

  @Test func bytesThatAreNotUTF8() throws {
    let bytes = Data([0x5B, 0xFF, 0x0A])
    try Fixtures.withFolder(["vocab.txt": bytes]) { folder in
      let error = #expect(throws: TokenizationError.self) { try Tokenizer(folder: folder) }
      #expect(error?.expected == "UTF-8 text")
    }
  }

  /// Every beginning of a good file is a bad one, and none of them crashes.
  @Test func truncatedAnywhere() throws {
    let source = Fixtures.folder.appendingPathComponent("small/roberta/tokenizer.json")
    let whole = try Data(contentsOf: source)
    for length in stride(from: 0, to: whole.count - 2, by: 97) {
      try Fixtures.withFolder(["tokenizer.json": whole.prefix(length)]) { folder in
        _ = #expect(throws: TokenizationError.self, "\(length)") { try Tokenizer(folder: folder) }
      }
    }
  }
}
