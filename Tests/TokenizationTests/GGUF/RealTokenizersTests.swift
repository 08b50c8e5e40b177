import Foundation
import TestSupport
import Testing
import Tokenization

/// The published models' tokenizers on 10,000 hard lines, against transformers' ids.
@Suite(.enabled(if: RealModels.areThere, Comment(rawValue: RealModels.skipped))) struct RealTokenizersTests {
  @Test(arguments: RealModels.names) func manyLines(name: String) throws {
    let tokenizer = try Tokenizer(folder: RealModels.url(name))
    let expected = try RealModels.digests(name)
    var digest = Digest()
    var count = 0
    for line in GeneratedText.lines(seed: 41, count: expected.lines) {
      let ids = try tokenizer.encode(line)
      digest.add(ids)
      count += ids.count
    }
    #expect(expected.lines == 10_000 && count == expected.ids)
    #expect(digest.text == expected.digest)
    #expect(tokenizer.vocabularySize == expected.vocabularySize)
  }

  /// Gemma's texts begin with <bos>, SmolLM2's with nothing.
  @Test func beginnings() throws {
    #expect(try Tokenizer(folder: RealModels.url("gemma3")).prefix == [2])
    #expect(try Tokenizer(folder: RealModels.url("smollm2")).prefix == [])
  }
}
