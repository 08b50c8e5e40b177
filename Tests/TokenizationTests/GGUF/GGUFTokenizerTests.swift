import Foundation
import Testing
import Tokenization

/// Tokenizers out of GGUF's metadata, as scripts/goldens/gguf_tokenizers.py wrote them: the same ids as the tokenizer.json that
/// each was made from, and as transformers' reader of GGUF.
@Suite struct GGUFTokenizerTests {
  struct Golden: Decodable {
    let same: String?
    let ids: String?
  }

  static let names = [
    "gemma", "gpt2", "llama2", "llama3", "phi3", "qwen2", "smollm", "tekken", "wordpiece-cased",
    "wordpiece-uncased",
  ]

  private static func tokenizer(_ name: String) throws -> Tokenizer {
    try Tokenizer(folder: Fixtures.folder.appendingPathComponent("gguf/\(name).gguf"))
  }

  private static func golden(_ name: String) throws -> Golden {
    try #require(try Fixtures.read("gguf/expected.json", as: [String: Golden].self)[name])
  }

  @Test(arguments: names) func idsAreTransformers(name: String) throws {
    guard let expected = try Self.golden(name).ids else { return }
    let tokenizer = try Self.tokenizer(name)
    var digest = Digest()
    for line in GeneratedText.lines(seed: 43, count: 2000) {
      digest.add(try tokenizer.encode(line, addingSpecialTokens: false))
    }
    #expect(digest.text == expected)
  }

  @Test(arguments: names) func idsAndTextsAreTheModels(name: String) throws {
    guard let source = try Self.golden(name).same else { return }
    let tokenizer = try Self.tokenizer(name)
    let original = try Tokenizer(folder: Fixtures.folder.appendingPathComponent(source))
    let hard = try Fixtures.read("small/expected.json", as: SmallTokenizerTests.Expected.self).lines
    for line in hard + GeneratedText.lines(seed: 47, count: 1000) {
      let ids = try tokenizer.encode(line, addingSpecialTokens: false)
      let expected = try original.encode(line, addingSpecialTokens: false)
      #expect(ids == expected, "\(line.debugDescription)")
      #expect(try tokenizer.decode(ids) == original.decode(expected))
    }
    #expect(tokenizer.vocabularySize == original.vocabularySize)
    #expect(tokenizer.specialIds.isSuperset(of: tokenizer.prefix + tokenizer.suffix))
  }

  /// What stands around a text: BERT's two, the BOS of SentencePiece and of Llama 3 unless the file says no.
  @Test(arguments: [
    ("gpt2", 0, 0), ("llama3", 1, 0), ("tekken", 0, 0), ("llama2", 1, 0), ("gemma", 1, 0),
    ("wordpiece-cased", 1, 1),
  ]) func around(name: String, before: Int, after: Int) throws {
    let tokenizer = try Self.tokenizer(name)
    #expect(tokenizer.prefix.count == before && tokenizer.suffix.count == after)
  }

  /// `smollm` cuts numbers into digits: two spaces before a number stay together.
  @Test func digitsAreCutFirst() throws {
    let (cut, plain) = (try Self.tokenizer("smollm"), try Self.tokenizer("gpt2"))
    #expect(try cut.tokens("a 12 b").filter { ["1", "2"].contains($0) } == ["1", "2"])
    #expect(try cut.tokens("  12").joined() == plain.tokens("  12").joined())
    #expect(try cut.decode(cut.encode("x  12 345")) == "x  12 345")
  }

  @Test func whatIsNotKnownIsNamed() throws {
    for (key, value, problem) in [
      ("tokenizer.ggml.pre", "chameleon", "tokenizer.ggml.pre: expected a pre-tokenizer among"),
      ("tokenizer.ggml.model", "rwkv", "tokenizer.ggml.model: expected gpt2, llama or bert, found \"rwkv\""),
    ] {
      let url = Fixtures.folder.appendingPathComponent("gguf/gpt2.gguf")
      let bytes = try Self.replacing(key, with: value, in: [UInt8](Data(contentsOf: url)))
      try Fixtures.withFolder(["changed.gguf": Data(bytes)]) { folder in
        let error = try #require(throws: TokenizationError.self) {
          try Tokenizer(folder: folder.appendingPathComponent("changed.gguf"))
        }
        #expect("\(error)".contains(problem), "\(error)")
      }
    }
  }

  /// Puts another text in place of a value. (The file has no tensors: it may change its length.)
  private static func replacing(_ key: String, with text: String, in bytes: [UInt8]) throws -> [UInt8] {
    let pattern = Array(key.utf8) + [8, 0, 0, 0]
    let start = try #require(
      bytes.indices.first { $0 + pattern.count < bytes.count && bytes[$0...].starts(with: pattern) })
    let place = start + pattern.count
    let length = Int(bytes[place])
    let value = [UInt8(text.utf8.count), 0, 0, 0, 0, 0, 0, 0] + Array(text.utf8)
    return Array(bytes[..<place]) + value + Array(bytes[(place + 8 + length)...])
  }
}
