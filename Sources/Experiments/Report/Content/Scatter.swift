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

  /// Over series, each the mean over its seeds: seeds of one series are no independent points.
  var correlation: Correlation? {
    let groups = Dictionary(grouping: scatterPoints, by: \.series)
    return Correlation(
      scatterPoints.map(\.series).uniqued.compactMap { series in
        guard let points = groups[series] else { return nil }
        let count = Double(points.count)
        return (
          points.reduce(0) { $0 + $1.objective } / count, points.reduce(0) { $0 + $1.accuracy } / count
        )
      })
  }

  var correlationSentence: String {
    guard let correlation else { return "Too few series for a correlation." }
    let numbers =
      "r = \(Shown.number(correlation.coefficient, digits: 2)) "
      + "[\(Shown.number(correlation.low, digits: 2)), \(Shown.number(correlation.high, digits: 2))] "
      + "over \(correlation.count) series"
    return correlation.isBeyondNoise
      ? "Objective and accuracy \(correlation.coefficient > 0 ? "rise together" : "run against each other"): \(numbers)."
      : "No correlation of objective and accuracy beyond noise: \(numbers)."
  }
}
