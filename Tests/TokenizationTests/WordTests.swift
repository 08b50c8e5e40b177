import Foundation
import Testing
import Tokenization

/// The rule of `singleToken` and `words` in SentencePiece vocabularies, and what stands around a text.
@Suite struct WordTests {
  static let marked = ["albert", "camembert", "gemma", "llama2", "llama2-first", "t5", "xlm-roberta"]

  @Test(arguments: marked) func words(name: String) throws {
    let tokenizer = try FamilyTests.tokenizer(name)
    let words = try tokenizer.words()
    #expect(words.count > 20)
    #expect(words.contains("the"))
    #expect(words == words.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    for word in words {
      let id = try #require(try tokenizer.singleToken(word))
      #expect(tokenizer.token(of: id) == "▁\(word)")
      #expect(!tokenizer.specialIds.contains(id))
      // In the midst of a text it is this token too.
      #expect(try tokenizer.encode("the \(word)", addingSpecialTokens: false).last == id, "\(word)")
    }
    #expect(try tokenizer.singleToken("the the") == nil)
    #expect(try tokenizer.singleToken("\u{378}") == nil)
    #expect(try tokenizer.singleToken("") == nil)
  }

  /// With Prepend and Replace a space before the word makes `▁▁word` of it, so the word alone is what counts.
  @Test func legacyLlama() throws {
    let tokenizer = try FamilyTests.tokenizer("llama2")
    let id = try #require(tokenizer.id(of: "▁the"))
    #expect(try tokenizer.encode(" the", addingSpecialTokens: false) != [id])
    #expect(try tokenizer.singleToken("the") == id)
    #expect(try FamilyTests.tokenizer("llama2-first").singleToken("the") == id)
  }

  /// ALBERT's vocabulary has small letters only; a capital one is the same word.
  @Test func normalizedWords() throws {
    let tokenizer = try FamilyTests.tokenizer("albert")
    #expect(try tokenizer.singleToken("The") == tokenizer.id(of: "▁the"))
    #expect(try !tokenizer.words().contains("The"))
  }

  @Test func byteLevelWords() throws {
    for name in FamilyTests.byteLevel {
      let tokenizer = try FamilyTests.tokenizer(name)
      #expect(try tokenizer.singleToken("the") == tokenizer.id(of: "Ġthe"))
    }
    // No merge makes it, but with ignore_merges it is found.
    let tokenizer = try FamilyTests.tokenizer("llama3")
    #expect(try tokenizer.singleToken("Florence") == tokenizer.id(of: "ĠFlorence"))
  }

  @Test(arguments: ["", "-spm"]) func around(layout: String) throws {
    func around(_ name: String) throws -> [[String?]] {
      let tokenizer = try FamilyTests.tokenizer(name + layout)
      return [tokenizer.prefix.map(tokenizer.token), tokenizer.suffix.map(tokenizer.token)]
    }
    #expect(try around("albert") == [["[CLS]"], ["[SEP]"]])
    #expect(try around("t5") == [[], ["</s>"]])
    #expect(try around("xlm-roberta") == [["<s>"], ["</s>"]])
    #expect(try around("camembert") == [["<s>"], ["</s>"]])
    #expect(try around("llama2") == [["<s>"], []])
    #expect(try around("gemma") == [["<bos>"], []])
    #expect(try FamilyTests.tokenizer("albert" + layout).maskStripsLeft)
    #expect(try FamilyTests.tokenizer("camembert" + layout).prefix == [5])
  }

  /// A Llama file without a template: tokenizer_config.json says what stands around.
  @Test func aroundByConfiguration() throws {
    let url = Fixtures.folder.appendingPathComponent("families/llama2/tokenizer.json")
    var json = try String(contentsOf: url, encoding: .utf8)
    let start = try #require(json.range(of: #""post_processor":"#)).upperBound
    let end = try #require(json.range(of: #","pre_tokenizer""#)).lowerBound
    json.replaceSubrange(start..<end, with: "null")
    let data = Data(json.utf8)
    let config =
      #"{"add_bos_token":true,"add_eos_token":true,"bos_token":"<s>","eos_token":{"content":"</s>"}}"#
    let files = ["tokenizer.json": data, "tokenizer_config.json": Data(config.utf8)]
    let tokenizer = try Fixtures.withFolder(files) { try Tokenizer(folder: $0) }
    #expect(tokenizer.prefix == [1] && tokenizer.suffix == [2])
    let bare = try Fixtures.withFolder(["tokenizer.json": data]) { try Tokenizer(folder: $0) }
    #expect(bare.prefix == [] && bare.suffix == [])
  }
}
