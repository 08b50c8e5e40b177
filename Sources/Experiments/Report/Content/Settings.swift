import Foundation

extension ExperimentReport {
  private static let shownRuns = 8

  /// On what the cells were run, and when: most of them first.
  private var runTerms: [Term] {
    let runs = Dictionary(grouping: results.conditions) {
      "\($0.key.machine), \(Shown.count($0.key.threads, "thread")), \($0.key.program)"
    }.map { place, runs in
      (place: place, days: runs.map(\.key.day).sorted(), count: runs.reduce(0) { $0 + $1.value })
    }.sorted { ($1.count, $0.place) < ($0.count, $1.place) }
    return runs.prefix(Self.shownRuns).map { run in
      let last = run.days.last.flatMap { $0 == run.days[0] ? nil : " to \($0)" } ?? ""
      return Term(
        name: "Run",
        description: Prose("\(Shown.count(run.count, "cell")) on \(run.place), \(run.days[0])\(last)"))
    }
  }

  /// The configuration and the fingerprints that it takes to run the experiment again.
  var settingSection: Section? {
    var blocks: [Block] = []
    if let record = results.record {
      let terms = [Term(name: "promptferry", description: Prose("version \(record.version)"))]
      blocks.append(.terms(terms + runTerms))
      let prints = [("model", record.models), ("data", record.data)].flatMap { kind, prints in
        prints.sorted { $0.key < $1.key }.map { [Table.Value.text(kind), .text($0.key), .text($0.value)] }
      }
      blocks.append(
        .table(
          Table(
            id: id("fingerprints"), title: "What the results rest on",
            caption:
              "SHA-256 of each model's files, and of facts and word lists (its first 16 digits).",
            columns: [.init("kind"), .init("name"), .init("fingerprint")], rows: prints)))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    if let data = try? encoder.encode(configuration) {
      blocks.append(.code(String(decoding: data, as: UTF8.self), title: "The full configuration"))
    }
    return Section(id: id("settings"), title: "Settings and versions", blocks: blocks)
  }
}
