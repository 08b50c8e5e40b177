import Foundation
import Testing
import Tokenization

/// The hand-written scanner of GPT-2's pattern against a regular expression, on scalars whose categories no Unicode
/// version changed.
@Suite struct GPT2PatternTests {
  @Test func sameAsTheRegularExpression() throws {
    let pattern = try NSRegularExpression(
      pattern: #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#)
    // Bytes that are tokens, a bar after each piece.
    let vocabulary = (0..<256).map { String(format: "\"<0x%02X>\":%d", $0, $0) }.joined(separator: ",")
    let json = """
      {"version":"1.0","pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true},
      "decoder":null,"model":{"type":"BPE","byte_fallback":true,"end_of_word_suffix":"|","merges":[],
      "vocab":{\(vocabulary)}}}
      """
    let tokenizer = try Fixtures.withFolder(["tokenizer.json": Data(json.utf8)]) { try Tokenizer(folder: $0) }
    let alphabet = Array("''''sstrevlmdSTxyé語1٣½ \u{A0}\u{3000}\t\n\r.,!-€".unicodeScalars)
    var generator = SplitMix64(state: 5)
    for _ in 0..<3000 {
      var view = String.UnicodeScalarView()
      for _ in 0..<generator.next() % 24 {
        view.append(alphabet[Int(generator.next() % UInt64(alphabet.count))])
        if generator.next() % 3 == 0 { view.append(" ") }
      }
      let line = String(view)
      let expected = pattern.matches(in: line, range: NSRange(location: 0, length: line.utf16.count))
        .map { (line as NSString).substring(with: $0.range).utf8.count }
      #expect(try lengths(tokenizer.encode(line)) == expected, "\(line.debugDescription)")
    }
  }

  /// The number of bytes of each piece. The alphabet writes a byte as one scalar, of one or two bytes.
  private func lengths(_ ids: [Int]) -> [Int] {
    ids.split(separator: Int(UInt8(ascii: "|"))).map { piece in piece.count { $0 & 0xC0 != 0x80 } }
  }
}
