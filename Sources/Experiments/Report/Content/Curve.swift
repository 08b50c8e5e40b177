import PromptTransfer

extension FigureContent {
  /// Accuracy along a setting: one panel where the lines are few, else one for each pair.
  var curve: [Block] {
    guard let axis = figure.x else { return [] }
    let shown = curvePanels(axis)
    guard !shown.isEmpty else { return [] }
    let shares = shown.flatMap { panel in
      panel.lines.flatMap { $0.points.map { $0.share.high ?? $0.share.mean } } + panel.levels.map(\.share)
    }
    let panels = shown.map { panel in
      LineChart(
        title: panel.title, xTitle: axis.words, isLogarithmic: axis.isLogarithmic, lines: panel.lines,
        levels: panel.levels, high: top(shares), width: shown.count == 1 ? 680 : 326)
    }
    let dashes =
      shown.contains { !$0.levels.isEmpty }
      ? " Dashed: methods without this setting\(axis.isLogarithmic ? ", or at 0" : "")." : ""
    return [
      .figure(
        Plot(
          id: id, title: title,
          caption: caption(
            "Macro P@1 in %, the mean over \(seedCount); bands: 95 % intervals over \(factCount) (Wilson).\(dashes)",
            publishedAs: "Grey with crosses"),
          summary: "Lines of accuracy by \(axis.words); the numbers follow as a table.", panels: panels,
          numbers: curveTable(axis)))
    ]
  }

  private typealias CurvePanel = (title: String, lines: [LineChart.Line], levels: [LineChart.Level])

  /// One panel with a line for each pair where that is not too much, else a panel for each pair.
  private func curvePanels(_ axis: Figure.Axis) -> [CurvePanel] {
    let keys = lineNames(axis)
    let hasLevels = methods.contains { !hasSetting($0, axis) }
    let panels: [CurvePanel]
    if let key = keys.first, keys.count == 1, pairs.count <= 6, !hasLevels {
      let lines = pairs.map { line(key, axis, [$0], names.pair($0)) }
      panels = [("", lines + publishedLines(pairs, isFirst: true), [])]
    } else {
      panels = panelPairs.enumerated().map { number, panel in
        let lines = keys.map { line($0, axis, panel.pairs, $0) }
        return (
          panel.title, lines + publishedLines(panel.pairs, isFirst: number == 0), levels(axis, panel.pairs)
        )
      }
    }
    return panels.map { panel in
      let zeros = axis.isLogarithmic ? panel.lines.flatMap { Self.zeros($0, axis) } : []
      let lines = axis.isLogarithmic ? panel.lines.map(\.positive) : panel.lines
      return (panel.title, lines.filter { !$0.points.isEmpty }, panel.levels + zeros)
    }.filter { panel in panel.lines.contains { !$0.isPublished } }
  }

  /// What a logarithmic axis has no place for.
  private static func zeros(_ line: LineChart.Line, _ axis: Figure.Axis) -> [LineChart.Level] {
    line.points.filter { $0.x <= 0 }.map {
      LineChart.Level(name: "\(line.name), \(axis.words) \(Shown.setting($0.x))", share: $0.share.mean)
    }
  }

  /// The pairs that share a panel: all between models first, where there are several.
  private var panelPairs: [(title: String, pairs: [ExperimentConfiguration.Pair])] {
    let main = results.mainPairs
    return (main.count > 1 ? [("Mean of \(main.count) pairs of models", main)] : [])
      + pairs.map { (names.pair($0), [$0]) }
  }

  private func lineName(_ method: Method, _ axis: Figure.Axis) -> String {
    names.line(method, along: axis, among: methods)
  }

  /// Of the methods that have the setting.
  func lineNames(_ axis: Figure.Axis) -> [String] {
    methods.filter { hasSetting($0, axis) }.map { lineName($0, axis) }.uniqued
  }

  private func hasSetting(_ method: Method, _ axis: Figure.Axis) -> Bool {
    switch axis {
    case .vectorCount: method.usesVectors
    case .anchorCount: method.usesSources && method.usesAnchors
    default: method.number(axis.rawValue) != nil
    }
  }

  private func x(_ series: Results.Series, _ axis: Figure.Axis) -> Double? {
    switch axis {
    case .vectorCount: Double(series.vectorCount)
    case .anchorCount: results.anchorCount(series)
    case .anchorShare: series.method.number(axis.rawValue).map { 100 * $0 }
    default: series.method.number(axis.rawValue)
    }
  }

  private func line(
    _ key: String, _ axis: Figure.Axis, _ pairs: [ExperimentConfiguration.Pair], _ name: String
  ) -> LineChart.Line {
    let points = members(of: key, axis).compactMap { entry -> (x: Double, share: Interval)? in
      guard let share = results.accuracy(entry.method, vectorCount: entry.vectorCount, pairs: pairs),
        let x = meanX(entry, axis, pairs)
      else { return nil }
      return (x, share)
    }
    return LineChart.Line(name: name, points: points.sorted { $0.x < $1.x })
  }

  func members(of line: String, _ axis: Figure.Axis) -> [Entry] {
    entries.filter { hasSetting($0.method, axis) && lineName($0.method, axis) == line }
  }

  /// Averaged over pairs: they may share different numbers of anchors.
  func meanX(_ entry: Entry, _ axis: Figure.Axis, _ pairs: [ExperimentConfiguration.Pair]) -> Double? {
    let places = pairs.compactMap { x(series(entry, $0), axis) }
    guard places.count == pairs.count, !places.isEmpty else { return nil }
    return Set(places).count == 1
      ? places[0] : (places.reduce(0, +) / Double(places.count)).rounded()
  }

  /// Values of no pair in particular are shown once, in the first panel.
  private func publishedLines(
    _ pairs: [ExperimentConfiguration.Pair], isFirst: Bool
  ) -> [LineChart.Line] {
    let values = (figure.published ?? []).filter { value in
      value.x != nil && (isFirst || value.sources != nil || value.target != nil)
        && pairs.contains { pair in
          (value.sources.map { Set($0) == Set(pair.sources) } ?? true)
            && (value.target.map { $0 == pair.target } ?? true)
        }
    }
    return values.map(\.label).uniqued.map { label in
      LineChart.Line(
        name: label + " (published)",
        points: values.filter { $0.label == label }.compactMap { value in
          value.x.map { ($0, Interval(mean: value.value / 100, low: nil, high: nil, count: 1)) }
        }.sorted { $0.x < $1.x }, isPublished: true)
    }
  }

  private func levels(_ axis: Figure.Axis, _ pairs: [ExperimentConfiguration.Pair]) -> [LineChart.Level] {
    entries.filter { !hasSetting($0.method, axis) && $0.vectorCount == report.mainVectorCount }
      .compactMap { entry in
        results.accuracy(entry.method, vectorCount: entry.vectorCount, pairs: pairs)
          .map { LineChart.Level(name: name(entry), share: $0.mean) }
      }
  }

  private func curveTable(_ axis: Figure.Axis) -> Table {
    Table(
      id: id, title: title, place: .figure,
      columns: [.init("method"), .init(axis.words, .number(digits: axis == .ridge ? 3 : 0))]
        + pairs.map { .init(names.pair($0), .interval) },
      rows: entries.map { entry in
        let place =
          hasSetting(entry.method, axis) ? pairs.lazy.compactMap { x(series(entry, $0), axis) }.first : nil
        return [.text(name(entry)), place.map { .number($0) } ?? .absent("none")]
          + pairs.map { value(series(entry, $0)) }
      })
  }
}
