import Foundation
import Testing
import Tokenization

/// Regular expressions that backtrack without end over one word, and texts that are too long for one: each ends soon, in the
/// right ids or in an error that names the expression and the text.
@Suite(.timeLimit(.minutes(15))) struct EndlessExpressionTests {
  private static let model =
    ###"{"type":"WordPiece","vocab":{"[UNK]":0,"a":1,"##a":2},"unk_token":"[UNK]"}"###

  private func tokenizer(_ part: String) throws -> Tokenizer {
    try Fixtures.withFolder([
      "tokenizer.json": Data(#"{"version":"1.0","model":\#(Self.model),\#(part)}"#.utf8)
    ]) {
      try Tokenizer(folder: $0)
    }
  }

  private static func split(_ expression: String) -> String {
    #""pre_tokenizer":{"type":"Split","pattern":{"Regex":"\#(expression)"},"behavior":"Isolated","invert":false}"#
  }

  private static func replace(_ expression: String) -> String {
    #""normalizer":{"type":"Replace","pattern":{"Regex":"\#(expression)"},"content":"b"}"#
  }

  @Test(arguments: [
    split("(a+)+$"), split(#"(\\w*)*x"#), split("(a|a)*b"), split("(a|aa)+$"), split("(?:a*)*b"),
    split(#"(.*a){20}x"#), replace("(a+)+$"), replace(#"(\\w*)*x"#), replace(#"(\\w+\\d*)+!"#),
  ])
  func areGivenUp(_ part: String) throws {
    let tokenizer = try tokenizer(part)
    #expect(try tokenizer.encode("aa") == [1, 2] || part.contains("normalizer"))
    let text = String(repeating: "a", count: 60) + "-"
    for _ in 0..<3 {
      let error = #expect(throws: TokenizationError.self) { try tokenizer.encode(text) }
      let said = "\(try #require(error))"
      #expect(said.contains("pattern.Regex: expected") && said.contains("\"aaaa"), "\(said)")
      #expect(said.utf8.count < 600 && !said.contains("\n"), "\(said)")
    }
    #expect(throws: TokenizationError.self) { _ = try tokenizer.singleToken(text) }
  }

  /// Of long texts and careless expressions the result is right, or there is an error; it is never none.
  @Test(arguments: [200, 20_000, 2_000_000])
  func longTexts(_ length: Int) throws {
    let text = String(repeating: "a", count: length)
    #expect(try tokenizer(Self.split(#"\\p{L}+"#)).encode(text + " " + text).count == 3)
    #expect(try tokenizer(Self.replace("[a-z]")).encode(text).count == 1)
    let careless = try tokenizer(Self.split(#"(?:\\p{L}|x)+"#))
    guard length > 500_000 else {
      #expect(try careless.encode(text + "-" + text).count == 3)
      return
    }
    #expect(throws: TokenizationError.self) { try careless.encode(text + "-" + text) }
  }
}
