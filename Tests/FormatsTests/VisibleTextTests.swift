import Formats
import Foundation
import Testing

@Suite struct VisibleTextTests {
  @Test(arguments: [
    ("plain, 日本語 – ✓ é 👩‍👩‍👧", "plain, 日本語 – ✓ é 👩‍👩‍👧"), ("", ""), ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"),
    ("\t", "\\t"), ("\u{1B}[31mred", "\\u{1b}[31mred"), ("\u{1B}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
    ("\u{9B}2J", "\\u{9b}2J"), ("\u{85}", "\\u{85}"), ("a\u{8}b\u{7F}", "a\\u{8}b\\u{7f}"),
    ("\u{202E}txt.exe", "\\u{202e}txt.exe"), ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
    ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"), ("\u{E0041}", "\\u{e0041}"), ("e\u{301}", "e\u{301}"),
  ]) func oneLine(_ text: String, _ shown: String) {
    #expect(VisibleText.line(text) == shown)
    #expect(VisibleText.lines("first\n" + shown) == "first\n" + shown)
  }

  @Test func longTextIsCutInItsMiddle() {
    let text = "begin" + String(repeating: "x", count: 50_000_000) + "end"
    let shown = VisibleText.line(text, limit: 60)
    #expect(shown.count == 60 && shown.hasPrefix("begin") && shown.hasSuffix("end") && shown.contains("x…x"))
    #expect(VisibleText.line(String(repeating: "é", count: 60), limit: 60).count == 60)
    #expect(VisibleText.lines("a\n" + text).count < 5000)
  }

  @Test(arguments: ["a\u{1B}b", "\u{202E}", "\u{9B}", "\u{E0041}", "plain"])
  func jsonStaysWhatItWas(_ text: String) throws {
    let written = "{\n  \"a\": \"\(text == "a\u{1B}b" ? "a\\u001bb" : text)\"\n}"
    let shown = VisibleText.json(written)
    #expect(!shown.unicodeScalars.contains { $0 != "\n" && VisibleText.steers($0) })
    #expect(try JSON.parse(Data(shown.utf8))["a"]?.string == text)
  }

  @Test(arguments: [
    ("city", true), ("AG News", true), ("日本", true), ("", false), ("../up", false), ("a/b", false),
    ("..", false),
    (".hidden", false), ("a\\b", false), ("a\nb", false), ("a\u{0}", false),
    (String(repeating: "n", count: 201), false),
  ]) func namesOfFiles(_ name: String, _ isOne: Bool) {
    #expect(FileName.isOne(name) == isOne)
  }
}
