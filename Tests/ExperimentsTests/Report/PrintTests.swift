import Experiments
import Foundation
import TestSupport
import Testing

/// What goes from a report into a paper.
@Suite struct PrintTests {
  /// Programs without style sheets, or without the page's, see the same: every shape says its own colours.
  @Test func figuresHaveColoursOfTheirOwn() throws {
    let figures = try SampleStore.shared().report().filter { $0.key.hasSuffix(".svg") }
    #expect(figures.count == 5)
    for (path, text) in figures {
      #expect(!text.contains("class=") && !text.contains("<style") && !text.contains("var("), "\(path)")
      for shape in text.split(separator: "\n") where shape.firstMatch(of: /^<(path|rect|circle|text)/) != nil
      {
        #expect(shape.contains(" fill=\"#") || shape.contains(" fill=\"none\""), "\(path): \(shape)")
      }
      for shape in text.split(separator: "\n") where shape.hasPrefix("<line") {
        #expect(shape.contains(" stroke=\"#"), "\(path): \(shape)")
      }
    }
  }

  @Test func aPageAndAFileShowTheSameColours() throws {
    let files = try SampleStore.shared().report()
    let page = try #require(files["report.html"])
    let figure = try #require(files["figures/sample-comparison-2.svg"])
    #expect(page.contains(".chart .dot { fill: var(--s0); stroke: var(--s0); stroke-width: 1.6; }"))
    #expect(page.contains("--s0: #0b66a8") && figure.contains("fill=\"#0b66a8\" stroke=\"#0b66a8\""))
    #expect(figure.contains("fill=\"#fff\" stroke=\"#0b66a8\""), "hollow: within noise")
  }

  @Test func axesAreNamed() throws {
    let files = try SampleStore.shared().report()
    for name in ["curve-3", "scatter-4"] {
      #expect(try #require(files["figures/sample-\(name).svg"]).contains(">P@1 in %</text>"))
    }
    #expect(try #require(files["figures/sample-time.svg"]).contains("seconds (log scale)"))
  }

  @Test func tablesAreThereForLaTeX() throws {
    let table = try #require(try SampleStore.shared().report()["tables/sample-by-relation.tex"])
    for command in [
      "\\begin{tabular}{llr", "\\toprule", "\\midrule", "\\bottomrule", "\\label{tab:sample-by-relation}",
    ] {
      #expect(table.contains(command), "\(command)")
    }
    #expect(table.contains("$<$b$>$city$<$/b$>$ & a $\\to$ b & "))
    let rows = table.split(separator: "\n").filter { $0.hasSuffix("\\\\") }
    #expect(Set(rows.map { $0.split(separator: " & ").count }).count == 1)
  }

  @Test(arguments: [
    ("50 % of $5 & #1_a", ##"50 \% of \$5 \& \#1\_a"##),
    ("{a}^~\\", #"\{a\}\textasciicircum{}\textasciitilde{}\textbackslash{}"#),
    ("−1.2 [0.3, 4] ▲", "$-$1.2 {[}0.3, 4{]} $\\uparrow$"), ("é — 1\u{202F}000\n2", "é — 1\\,000 2"),
  ]) func latexIsEscaped(text: String, expected: String) { #expect(Escaping.latex(text) == expected) }

  @Test func reportsSayOnWhatTheyWereRunAndHowToCiteThem() throws {
    let files = try SampleStore.shared().report()
    let page = try #require(files["report.html"])
    #expect(
      page.contains("on A Processor, Linux, 2 threads, promptferry 1.2.3 (abc), 2026-11-28 to 2026-11-29"))
    let entries = try #require(files["report.bib"])
    #expect(entries.contains("@software{promptferry,") && entries.contains("year = {2026}"))
    #expect(entries.contains("@inproceedings{wu2024zeroshot,") && page.contains("wu2024zeroshot"))
  }

  @Test(.enabled(if: FigureConverter() != nil, "rsvg-convert is not installed: `make test` installs it"))
  func figuresAreThereForPrint() throws {
    let folder = try TemporaryFolder()
    let page = try Report([SampleStore.shared().results()]).write(
      to: folder.url, converter: FigureConverter())
    let text = try String(contentsOf: page, encoding: .utf8)
    for name in ["matrix-1", "comparison-2", "curve-3", "scatter-4", "time"] {
      for (form, start) in [("pdf", Data("%PDF-".utf8)), ("png", Data([0x89, 0x50, 0x4E, 0x47]))] {
        let path = "figures/sample-\(name).\(form)"
        #expect(try Data(contentsOf: folder.url.appending(path: path)).starts(with: start), "\(path)")
        #expect(text.contains("<a href=\"\(path)\">"))
      }
    }
  }

  @Test func withoutAProgramForThemNoPageLinksToOtherForms() throws {
    #expect(FigureConverter(path: "/nowhere:/neither") == nil)
    let page = try SampleStore.shared().page()
    #expect(page.contains("figures/sample-time.svg") && !page.contains("figures/sample-time.pdf"))
  }
}
