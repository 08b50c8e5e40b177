import PromptTransfer

extension FigureContent {
  /// Dots with intervals, the same as a table, and each method against the baseline.
  var comparison: [Block] {
    let values = entries.flatMap { entry in pairs.compactMap { results.accuracy(series(entry, $0)) } }
    guard !values.isEmpty else { return [] }
    let paper = entries.flatMap { entry in pairs.compactMap { published(entry.method, $0) } }
    let axis = DotPlot.Axis.shares("macro P@1, %", high: top(values.map { $0.high ?? $0.mean } + paper))
    let standings = standings
    let marks =
      baseline.map {
        "Diamond and line: \(name($0)), with which the others are compared; hollow: no difference from it beyond noise "
          + "(paired bootstrap over relations, of which a verdict wants \(PairedComparison.fewest))."
      } ?? ""
    let legend = "Mean over \(seedCount), and its 95 % interval over \(factCount) (Wilson). \(marks)"
    return [
      .figure(
        Plot(
          id: id, title: title, caption: caption(legend, publishedAs: "Crosses"),
          summary:
            "Accuracy of each method with its interval, for each pair of models; the numbers follow as a table.",
          panels: panels(axis, standings), numbers: accuracyTable(standings)))
    ] + (baseline.map { [.table(differenceTable($0, standings))] } ?? [])
  }

  var baseline: Entry? {
    figure.baseline.flatMap { label in
      entries.first { $0.method.label == label && $0.vectorCount == report.mainVectorCount }
        ?? entries.first { $0.method.label == label }
    }
  }

  private typealias Standings = [Results.Series: PairedComparison]

  /// Each method against the baseline, on each pair.
  private var standings: Standings {
    guard let baseline else { return [:] }
    var found: Standings = [:]
    for entry in entries where entry != baseline {
      for pair in pairs { found[series(entry, pair)] = compare(entry, baseline, [pair]) }
    }
    return found
  }

  func compare(_ first: Entry, _ second: Entry, _ pairs: [ExperimentConfiguration.Pair]) -> PairedComparison?
  {
    results.compare(series(first, pairs[0]), series(second, pairs[0]), pairs: pairs)
  }

  private func standing(_ entry: Entry, _ comparison: PairedComparison?) -> Standing? {
    entry == baseline ? .baseline : Standing(comparison)
  }

  private func panels(_ axis: DotPlot.Axis, _ standings: Standings) -> [DotPlot] {
    let reference = baseline.flatMap { entries.firstIndex(of: $0) }
    let main = results.mainPairs
    var panels: [DotPlot] = []
    if main.count > 1 {
      let rows = entries.map { entry in
        DotPlot.Row(
          name: name(entry),
          interval: results.accuracy(entry.method, vectorCount: entry.vectorCount, pairs: main),
          standing: standing(entry, baseline.flatMap { compare(entry, $0, main) }),
          absence: "not on every pair")
      }
      panels.append(
        DotPlot(title: "Mean of \(main.count) pairs of models", rows: rows, axis: axis, reference: reference))
    }
    for pair in pairs {
      let rows = entries.map { entry in
        DotPlot.Row(
          name: name(entry), interval: results.accuracy(series(entry, pair)),
          standing: standing(entry, standings[series(entry, pair)]), published: published(entry.method, pair),
          absence: shortAbsence(series(entry, pair)))
      }
      panels.append(DotPlot(title: names.pair(pair), rows: rows, axis: axis, reference: reference))
    }
    return panels
  }

  private func accuracyTable(_ standings: Standings) -> Table {
    let paper = pairs.filter { pair in methods.contains { published($0, pair) != nil } }
    return Table(
      id: id, title: title, place: .figure,
      columns: [.init("method")] + pairs.map { .init(names.pair($0), .interval) }
        + paper.map { .init("published: " + names.pair($0), .interval) },
      rows: entries.map { entry in
        [.text(name(entry))]
          + pairs.map { value(series(entry, $0), standing(entry, standings[series(entry, $0)])) }
          + paper.map { pair in
            published(entry.method, pair).map { .interval(Interval(mean: $0, low: nil, high: nil, count: 1)) }
              ?? .absent("not published")
          }
      })
  }

  private func differenceTable(_ baseline: Entry, _ standings: Standings) -> Table {
    Table(
      id: id + "-differences", title: "Each method against \(name(baseline))",
      caption:
        "Differences of accuracy in points, with the 95 % interval of a paired bootstrap over relations (not corrected for their number).",
      isInteractive: true,
      columns: [
        .init("method"), .init("pair"), .init("accuracy", .interval), .init("micro accuracy", .interval),
        .init("difference", .difference), .init("verdict"),
      ],
      rows: pairs.flatMap { pair in
        entries.filter { $0 != baseline }.map { entry in
          let comparison = standings[series(entry, pair)]
          return [
            .text(name(entry)), .text(names.pair(pair)), value(series(entry, pair)),
            results.microAccuracy(series(entry, pair)).map { .interval($0.accuracy) } ?? .absent("missing"),
            comparison.map { .difference($0) } ?? .absent("not comparable"),
            .text(report.verdict(Standing(comparison))),
          ]
        }
      })
  }
}
