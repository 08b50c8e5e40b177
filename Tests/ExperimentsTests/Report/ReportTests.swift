import Foundation
import PromptTransfer
import TestSupport
import Testing

@testable import Experiments

@Suite struct ReportTests {
  @Test func theSameResultsGiveTheSameBytes() throws {
    let (first, second) = (try SampleStore(), try SampleStore())
    let files = try [first, second].map { try Report([$0.results()]).files }
    #expect(files[0].map(\.path) == files[1].map(\.path))
    for (one, other) in zip(files[0], files[1]) { #expect(one.text == other.text, "\(one.path)") }
    for file in files[0] { #expect(!file.text.contains(first.folder.url.path), "\(file.path) holds a path") }
  }

  @Test func everyKindOfFigureIsThereInEveryForm() throws {
    let files = Dictionary(uniqueKeysWithValues: try Report([SampleStore().results()]).files)
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
    for (path, text) in try Report([SampleStore().results()]).files where path.hasSuffix(".svg") {
      let parser = XMLParser(data: Data(text.utf8))
      #expect(parser.parse(), "\(path): \(String(describing: parser.parserError))")
    }
  }

  @Test func textOfResultsIsNoMarkup() throws {
    for (path, text) in try Report([SampleStore().results()]).files where !path.hasSuffix(".csv") {
      #expect(
        !text.contains(SampleStore.trap) && !text.contains("<b>") && !text.contains("<script>alert"),
        "\(path)")
    }
  }

  @Test func whatIsMissingIsSaid() throws {
    let page = try HTMLRenderer(Report([SampleStore().results()]).document).page
    #expect(page.contains("4 are missing") == false && page.contains("2 are missing"))
    #expect(page.contains("4 refused"))
  }

  @Test func tablesHoldWhatResultsSay() throws {
    let results = try SampleStore().results()
    let table = try #require(Report([results]).document.tables.first { $0.id == "sample-comparison-2" })
    let lines = CSVRenderer.text(table).split(separator: "\n").map(String.init)
    #expect(lines[0].hasPrefix("method,a → b (mean),a → b (low),a → b (high),a → b (count)"))
    for method in results.configuration.methods where ["manual", "linear", "exact"].contains(method.label) {
      let series = Results.Series(pair: results.configuration.pairs[0], method: method, vectorCount: 5)
      let accuracy = try #require(results.accuracy(series))
      let row = try #require(lines.first { $0.hasPrefix(method.label + ",") })
      #expect(row.hasPrefix("\(method.label),\(accuracy.mean),\(accuracy.low.map { "\($0)" } ?? ""),"))
      let markdown = MarkdownRenderer.table(table)
      #expect(markdown.contains("| \(method.label) | \(Shown.percent(accuracy.mean))"))
    }
    let copy = try #require(lines.first { $0.hasPrefix("copy,") })
    #expect(copy.hasPrefix("copy,,,,,"))
  }

  @Test func everyCellIsInTheFileOfCells() throws {
    let results = try SampleStore().results()
    let table = try #require(Report([results]).document.tables.first { $0.place == .file })
    #expect(table.rows.count == results.finishedCount)
    #expect(results.finishedCount < results.cellCount)
  }

  @Test func aClaimIsMadeOnlyBeyondNoise() throws {
    let results = try SampleStore().results()
    let findings = try #require(ExperimentReport(results).findings)
    guard case .list(let sentences) = findings.blocks[0] else { return #expect(Bool(false), "no list") }
    let text = sentences.map(\.plain).joined(separator: "\n")
    for label in ["manual", "linear"] {
      let methods = results.configuration.methods
      let comparison = try #require(
        results.compare(
          #require(methods.first { $0.label == "exact" }), #require(methods.first { $0.label == label }),
          vectorCount: 5, pairs: results.mainPairs))
      let claim = text.split(separator: "\n").first { $0.contains(label) }
      #expect(claim?.hasPrefix("No difference") == !comparison.isBeyondNoise, "\(label): \(comparison)")
    }
    #expect(text.contains("number of anchors from 100 to 900 gains"))
  }

  @Test func severalExperimentsShareAPage() throws {
    let stores = try [SampleStore(name: "one"), SampleStore(name: "two")]
    let report = try Report(stores.map { try $0.results() })
    let page = HTMLRenderer(report.document).page
    #expect(page.contains("href=\"#one\"") && page.contains("href=\"#two\"") && page.contains("Figure 6."))
    let paths = report.files.map(\.path)
    #expect(Set(paths).count == paths.count)
    #expect(throws: TransferError.self) { try Report([stores[0].results(), stores[0].results()]) }
  }

  @Test func idsAreUnique() throws {
    let page = try HTMLRenderer(Report([SampleStore().results()]).document).page
    let ids = page.matches(of: #/ id="([^"]*)"/#).map { String($0.1) }
    #expect(Set(ids).count == ids.count && ids.count > 10)
  }

  @Test func nothingRunIsNothingToReport() throws {
    let sample = try SampleStore()
    let empty = try TemporaryFolder()
    let results = try Results(
      sample.configuration, relations: SampleStore.relations, store: Store(folder: empty.url))
    #expect(throws: TransferError.self) { try Report([results]) }
  }

  @Test func theFilesAreWritten() throws {
    let folder = try TemporaryFolder()
    let report = try Report([SampleStore().results()])
    let page = try report.write(to: folder.url)
    #expect(try String(contentsOf: page, encoding: .utf8) == HTMLRenderer(report.document).page)
    for file in report.files {
      #expect(
        FileManager.default.fileExists(atPath: folder.url.appending(path: file.path).path), "\(file.path)")
    }
  }
}
