import PromptTransfer

extension ExperimentReport {
  /// Objective and time of what is searched for, all pairs together.
  var costSection: Section? {
    let content = FigureContent(report: self, figure: Figure(.comparison), id: id("time"), title: "")
    let costs = content.entries.filter { $0.method.mark != .direct || $0.method.options.factLimit != nil }
      .map { (entry: $0, seconds: seconds($0), objective: objective($0), anchors: anchors($0)) }
      .filter { $0.seconds != nil || $0.objective != nil }
    guard !costs.isEmpty else { return nil }
    let times = costs.compactMap(\.seconds).filter { $0 > 0 }
    let table = Table(
      id: id("time"), title: "Seconds for one prompt",
      place: times.count > 1 ? .figure : .text,
      columns: [
        .init("method"), .init("seconds", .number(digits: 3)), .init("objective", .number(digits: 5)),
        .init("anchors", .number(digits: 0)),
      ],
      rows: costs.map { cost in
        [
          .text(content.name(cost.entry)), cost.seconds.map { .number($0) } ?? .absent("not timed"),
          cost.objective.map { .number($0) } ?? .absent("no objective"),
          cost.anchors.map { .number($0) } ?? .absent("no anchors"),
        ]
      })
    return Section(
      id: id("costs"), title: "Time and objective",
      blocks: [
        times.count > 1
          ? .figure(timePlot(costs.map { (content.name($0.entry), $0.seconds) }, times, table))
          : .table(table)
      ])
  }

  private func timePlot(_ costs: [(name: String, seconds: Double?)], _ times: [Double], _ table: Table)
    -> Plot
  {
    let low = pow10(below: times.min() ?? 0.01)
    let high = pow10(above: times.max() ?? 1)
    let axis = DotPlot.Axis(
      title: "seconds (log scale)", scale: .logarithmic, low: low, high: max(high, low * 10),
      shown: Shown.seconds, tick: Shown.setting)
    let rows = costs.map { name, seconds in
      DotPlot.Row(
        name: name, interval: seconds.map { Interval(mean: $0, low: nil, high: nil, count: 1) },
        absence: "not timed")
    }
    return Plot(
      id: table.id, title: "Seconds to carry one prompt",
      caption:
        "Median over pairs, relations and seeds, tuning of the source prompt not counted. The table adds the matching objective (the mean cosine reached) and the number of anchors.",
      summary: "Seconds of each method along a logarithmic axis; the numbers follow as a table.",
      panels: [DotPlot(title: "", rows: rows, axis: axis, width: 620)], numbers: table)
  }

  private func pow10(below value: Double) -> Double { Scale.power(of: value, .down) }
  private func pow10(above value: Double) -> Double { Scale.power(of: value, .up) }

  private func series(_ entry: FigureContent.Entry) -> [Results.Series] {
    configuration.pairs.map { Results.Series(pair: $0, method: entry.method, vectorCount: entry.vectorCount) }
  }

  private func seconds(_ entry: FigureContent.Entry) -> Double? {
    let values = series(entry).compactMap(results.seconds).sorted()
    return values.isEmpty ? nil : values[values.count / 2]
  }

  private func objective(_ entry: FigureContent.Entry) -> Double? {
    mean(series(entry).compactMap(results.objective))
  }
  private func anchors(_ entry: FigureContent.Entry) -> Double? {
    mean(series(entry).compactMap(results.anchorCount))
  }

  private func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }
}
