import Foundation
import Testing
import Tokenization

/// The vocabularies of bert-base-cased, bert-base-uncased, gpt2 and a German ALBERT on every label of LAMA and on generated lines,
/// by digests of the Python package's ids.
@Suite(
  .enabled(
    if: Fixtures.shared != nil,
    "SKIPPED: no shared/lama beside the repository and no PROMPTFERRY_SHARED; real vocabularies are not checked"
  ))
struct RealVocabularyTests {
  struct Golden: Decodable, Equatable {
    let lines: Int
    let ids: Int
    let digest: String
  }

  struct Fact: Decodable {
    let subject: String
    let object: String
    enum CodingKeys: String, CodingKey {
      case subject = "sub_label"
      case object = "obj_label"
    }
  }

  @Test(arguments: ["albert", "bert-base-cased", "bert-base-uncased", "gpt2"]) func digests(name: String)
    throws
  {
    let shared = try #require(Fixtures.shared)
    let goldens = try #require(try Fixtures.read("real.json", as: [String: [String: Golden]].self)[name])
    #expect(goldens.count == 42)
    let tokenizer = try tokenizer(name, shared)
    for (key, golden) in goldens {
      let lines =
        key == "generated"
        ? GeneratedText.lines(seed: 20, count: 5000)
        : try labels(shared.appendingPathComponent("lama/data/\(key)"))
      var digest = Digest()
      var count = 0
      for line in lines {
        let ids = try tokenizer.encode(line)
        digest.add(ids)
        count += ids.count
      }
      #expect(Golden(lines: lines.count, ids: count, digest: digest.text) == golden, "\(name), \(key)")
    }
  }

  private func tokenizer(_ name: String, _ shared: URL) throws -> Tokenizer {
    let source = shared.appendingPathComponent("vocabularies/\(name)")
    var files = ["tokenizer_config.json": Data(#"{"do_lower_case": \#(name.hasSuffix("uncased"))}"#.utf8)]
    for file in try FileManager.default.contentsOfDirectory(atPath: source.path) {
      files[file] = try Data(contentsOf: source.appendingPathComponent(file))
    }
    return try Fixtures.withFolder(files) { try Tokenizer(folder: $0) }
  }

  /// The subjects and objects of a relation's files, in the order of first appearance.
  private func labels(_ folder: URL) throws -> [String] {
    var seen: Set<[UInt8]> = []
    var labels: [String] = []
    for part in ["train", "dev", "test"] {
      let data = try Data(contentsOf: folder.appendingPathComponent("\(part).jsonl"))
      for line in data.split(separator: UInt8(ascii: "\n")) {
        let fact = try JSONDecoder().decode(Fact.self, from: line)
        for label in [fact.subject, fact.object] where seen.insert(Array(label.utf8)).inserted {
          labels.append(label)
        }
      }
    }
    return labels
  }

  /// The words that the paper takes for anchors are one token each, and `words` has them all. ALBERT's are of an
  /// English vocabulary that is not at hand.
  @Test(arguments: ["bert-base-cased", "gpt2"]) func anchors(name: String) throws {
    let shared = try #require(Fixtures.shared)
    let file = shared.appendingPathComponent("lama/common_vocab_cased_be_ro_al.txt")
    let words = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      .map { String($0.drop { $0 == " " }) }
    #expect(words.count == 17_230)
    let tokenizer = try tokenizer(name, shared)
    #expect(try words.filter { try tokenizer.singleToken($0) == nil } == [])
    let known = try Set(tokenizer.words().map { Array($0.utf8) })
    #expect(words.filter { !known.contains(Array($0.utf8)) } == [])
  }
}
