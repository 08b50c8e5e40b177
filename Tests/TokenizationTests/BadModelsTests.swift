import Foundation
import Testing
import Tokenization

/// SentencePiece models, character maps and newer components that cannot be used: one `TokenizationError` each.
@Suite struct BadModelsTests {
  typealias Case = BadFilesTests.Case

  private static let unigram = #"{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",-1.5]]}"#

  private static func part(_ part: String) -> [String: String] {
    ["tokenizer.json": #"{"version":"1.0","model":\#(unigram),\#(part)}"#]
  }

  private static func unigram(_ vocab: String, _ rest: String = "") -> [String: String] {
    ["tokenizer.json": #"{"version":"1.0","model":{"type":"Unigram","vocab":\#(vocab)\#(rest)}}"#]
  }

  private static func precompiled(_ bytes: [UInt8]) -> [String: String] {
    part(
      #""normalizer":{"type":"Precompiled","precompiled_charsmap":"\#(Data(bytes).base64EncodedString())"}"#)
  }

  static let cases: [Case] = [
    Case(name: "pieces an object", files: unigram("{}"), says: ["model.vocab", "an array of tokens"]),
    Case(name: "piece without score", files: unigram(#"[["a"]]"#), says: ["model.vocab[0]", "score"]),
    Case(name: "score a string", files: unigram(#"[["a","1"]]"#), says: ["model.vocab[0]"]),
    Case(
      name: "unknown id", files: unigram(#"[["a",0]]"#, #","unk_id":1"#), says: ["unk_id below 1", "found 1"]),
    Case(name: "negative unknown id", files: unigram("[]", #","unk_id":-1"#), says: ["unk_id", "found -1"]),
    Case(
      name: "words without their unknown token",
      files: ["tokenizer.json": #"{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"b"}}"#],
      says: ["model.unk_token", "\"b\""]),
    Case(
      name: "map no base64", files: part(#""normalizer":{"type":"Precompiled","precompiled_charsmap":"*"}"#),
      says: ["precompiled_charsmap", "base64"]),
    Case(name: "empty map", files: precompiled([]), says: ["precompiled_charsmap", "0 bytes"]),
    Case(
      name: "map longer than its bytes", files: precompiled([8, 0, 0, 0, 1, 2, 3, 4]), says: ["character map"]
    ),
    Case(name: "map without units", files: precompiled([0, 0, 0, 0, 65]), says: ["character map"]),
    Case(
      name: "map with another text", files: precompiled([4, 0, 0, 0, 0, 0, 0, 0, 0xFF]),
      says: ["character map"]),
    Case(
      name: "map pointing out", files: precompiled([4, 0, 0, 0, 0, 1, 0xFF, 0x0F]), says: ["character map"]),
    Case(
      name: "scheme",
      files: part(#""pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"x"}"#),
      says: ["pre_tokenizer.prepend_scheme", "always, first or never"]),
    Case(
      name: "old flag without scheme",
      files: part(#""pre_tokenizer":{"type":"Metaspace","replacement":"_","add_prefix_space":false}"#),
      says: ["pre_tokenizer.add_prefix_space", "always"]),
    Case(
      name: "replacement", files: part(#""pre_tokenizer":{"type":"Metaspace","replacement":"ab"}"#),
      says: ["pre_tokenizer.replacement", "one character"]),
    Case(
      name: "behavior",
      files: part(
        #""pre_tokenizer":{"type":"Split","pattern":{"String":"a"},"behavior":"Cut","invert":false}"#),
      says: ["pre_tokenizer.behavior", "Isolated", "\"Cut\""]),
    Case(
      name: "expression that Foundation reads otherwise",
      files: part(
        #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\h+"},"behavior":"Isolated","invert":false}"#),
      says: ["pre_tokenizer.pattern.Regex", "not supported"]),
    Case(
      name: "pattern of another kind",
      files: part(#""decoder":{"type":"Replace","pattern":{"Glob":"*"},"content":""}"#),
      says: ["decoder.pattern", "Regex"]),
    Case(
      name: "CTC", files: part(#""decoder":{"type":"CTC"}"#),
      says: ["decoder.type", "\"CTC\"", "not supported"]),
    Case(
      name: "scripts", files: part(#""pre_tokenizer":{"type":"UnicodeScripts"}"#),
      says: ["pre_tokenizer.type", "\"UnicodeScripts\""]),
    Case(
      name: "no protobuf", files: ["spiece.model": "<html>"], says: ["spiece.model", "SentencePiece model"]),
    Case(name: "empty model", files: ["spiece.model": ""], says: ["spiece.model", "pieces", "none"]),
    Case(name: "length beyond the end", files: ["spiece.model": "\n\u{7F}a"], says: ["truncated"]),
    Case(name: "piece without text", files: ["spiece.model": "\n\u{0}"], says: ["piece 0", "a text"]),
    Case(
      name: "piece of no type", files: ["spiece.model": "\n\u{5}\n\u{1}a\u{18}\u{9}"],
      says: ["piece 0", "type", "9"]),
    Case(
      name: "unknown family", files: ["spiece.model": "\n\u{3}\n\u{1}a"],
      says: ["spiece.model", "model_type"]),
    Case(
      name: "family that is not known",
      files: ["spiece.model": "\n\u{3}\n\u{1}a", "config.json": #"{"model_type":"xlnet"}"#],
      says: ["xlnet", "albert"]),
    Case(
      name: "family with another algorithm",
      files: ["spiece.model": "\n\u{3}\n\u{1}a", "config.json": #"{"model_type":"llama"}"#],
      says: ["model_type", "llama", "unigram"]),
    Case(
      name: "family without its tokens",
      files: ["spiece.model": "\n\u{3}\n\u{1}a", "config.json": #"{"model_type":"t5"}"#], says: ["</s>"]),
  ]

  @Test(arguments: cases) func oneLineThatSaysIt(_ bad: Case) throws {
    try Fixtures.withFolder(bad.files.mapValues { Data($0.utf8) }) { folder in
      let error = #expect(throws: TokenizationError.self) { try Tokenizer(folder: folder) }
      let text = try #require(error).description
      for part in bad.says { #expect(text.contains(part), "\(text)") }
      #expect(!text.contains("\n"))
    }
  }

  /// Every beginning of a model: read, where it ends between two fields, or refused, but never more than that.
  @Test func truncatedAnywhere() throws {
    let source = Fixtures.folder.appendingPathComponent("families/albert-spm/spiece.model")
    let whole = try Data(contentsOf: source)
    var refused = 0
    for length in stride(from: 0, to: whole.count - 1, by: 7) {
      Fixtures.attempt(["spiece.model": whole.prefix(length)], &refused)
    }
    #expect(refused > 500)
  }

  /// Models and JSON with a few bytes changed: a tokenizer that encodes and decodes, or an error.
  @Test(arguments: [
    "albert-spm/spiece.model", "llama2-spm/tokenizer.model", "t5/tokenizer.json", "gemma/tokenizer.json",
  ])
  func damaged(path: String) throws {
    let source = Fixtures.folder.appendingPathComponent("families/\(path)")
    let whole = try Data(contentsOf: source)
    var generator = SplitMix64(state: 11)
    var refused = 0
    for _ in 0..<300 {
      var data = whole
      for _ in 0...generator.next() % 3 {
        data[Int(generator.next() % UInt64(data.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      Fixtures.attempt([source.lastPathComponent: data], &refused)
    }
    #expect(refused > 30)
  }
}

extension Fixtures {
  /// Reads a tokenizer of these files and uses it, or counts one that is refused.
  fileprivate static func attempt(_ files: [String: Data], _ refused: inout Int) {
    do {
      let tokenizer = try withFolder(files) { try Tokenizer(folder: $0) }
      _ = try tokenizer.decode(tokenizer.encode("The ½ ｶﾞ e\u{301} 하한 <mask> \u{1F600}\r\n x"))
    } catch {
      #expect(error is TokenizationError)
      refused += 1
    }
  }
}
