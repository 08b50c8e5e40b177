import Foundation
import Testing
import Tokenization

/// Each normalizer, pre-tokenizer and flag of an added token by itself, in a tokenizer whose ids are the bytes of
/// each piece and a bar.
@Suite struct ComponentTests {
  struct Goldens: Decodable {
    let lines: [String]
    let scalars: String
  }

  static let names: [String] = {
    let behaviors = ["contiguous", "isolated", "mergedwithnext", "mergedwithprevious", "removed"]
    let names =
      [
        "added", "bert-cased", "bert-lowercases", "bert-pieces", "bert-strips", "bert-uncased", "byte-level",
        "byte-level-normalizer", "byte-level-prefix", "byte-level-whole", "delimiter", "digits", "graphemes",
        "lowercase", "nfc", "nfd", "nfkc", "nfkd", "nmt", "replace-regex", "replace-spaces", "sequence",
        "strip",
        "strip-right", "stripaccents", "whitespace", "split-regex",
      ] + ["gpt2", "llama3", "qwen2", "tekken"].map { "split-\($0)" }
      + behaviors.flatMap { ["split-\($0)", "split-\($0)-inverted"] }
      + behaviors.filter { $0 != "isolated" }.map { "punctuation-\($0)" }
      + ["always", "first", "never"].flatMap { ["metaspace-\($0)", "metaspace-\($0)-whole"] }
    return names.sorted()
  }()

  /// The tokenizer of that name, and what it must give.
  private func probe(_ name: String) throws -> (Tokenizer, Goldens) {
    let data = try Data(contentsOf: Fixtures.folder.appendingPathComponent("components.json"))
    let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let components = try #require(file["components"] as? [String: [String: Any]])
    #expect(components.keys.sorted() == Self.names)
    let parts = try #require(components[name]?["parts"] as? [String: Any])
    let empty = try #require(file["empty"] as? [String: Any])
    let json = try JSONSerialization.data(withJSONObject: empty.merging(parts) { $1 })
    let tokenizer = try Fixtures.withFolder(["tokenizer.json": json]) { try Tokenizer(folder: $0) }
    let goldens = Goldens(
      lines: try #require(components[name]?["lines"] as? [String]),
      scalars: try #require(components[name]?["scalars"] as? String))
    return (tokenizer, goldens)
  }

  @Test(arguments: names) func hardLines(name: String) throws {
    let (tokenizer, goldens) = try probe(name)
    let lines = try Fixtures.read("small/expected.json", as: SmallTokenizerTests.Expected.self).lines
    #expect(lines.count == goldens.lines.count)
    for (line, expected) in zip(lines, goldens.lines) {
      var digest = Digest()
      let ids = try tokenizer.encode(line)
      digest.add(ids)
      let shown = String(decoding: ids.map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self)
      #expect(digest.text == expected, "\(line.debugDescription) became \(shown.debugDescription)")
    }
  }

  @Test(arguments: names) func everyScalar(name: String) throws {
    let (tokenizer, goldens) = try probe(name)
    var digest = Digest()
    for line in GeneratedText.scalarLines() { digest.add(try tokenizer.encode(line)) }
    #expect(digest.text == goldens.scalars)
  }
}
