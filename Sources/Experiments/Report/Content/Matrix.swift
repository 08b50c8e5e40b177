import PromptTransfer

extension FigureContent {
  /// A heat map for each method.
  var matrix: [Block] {
    let shares = entries.flatMap { entry in pairs.compactMap { results.accuracy(series(entry, $0))?.mean } }
    let high = top(shares)
    let maps = entries.map { heatMap($0, high: high) }
    guard !shares.isEmpty else { return [] }
    let numbers = Table(
      id: id, title: title, place: .figure,
      columns: [
        .init("method"), .init("sources"), .init("target"), .init("accuracy", .interval),
        .init("published", .interval),
      ],
      rows: entries.flatMap { entry in
        pairs.map { pair in
          let known = published(entry.method, pair)
          return [
            .text(name(entry)), .text(names.sources(pair.sources)), .text(names.model(pair.target)),
            value(series(entry, pair)),
            known.map { .interval(Interval(mean: $0, low: nil, high: nil, count: 1)) }
              ?? .absent("not published"),
          ]
        }
      })
    return [
      .figure(
        Plot(
          id: id, title: title,
          caption: caption(
            "Macro P@1 in %, the mean over seeds, with the 95 % interval over facts below. Outlined: a model to itself. "
              + "A dot: not part of the experiment.", publishedAs: "“paper”"),
          summary: "Heat map of accuracies, sources down and targets across; the numbers follow as a table.",
          panels: maps, numbers: numbers))
    ]
  }

  private func heatMap(_ entry: Entry, high: Double) -> HeatMap {
    let usesSources = entry.method.usesSources
    let sources = usesSources ? pairs.map(\.sources).uniqued : [[]]
    let targets = pairs.map(\.target).uniqued
    let cells = sources.map { source in
      targets.map { target -> HeatMap.Cell in
        guard let pair = pairs.first(where: { $0.target == target && (!usesSources || $0.sources == source) })
        else { return .empty }
        guard let interval = results.accuracy(series(entry, pair)) else {
          if case .refused(let reason) = results.completeness(series(entry, pair)) { return .refused(reason) }
          return .missing
        }
        return .value(
          interval, published: published(entry.method, pair), isToItself: usesSources && pair.isToItself)
      }
    }
    return HeatMap(
      title: name(entry), rows: sources.map { $0.isEmpty ? "no source" : names.sources($0) },
      columns: targets.map(names.model), cells: cells, high: high)
  }
}

extension Array where Element: Hashable {
  /// Each element once, where it is first.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
