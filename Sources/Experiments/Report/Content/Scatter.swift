import PromptTransfer

extension FigureContent {
  /// A point for each method, pair and seed: matching objective and accuracy, both averaged over relations.
  var scatter: [Block] {
    let points = scatterPoints
    guard !points.isEmpty else { return [] }
    let groups = points.map(\.label).uniqued.map { label in
      ScatterChart.Group(
        name: label,
        points: points.filter { $0.label == label }.map { point in
          (
            point.objective, point.accuracy,
            "\(names.pair(point.series.pair)), \(label), seed \(point.seed): objective "
              + "\(Shown.number(point.objective, digits: 4)), accuracy \(Shown.percent(point.accuracy)) %"
          )
        })
    }
    let paper = publishedPoints
    let high = top(points.map(\.accuracy) + paper.flatMap { $0.points.map(\.share) })
    let numbers = Table(
      id: id, title: title, place: .figure,
      columns: [
        .init("method"), .init("pair"), .init("seed", .number(digits: 0)),
        .init("objective", .number(digits: 5)), .init("accuracy", .number(digits: 3)),
      ],
      rows: points.map {
        [
          .text(names.method($0.series.method, vectorCount: $0.series.vectorCount)),
          .text(names.pair($0.series.pair)), .number(Double($0.seed)), .number($0.objective),
          .number($0.accuracy),
        ]
      })
    return [
      .figure(
        Plot(
          id: id, title: title,
          caption: caption(
            "A point for each method, pair of models and seed. \(correlationSentence)",
            publishedAs: "Grey crosses"),
          summary: "Accuracy against the matching objective; the numbers follow as a table.",
          panels: [
            ScatterChart(
              xTitle: "matching objective (mean cosine reached)", groups: groups + paper, high: high,
              width: 680)
          ], numbers: numbers))
    ]
  }

  struct Point {
    let label: String
    let series: Results.Series
    let seed: UInt64
    let objective: Double
    let accuracy: Double
  }

  private var scatterPoints: [Point] {
    entries.flatMap { entry in
      pairs.flatMap { pair in
        let series = series(entry, pair)
        return results.seeds(entry.method).compactMap { seed -> Point? in
          guard let objective = results.objective(series, seed: seed),
            let accuracy = results.macroAccuracy(series, seed: seed)
          else { return nil }
          return Point(
            label: entry.method.label, series: series, seed: seed, objective: objective, accuracy: accuracy)
        }
      }
    }
  }

  private var publishedPoints: [ScatterChart.Group] {
    let values = (figure.published ?? []).filter { $0.x != nil }
    return values.map(\.label).uniqued.map { label in
      ScatterChart.Group(
        name: label + " (published)",
        points: values.filter { $0.label == label }.map {
          ($0.x ?? 0, $0.value / 100, "\(label), published: \(Shown.number($0.value, digits: 1)) %")
        }, isPublished: true)
    }
  }

  /// Within pairs: the mean of each pair is taken off first, as easy pairs have both high. Over series, each the mean
  /// over its seeds, as the seeds of one series are no independent points.
  var correlation: Correlation? {
    let byPair = Dictionary(grouping: Dictionary(grouping: scatterPoints, by: \.series), by: \.key.pair)
    let centred = pairs.uniqued.compactMap { byPair[$0] }.flatMap { groups -> [(Double, Double)] in
      let means = groups.map { (mean($0.value.map(\.objective)), mean($0.value.map(\.accuracy))) }.sorted(
        by: <)
      let (x, y) = (mean(means.map(\.0)), mean(means.map(\.1)))
      return means.map { ($0.0 - x, $0.1 - y) }
    }
    return Correlation(centred, groupCount: byPair.count)
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

  var correlationSentence: String {
    guard let correlation else { return "Too few series for a correlation." }
    let numbers =
      "r = \(Shown.number(correlation.coefficient, digits: 2)) "
      + "[\(Shown.number(correlation.low, digits: 2)), \(Shown.number(correlation.high, digits: 2))] "
      + "over \(correlation.count) series, each pair's mean taken off"
    guard correlation.isBeyondNoise else {
      return "No correlation of matching objective and accuracy beyond noise: \(numbers)."
    }
    let direction = correlation.coefficient > 0 ? "rise together" : "run against each other"
    return "Matching objective and accuracy \(direction): \(numbers)."
  }
}
