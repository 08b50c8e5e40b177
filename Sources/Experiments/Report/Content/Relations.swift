import PromptTransfer

extension ExperimentReport {
  /// So many methods fit beside each other.
  static let columnLimit = 12

  /// Relations of every pair down, methods across.
  var relationSection: Section? {
    let figures = configuration.figures.filter { $0.kind == .comparison || $0.kind == .matrix }
    let content = FigureContent(
      report: self,
      figure: figures.first { $0.kind == .comparison } ?? figures.first ?? configuration.figures.first
        ?? Figure(.comparison), id: "",
      title: "")
    let entries = content.entries
    let shown = Array(entries.prefix(Self.columnLimit))
    let rows = configuration.pairs.flatMap { pair in
      results.relations.map { relation -> [Table.Value] in
        let all = shown.map { content.series($0, pair) }
        let count = all.lazy.compactMap { series in
          results.seeds(series.method).lazy.compactMap {
            results.result(series, relation: relation, seed: $0)?.evaluation?.factCount
          }.first
        }.first
        return [
          .text(relation), .text(names.pair(pair)),
          count.map { .number(Double($0)) } ?? .absent("missing"),
        ]
          + all.map { series in
            results.accuracy(series, relation: relation).map { .interval($0) }
              ?? .absent(content.absence(series))
          }
      }
    }
    guard results.finishedCount > 0 else { return nil }
    let rest =
      entries.count > shown.count
      ? " The first \(shown.count) of \(entries.count) methods; the file of cells has all." : ""
    return Section(
      id: id("relations"), title: "Relation by relation",
      blocks: [
        .table(
          Table(
            id: id("by-relation"), title: "Accuracy on each relation",
            caption: Prose("P@1 in %, the mean over seeds and the 95 % interval over facts.\(rest)"),
            isInteractive: true,
            columns: [.init("relation"), .init("pair"), .init("facts", .number(digits: 0))]
              + shown.map { .init(content.name($0), .interval) },
            rows: rows)),
        .table(cellTable),
      ])
  }

  /// Every finished cell, for those who want to compute for themselves.
  private var cellTable: Table {
    Table(
      id: id("cells"), title: "Every cell", place: .file,
      columns: [
        .init("sources"), .init("target"), .init("method"), .init("relation"),
        .init("vectors", .number(digits: 0)), .init("seed", .number(digits: 0)),
        .init("facts", .number(digits: 0)), .init("accuracy", .number(digits: 3)),
        .init("mean reciprocal rank", .number(digits: 3)), .init("objective", .number(digits: 5)),
        .init("anchors", .number(digits: 0)), .init("refusal"),
      ],
      rows: results.finished.map { result in
        func number(_ value: Double?) -> Table.Value { value.map { .number($0) } ?? .absent("none") }
        return [
          .text(names.sources(result.cell.sources)), .text(names.model(result.cell.target)),
          .text(names.method(result.cell.method)), .text(result.cell.relation),
          number(Double(result.cell.vectorCount)), number(Double(result.cell.seed)),
          number((result.evaluation?.factCount).map(Double.init)), number(result.evaluation?.microAccuracy),
          number(result.evaluation?.meanReciprocalRank), number(result.meanObjective),
          number(result.anchorCount.map(Double.init)), .text(result.refusal ?? ""),
        ]
      })
  }
}
