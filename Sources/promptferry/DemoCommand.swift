import ArgumentParser
import Foundation
import PromptTransfer

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Tunes, transfers and evaluates on the models and facts that ship with promptferry.",
    discussion: """
      Example:
        promptferry demo --json > demo.json

      Prompts are tuned on each model for ten relations of the atlas, carried to the other models, and asked the \
      test facts, beside what one would try instead. One table comes out: macro P@1, the mean over relations.
      """)

  @Flag(
    help:
      "Every model to every model, itself included (without the slow gradient search); the table is a square."
  )
  var all = false
  @Option(
    name: .customLong("init"),
    help:
      "What prompts start from: the words of the relation's template (default), or random vectors, as in the paper."
  )
  var start = Demo.Start.template
  @OptionGroup var common: CommonOptions

  /// Enough to see the picture, in less than a minute.
  static let relations = [
    "capital", "continent", "currency", "city", "symbol", "occupation", "birthplace", "instrument", "animal",
    "opposite",
  ]

  /// Within a family and across, small to large and back.
  static let pairs = [
    ("bert-small", "bert-tiny"), ("bert-small", "roberta-small"), ("roberta-small", "bert-small"),
    ("roberta-small", "roberta-tiny"),
  ]

  func run() throws {
    let interruption = Interruption.shared
    let clock = ContinuousClock.now
    let zoo = try Location.shared().appendingPathComponent("zoo")
    let names = try FileManager.default.contentsOfDirectory(atPath: zoo.path).sorted().filter {
      FileManager.default.fileExists(atPath: zoo.appendingPathComponent("\($0)/config.json").path)
    }
    let pairs = all ? names.flatMap { from in names.map { (from, $0) } } : Self.pairs
    let demo = try Demo(
      zoo: zoo, atlas: Location.shared().appendingPathComponent("atlas"), pairs: pairs,
      relations: Self.relations, rows: all ? Demo.quickRows : Demo.allRows, start: start,
      common)
    common.note(
      "Tuning, carrying and asking: \(demo.relationCount) relations, \(demo.factCount) test facts, \(pairs.count) pairs of models."
    )
    guard let cells = try demo.run(shouldStop: { interruption.isRequested }) else {
      common.note("Interrupted.")
      throw Interruption.shared.exit
    }
    let seconds = clock.duration(to: .now) / .seconds(1)
    let result = DemoResult(
      cells: cells, factCount: demo.factCount, relationCount: demo.relationCount, seconds: seconds,
      seed: common.seed,
      vocabularySize: demo.wordCount)
    try common.print(result, text: all ? result.squares(names) : result.table(pairs: pairs))
  }
}

/// What the demo measured.
struct DemoResult: Encodable {
  /// One method on one pair of models.
  struct Cell: Encodable {
    let source, target, method: String
    let factCount: Int
    let microAccuracy, macroAccuracy: Double
    let relations: [Evaluation.Relation]
  }

  let cells: [Cell]
  let factCount, relationCount: Int
  let seconds: Double
  let seed: UInt64
  let vocabularySize: Int

  private func percent(_ source: String, _ target: String, _ method: String) -> String {
    cells.first { ($0.source, $0.target, $0.method) == (source, target, method) }
      .map { (100 * $0.macroAccuracy).formatted(1) } ?? "–"
  }

  /// Methods down, pairs of models across, macro P@1 in percent.
  func table(pairs: [(String, String)]) -> String {
    var table = TextTable(["macro P@1, %"] + pairs.map { "\($0.0) → \($0.1)" })
    for row in Demo.allRows { table.add([row.name] + pairs.map { percent($0.0, $0.1, row.name) }) }
    return "\(table)\n\n\(footer)"
  }

  /// A square for each method that carries something: sources down, targets across; above it, what needs no source.
  func squares(_ models: [String]) -> String {
    var blocks: [String] = []
    var alone = TextTable(["on the target alone"] + models)
    for row in Demo.quickRows where !row.hasSource {
      alone.add([row.name] + models.map { percent($0, $0, row.name) })
    }
    blocks.append("\(alone)")
    for row in Demo.quickRows where row.hasSource {
      var square = TextTable(["\(row.name): from \\ to"] + models)
      for source in models { square.add([source] + models.map { percent(source, $0, row.name) }) }
      blocks.append("\(square)")
    }
    return (["macro P@1, %"] + blocks + [footer]).joined(separator: "\n\n")
  }

  private var footer: String {
    """
    \(factCount) test facts of \(relationCount) relations, \(vocabularySize) candidate words, one seed; \
    \(seconds.formatted(1)) s
    """
  }
}

extension Demo.Start: ExpressibleByArgument {}
