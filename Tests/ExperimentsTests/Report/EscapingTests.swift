import Experiments
import Testing

@Suite struct EscapingTests {
  @Test func markupBecomesText() {
    #expect(
      Escaping.html("<a href=\"x\" id='y'>&</a>")
        == "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;")
    #expect(Escaping.html("plain, 日本語 – ✓\n") == "plain, 日本語 – ✓\n")
  }

  @Test func whatXMLCannotHoldIsReplaced() {
    #expect(Escaping.html("a\u{0}b\u{1B}c\u{FFFF}") == "a\u{FFFD}b\u{FFFD}c\u{FFFD}")
  }

  @Test(arguments: [
    ("a|b", "a\\|b"), ("*x*", "\\*x\\*"), ("[l](u)", "\\[l\\](u)"), ("# h", "\\# h"), ("- i", "\\- i"),
    ("1. one", "1\\. one"), ("1.5 m", "1.5 m"), ("a\nb", "a b"), ("<b>", "&lt;b&gt;"), ("R&D", "R&amp;D"),
    ("a\\b", "a\\\\b"), ("a-b", "a-b"), ("", ""),
  ]) func nothingIsTakenForMarkdown(text: String, expected: String) {
    #expect(Escaping.markdown(text) == expected)
  }

  /// Text is read in the order in which it is stored, and steers nothing.
  @Test(arguments: ["\u{202E}", "\u{2066}", "\u{200F}", "\u{1B}", "\u{9B}", "\u{8}", "\u{E0041}"])
  func directionsAndControlsAreReplaced(_ mark: String) {
    #expect(Escaping.html("a\(mark)b") == "a\u{FFFD}b")
    #expect(Escaping.markdown("a\(mark)b") == "a\u{FFFD}b")
    #expect(Escaping.markdownCode("a\(mark)b") == "`a\u{FFFD}b`")
  }

  @Test func codeIsFencedByMoreThanItHolds() {
    #expect(Escaping.markdownCode("a") == "`a`")
    #expect(Escaping.markdownCode("a``b") == "```a``b```")
    #expect(Escaping.markdownCode("`a") == "`` `a ``")
  }

  @Test(arguments: [
    ("a", "a"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\""),
    ("a\r\nb", "\"a\r\nb\""),
    ("", ""), ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
    ("@SUM(1,2)", "\"'@SUM(1,2)\""),
    ("-label", "'-label"), ("-0.25", "-0.25"), ("+1e5", "+1e5"), ("a=b", "a=b"), ("\tx", "'\tx"),
    ("a\u{202E}b\u{1B}", "a\u{FFFD}b\u{FFFD}"),
  ]) func fieldsOfCSVAreQuotedWhereTheyMust(text: String, expected: String) {
    #expect(Escaping.csv(text) == expected)
  }

  @Test func numbersHaveATrueMinusAndNoNegativeZero() {
    #expect(Shown.number(-1.25, digits: 1) == "−1.2" && Shown.number(-0.001, digits: 2) == "0.00")
    #expect(Shown.points(0.0312) == "+3.1" && Shown.points(-0.0312) == "−3.1" && Shown.points(0) == "0.0")
    #expect(
      Shown.setting(8192) == "8192" && Shown.setting(17230) == "17\u{202F}230"
        && Shown.setting(0.01) == "0.01")
    #expect(Shown.number(.nan, digits: 1) == "–")
    #expect(Shown.list(["a"]) == "a" && Shown.list(["a", "b", "c"]) == "a, b and c" && Shown.list([]) == "")
  }
}
