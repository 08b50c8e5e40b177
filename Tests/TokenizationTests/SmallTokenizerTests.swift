import Foundation
import Testing
import Tokenization

/// Small trained tokenizers of four families, from tokenizer.json and from legacy files, against the ids and texts
/// of the Python package.
@Suite struct SmallTokenizerTests {
  struct Expected: Decodable {
    let lines: [String]
    let tokenizers: [String: Goldens]
  }

  struct Goldens: Decodable {
    let ids: [[Int]]
    let mixed: [[Int]]
    let size: Int
    let texts: [String]
    let textsWithoutSpecials: [String]
  }

  static let names = ["wordpiece-cased", "wordpiece-uncased", "roberta", "gpt2"]
  let expected: Expected

  init() throws { expected = try Fixtures.read("small/expected.json") }

  private func tokenizer(_ name: String, _ layout: String = "") throws -> Tokenizer {
    try Tokenizer(folder: Fixtures.folder.appendingPathComponent("small/\(name)\(layout)"))
  }

  @Test(arguments: names, ["", "-legacy"]) func ids(name: String, layout: String) throws {
    let tokenizer = try tokenizer(name, layout)
    let goldens = try #require(expected.tokenizers[name])
    #expect(tokenizer.vocabularySize == goldens.size)
    for (line, ids) in zip(expected.lines, goldens.ids) {
      #expect(try tokenizer.encode(line) == ids, "\(line.debugDescription)")
      let inner = Array(ids.dropFirst(tokenizer.prefix.count).dropLast(tokenizer.suffix.count))
      #expect(try tokenizer.encode(line, addingSpecialTokens: false) == inner)
      #expect(try tokenizer.tokens(line).map { tokenizer.id(of: $0) } == inner)
    }
  }

  @Test(arguments: names, ["", "-legacy"]) func texts(name: String, layout: String) throws {
    let tokenizer = try tokenizer(name, layout)
    let goldens = try #require(expected.tokenizers[name])
    for (index, ids) in (goldens.ids + goldens.mixed).enumerated() {
      let texts = try (tokenizer.decode(ids), tokenizer.decode(ids, skippingSpecialTokens: true))
      #expect(texts.0.utf8.elementsEqual(goldens.texts[index].utf8), "\(ids)")
      #expect(texts.1.utf8.elementsEqual(goldens.textsWithoutSpecials[index].utf8), "\(ids)")
    }
  }

  @Test(arguments: ["", "-legacy"]) func specialsOfBERT(layout: String) throws {
    let tokenizer = try tokenizer("wordpiece-cased", layout)
    #expect(tokenizer.prefix == [2])
    #expect(tokenizer.suffix == [3])
    #expect(tokenizer.mask == 4)
    #expect(tokenizer.unknown == 1)
    #expect(tokenizer.specialIds == [0, 1, 2, 3, 4])
    #expect(!tokenizer.maskStripsLeft)
    #expect(tokenizer.token(of: 4) == "[MASK]")
    #expect(tokenizer.token(of: tokenizer.vocabularySize) == nil)
    #expect(tokenizer.id(of: "no such token") == nil)
  }

  @Test(arguments: ["", "-legacy"]) func specialsOfRoBERTa(layout: String) throws {
    let tokenizer = try tokenizer("roberta", layout)
    #expect(tokenizer.prefix == [0])
    #expect(tokenizer.suffix == [2])
    #expect(tokenizer.mask == tokenizer.vocabularySize - 1)
    #expect(tokenizer.maskStripsLeft)
    #expect(try tokenizer.decode([0, 2], skippingSpecialTokens: true) == "")
  }

  @Test(arguments: ["", "-legacy"]) func specialsOfGPT2(layout: String) throws {
    let tokenizer = try tokenizer("gpt2", layout)
    #expect(tokenizer.prefix == [])
    #expect(tokenizer.suffix == [])
    #expect(tokenizer.mask == nil)
    #expect(!tokenizer.maskStripsLeft)
    #expect(tokenizer.specialIds == [tokenizer.vocabularySize - 1])
  }

  /// What `words` promises, and that it misses none: every token is a word's or cannot be.
  @Test(arguments: names) func words(name: String) throws {
    let tokenizer = try tokenizer(name)
    let words = try tokenizer.words()
    #expect(words.count > 20)
    #expect(words.contains("the"))
    #expect(!words.contains { $0.hasPrefix("##") || $0.hasPrefix("Ġ") || $0.contains(" ") || $0.isEmpty })
    #expect(words == words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    let ids = try words.compactMap { try tokenizer.singleToken($0) }
    #expect(ids.count == words.count)
    #expect(Set(ids).count == words.count)
    #expect(tokenizer.specialIds.isDisjoint(with: ids))
    for (word, id) in zip(words, ids) {
      #expect(try tokenizer.encode(" " + word, addingSpecialTokens: false) == [id])
    }
    for id in Set(0..<tokenizer.vocabularySize).subtracting(ids).subtracting(tokenizer.specialIds) {
      let text = try tokenizer.decode([id])
      if text.hasPrefix(" "), text.count > 1, !text.dropFirst().contains(where: \.isWhitespace) {
        #expect(try tokenizer.singleToken(String(text.dropFirst())) != id, "\(text)")
      }
    }
  }

  @Test func aWordOfSeveralTokensOrUnknownIsNoSingleToken() throws {
    let tokenizer = try tokenizer("wordpiece-cased")
    #expect(try tokenizer.singleToken("the") == tokenizer.id(of: "the"))
    #expect(try tokenizer.singleToken("Ω") == nil)
    #expect(try tokenizer.singleToken("the the") == nil)
    #expect(try tokenizer.singleToken("") == nil)
  }
}
