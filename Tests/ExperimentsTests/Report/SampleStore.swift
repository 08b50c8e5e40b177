import Experiments
import Foundation
import PromptTransfer
import TestSupport
import Testing

/// A store with made-up results of a small experiment: every kind of figure, one refusal, one missing cell, and text
/// that wants escaping.
struct SampleStore {
  static let relations = ["capital", "<b>city</b>", "author", "past", "plant", "sport"]
  static let trap = "<script>alert(\"1\")</script>, | & 'x'"

  /// Where it was, while it was read.
  let path: String
  let configuration: ExperimentConfiguration

  /// One for all tests that only read: every file is flushed to the disk.
  static func shared() throws -> SampleStore { try once.get() }
  private static let once = Result { try SampleStore() }

  init(_ relations: [String] = Self.relations) throws {
    let folder = try TemporaryFolder()
    path = folder.url.path
    configuration = try ExperimentConfiguration(
      contentsOf: folder.write(Self.text, to: "configuration.json"))
    let store = Store(folder: folder.url)
    let cells = Grid(configuration, relations: relations).cells
    try store.open(
      ExperimentRecord(
        configuration: configuration, version: "1.2.3", models: ["zoo:a": "feed", "zoo:b": "f00d"],
        data: ["facts": "beef"]),
      addresses: Dictionary(uniqueKeysWithValues: cells.enumerated().map { ($1.identifier, "cell\($0)") }))
    for (index, cell) in cells.enumerated() where !Self.isMissing(cell) {
      try store.write(
        Self.result(cell, index),
        CellTiming(
          seconds: 0.01 * Double(index + 1),
          conditions: RunConditions(
            day: index % 2 == 0 ? "2026-11-28" : "2026-11-29", machine: "A Processor, Linux", threads: 2,
            program: "promptferry 1.2.3 (abc)")),
        at: "cell\(index)")
    }
    var named: [String: Results] = [:]
    for name in ["sample", "one", "two"] {
      var configuration = configuration
      configuration.name = name
      named[name] = try Results(configuration, relations: relations, store: store)
    }
    self.named = named
  }

  /// The same results under several names.
  private let named: [String: Results]

  func results(named name: String = "sample") throws -> Results { try #require(named[name]) }

  /// The report's files by their paths.
  func report() throws -> [String: String] {
    Dictionary(uniqueKeysWithValues: try Report([results()]).files().map { ($0.path, $0.text) })
  }

  func page() throws -> String { try #require(report()["report.html"]) }

  static func isMissing(_ cell: Cell) -> Bool {
    cell.method.label == "linear" && cell.target == "zoo:a" && cell.seed == 1
  }

  private static func result(_ cell: Cell, _ index: Int) -> CellResult {
    var result = CellResult(cell)
    if cell.method.name == "copy" {
      result.refusal = "copy: \(trap)"
      return result
    }
    // More anchors and less ridge do better; seeds and relations differ a little.
    let anchorCount = cell.method.number("anchorCount").map { Int($0) }
    let skill = cell.method.name == "manual" ? 4 : 6 + (anchorCount ?? 0) / 300 + index % 3
    result.predictions = (0..<20).map { number in
      Prediction(
        relation: cell.relation, subject: "subject \(number)", object: trap, prediction: trap,
        rank: number < skill ? 1 : 2 + number % 9, logProbability: -0.1 * Float(number + 1))
    }
    result.evaluation = Evaluation(result.predictions)
    if !cell.sources.isEmpty {
      result.anchorCount = anchorCount ?? 900
      result.objective = [0.9, 0.8 + 0.001 * Double(skill)]
      result.nearestBefore = [[.init(word: "<i>", cosine: 0.5)], [.init(word: "b|c", cosine: 0.25)]]
      result.nearestAfter = [[.init(word: "*d*", cosine: 0.5)], [.init(word: "\"e\"", cosine: 0.25)]]
    }
    return result
  }

  private static let text = """
    {"name": "sample", "title": "Samples & <trials>", "about": "What comes of *this*?",
     "facts": "facts", "templates": "t.jsonl", "seeds": [0, 1], "relations": ["capital", "<b>city</b>", "author", "past", "plant", "sport"],
     "pairs": [{"sources": ["zoo:a"], "target": "zoo:b"}, {"sources": ["zoo:b"], "target": "zoo:a"},
               {"sources": ["zoo:a"], "target": "zoo:a"}],
     "methods": [{"label": "manual", "method": "manual"}, {"label": "copy", "method": "copy"},
                 {"label": "linear", "method": "linear"}, {"label": "exact", "method": "relative"},
                 {"label": "anchors", "method": "relative", "anchorCount": [100, 300, 900]}],
     "figures": [
       {"kind": "matrix", "methods": ["exact"]},
       {"kind": "comparison", "baseline": "exact", "methods": ["manual", "copy", "linear", "exact"],
        "source": "Table 1", "published": [{"label": "exact", "target": "zoo:b", "value": 17.7}]},
       {"kind": "curve", "x": "anchorCount", "methods": ["anchors"],
        "published": [{"label": "paper", "x": 100, "value": 5}, {"label": "paper", "x": 900, "value": 20}]},
       {"kind": "scatter", "methods": ["exact", "anchors"]}],
     "claims": [
       {"claim": "More help.", "better": {"label": "anchors", "anchorCount": 900}, "than": {"label": "anchors", "anchorCount": 100}},
       {"claim": "Fewer help.", "better": {"label": "anchors", "anchorCount": 100}, "than": {"label": "anchors", "anchorCount": 900}},
       {"claim": "It is the same.", "better": {"label": "exact"}, "than": {"label": "exact"}}]}
    """
}
