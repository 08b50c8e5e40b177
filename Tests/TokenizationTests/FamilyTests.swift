import Foundation
import Testing
import Tokenization

/// A small tokenizer of each family, with the components that the family has, from tokenizer.json and from a
/// SentencePiece model, against digests of the ids and texts of the Python packages.
@Suite struct FamilyTests {
  struct Goldens: Decodable {
    let ids: [String]
    let mixed: [[Int]]
    let many: Many
    let scalars: String
    let size: Int
    /// Each with special tokens and without.
    let texts: [String]
  }

  struct Many: Decodable, Equatable {
    let lines: Int
    let ids: Int
    let digest: String
  }

  static let sentencePiece = ["albert", "camembert", "gemma", "llama2", "llama2-first", "t5", "xlm-roberta"]
  static let byteLevel = ["bart", "llama3", "qwen2", "tekken"]
  static let folders = sentencePiece + byteLevel + sentencePiece.map { "\($0)-spm" }

  static func tokenizer(_ folder: String) throws -> Tokenizer {
    try Tokenizer(folder: Fixtures.folder.appendingPathComponent("families/\(folder)"))
  }

  private func goldens(_ folder: String) throws -> Goldens {
    let name = folder.hasSuffix("-spm") ? String(folder.dropLast(4)) : folder
    return try #require(try Fixtures.read("families/expected.json", as: [String: Goldens].self)[name])
  }

  @Test(arguments: folders) func hardLines(folder: String) throws {
    let tokenizer = try Self.tokenizer(folder)
    let goldens = try goldens(folder)
    let lines = try Fixtures.read("small/expected.json", as: SmallTokenizerTests.Expected.self).lines
    #expect(tokenizer.vocabularySize == goldens.size)
    #expect(lines.count == goldens.ids.count)
    var texts = goldens.texts[...]
    for (line, expected) in zip(lines, goldens.ids) {
      let ids = try tokenizer.encode(line)
      #expect(
        digest(ids) == expected, "\(line.debugDescription) became \((try? tokenizer.tokens(line)) ?? [])")
      try checkTexts(of: ids, tokenizer, &texts)
    }
    for ids in goldens.mixed { try checkTexts(of: ids, tokenizer, &texts) }
  }

  private func checkTexts(of ids: [Int], _ tokenizer: Tokenizer, _ texts: inout ArraySlice<String>) throws {
    for skips in [false, true] {
      let text = try tokenizer.decode(ids, skippingSpecialTokens: skips)
      #expect(
        digest(text.unicodeScalars.map { Int($0.value) }) == texts.popFirst(), "\(text.debugDescription)")
    }
  }

  private func digest(_ row: [Int]) -> String {
    var digest = Digest()
    digest.add(row)
    return digest.text
  }

  @Test(arguments: sentencePiece + byteLevel) func everyScalar(folder: String) throws {
    let tokenizer = try Self.tokenizer(folder)
    var digest = Digest()
    for line in GeneratedText.scalarLines() { digest.add(try tokenizer.encode(line)) }
    #expect(digest.text == (try goldens(folder)).scalars)
  }

  /// A hundred thousand generated lines each: a minute in all, so by wish only.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["PROMPTFERRY_LONG_TESTS"] != nil,
      "SKIPPED: set PROMPTFERRY_LONG_TESTS=1 to check 100,000 generated lines for each family"),
    arguments: folders)
  func manyLines(folder: String) throws {
    let tokenizer = try Self.tokenizer(folder)
    let expected = try goldens(folder).many
    var digest = Digest()
    var count = 0
    for line in GeneratedText.lines(seed: 31, count: expected.lines) {
      let ids = try tokenizer.encode(line)
      digest.add(ids)
      count += ids.count
    }
    #expect(Many(lines: expected.lines, ids: count, digest: digest.text) == expected)
  }
}
