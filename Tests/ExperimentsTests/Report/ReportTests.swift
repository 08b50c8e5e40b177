import Experiments
import Foundation
import PromptTransfer
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ReportTests {
  @Test func theSameResultsGiveTheSameBytes() throws {
    let (first, second) = (try SampleStore.shared(), try SampleStore())
    let files = try [first, second].map { try Report([$0.results()]).files() }
    #expect(files[0].map(\.path) == files[1].map(\.path))
    for (one, other) in zip(files[0], files[1]) { #expect(one.text == other.text, "\(one.path)") }
    for file in files[0] { #expect(!file.text.contains(first.path), "\(file.path) holds a path") }
  }

  @Test func everyKindOfFigureIsThereInEveryForm() throws {
    let files = try SampleStore.shared().report()
    let page = try #require(files["report.html"])
    let text = try #require(files["report.md"])
    for name in ["matrix-1", "comparison-2", "curve-3", "scatter-4", "time"] {
      #expect(page.contains("id=\"sample-\(name)\""), "\(name)")
      #expect(text.contains("figures/sample-\(name).svg"), "\(name)")
      #expect(
        files["figures/sample-\(name).svg"] != nil && files["tables/sample-\(name).csv"] != nil, "\(name)")
    }
    for name in ["by-relation", "answers", "nearest-words", "cells", "fingerprints"] {
      #expect(files["tables/sample-\(name).csv"] != nil, "\(name)")
    }
    #expect(page.contains("1.2.3") && page.contains("f00d") && text.contains("f00d"))
  }

  @Test func figuresAreWellFormed() throws {
    for (path, text) in try Report([SampleStore.shared().results()]).files() where path.hasSuffix(".svg") {
      let parser = XMLParser(data: Data(text.utf8))
      #expect(parser.parse(), "\(path): \(String(describing: parser.parserError))")
    }
  }

  @Test func textOfResultsIsNoMarkup() throws {
    for (path, text) in try SampleStore.shared().report() where !path.hasSuffix(".csv") {
      // Code stands in Markdown as it is, indented.
      let prose = text.split(separator: "\n").filter { path != "report.md" || !$0.hasPrefix("    ") }
      for trap in [SampleStore.trap, "<b>", "<script>alert", "<i>"] {
        #expect(!prose.contains { $0.contains(trap) }, "\(path): \(trap)")
      }
    }
  }

  @Test func whatIsMissingIsSaid() throws {
    let page = try SampleStore.shared().page()
    #expect(page.contains("; 12 are missing") && page.contains("; 36 refused"))
    #expect(page.contains("zoo:b to zoo:a, capital, linear"))
  }

  @Test func tablesHoldWhatResultsSay() throws {
    let sample = try SampleStore.shared()
    let (results, files) = (try sample.results(), try sample.report())
    let lines = try lines(of: "sample-comparison-2", files)
    let markdown = try #require(files["report.md"])
    #expect(lines[0].hasPrefix("method,a → b (mean),a → b (low),a → b (high),a → b (count)"))
    for method in results.configuration.methods where ["manual", "linear", "exact"].contains(method.label) {
      let series = Results.Series(pair: results.configuration.pairs[0], method: method, vectorCount: 5)
      let accuracy = try #require(results.accuracy(series))
      let row = try #require(lines.first { $0.hasPrefix(method.label + ",") })
      #expect(row.hasPrefix("\(method.label),\(accuracy.mean),\(accuracy.low.map { "\($0)" } ?? ""),"))
      #expect(markdown.contains("| \(method.label) | \(Shown.percent(accuracy.mean))"))
    }
    #expect(lines.contains { $0.hasPrefix("copy,,,,,") }, "what is refused is empty")
  }

  @Test func everyCellIsInTheFileOfCells() throws {
    let sample = try SampleStore.shared()
    let results = try sample.results()
    #expect(try lines(of: "sample-cells", sample.report()).count == results.finishedCount + 1)
    #expect(results.finishedCount < results.cellCount)
  }

  @Test func aClaimIsMadeOnlyBeyondNoise() throws {
    let sample = try SampleStore.shared()
    let results = try sample.results()
    let text = try #require(try sample.report()["report.md"])
    let start = try #require(text.range(of: "## What it found")).upperBound
    let claims = text[start...].split(separator: "\n").prefix { !$0.hasPrefix("#") }.filter {
      $0.hasPrefix("- ")
    }
    for label in ["manual", "linear"] {
      let methods = results.configuration.methods
      let exact = try #require(methods.first { $0.label == "exact" })
      let other = try #require(methods.first { $0.label == label })
      let comparison = try #require(
        results.compare(exact, other, vectorCount: 5, pairs: results.mainPairs))
      let claim = try #require(claims.first { $0.contains(label) })
      #expect(claim.hasPrefix("- No difference") == !comparison.isBeyondNoise, "\(label): \(comparison)")
    }
    #expect(claims.contains { $0.contains("number of anchors from 100 to 900 gains") })
  }

  /// The paper's claims hold, turn around, or are lost in the noise.
  @Test func everyClaimHasItsVerdict() throws {
    let text = try #require(try SampleStore.shared().report()["report.md"])
    for (claim, verdict) in [
      ("More help.", "Holds here"), ("Fewer help.", "Does not hold here"),
      ("It is the same.", "Here the difference is within noise"),
    ] {
      let line = try #require(text.split(separator: "\n").first { $0.contains(claim) })
      #expect(line.contains(verdict), "\(line)")
    }
  }

  /// Of five relations nothing is said, however much they differ.
  @Test func fewRelationsHaveNoVerdict() throws {
    let text = try #require(try SampleStore(Array(SampleStore.relations.dropLast())).report()["report.md"])
    #expect(
      text.contains("Too few relations for a verdict") && text.contains("Cannot be told from 5 relations"))
    for verdict in [
      "Holds here", "Does not hold", "beats", "stays behind", " gains ", "within noise (", "▲", "▼",
    ] {
      #expect(!text.contains(verdict), "\(verdict)")
    }
  }

  private func lines(of table: String, _ files: [String: String]) throws -> [String] {
    try #require(files["tables/\(table).csv"]).split(separator: "\n").map(String.init)
  }

  @Test func severalExperimentsShareAPage() throws {
    let sample = try SampleStore.shared()
    let report = try Report([sample.results(named: "one"), sample.results(named: "two")])
    let page = try #require(report.files().first).text
    #expect(page.contains("href=\"#one\"") && page.contains("href=\"#two\"") && page.contains("Figure 6."))
    let paths = report.files().map(\.path)
    #expect(Set(paths).count == paths.count)
    #expect(throws: TransferError.self) { try Report([sample.results(), sample.results()]) }
  }

  @Test func idsAreUnique() throws {
    let page = try SampleStore.shared().page()
    let ids = page.components(separatedBy: " id=\"").dropFirst().map { $0.prefix { $0 != "\"" } }
    #expect(Set(ids).count == ids.count && ids.count > 10)
  }

  @Test func nothingRunIsNothingToReport() throws {
    let sample = try SampleStore.shared()
    let empty = try TemporaryFolder()
    let results = try Results(
      sample.configuration, relations: SampleStore.relations, store: Store(folder: empty.url))
    #expect(throws: TransferError.self) { try Report([results]) }
  }

  @Test func theFilesAreWritten() throws {
    let folder = try TemporaryFolder()
    let report = try Report([SampleStore.shared().results()])
    let page = try report.write(to: folder.url)
    #expect(try String(contentsOf: page, encoding: .utf8) == report.files().first?.text)
    for file in report.files() {
      #expect(
        FileManager.default.fileExists(atPath: folder.url.appending(path: file.path).path), "\(file.path)")
    }
  }
}
