import PromptTransfer

/// What one figure of the configuration shows; its kinds are in files of their own.
struct FigureContent {
  /// "3 seeds (small dots)"
  var seedCount: String {
    let count = results.configuration.seeds.count
    let dots = (2..<Interval.fewest).contains(count) ? " (each a small dot)" : ""
    return Shown.count(count, "seed") + dots
  }

  /// "488 facts of 10 relations"
  var factCount: String {
    let facts = pairs.lazy.compactMap { pair in
      entries.lazy.compactMap { results.microAccuracy(series($0, pair))?.factCount }.first
    }.first
    return "\(Shown.count(facts ?? 0, "fact")) of \(Shown.count(results.relations.count, "relation"))"
  }

  let report: ExperimentReport
  let figure: Figure
  let id: String
  let title: String

  var results: Results { report.results }
  var names: Names { report.names }
  var configuration: ExperimentConfiguration { report.configuration }
  var pairs: [ExperimentConfiguration.Pair] { configuration.pairs }

  /// In the order of the configuration.
  var methods: [Method] {
    guard let labels = figure.methods else { return configuration.methods }
    return labels.flatMap { label in configuration.methods.filter { $0.label == label } }
  }

  /// A method with a number of vectors, once where it has none.
  struct Entry: Hashable {
    let method: Method
    let vectorCount: Int
  }

  var entries: [Entry] {
    methods.flatMap { method in
      (method.usesVectors ? configuration.vectorCounts : [report.mainVectorCount]).map {
        Entry(method: method, vectorCount: $0)
      }
    }
  }

  func name(_ entry: Entry) -> String { names.method(entry.method, vectorCount: entry.vectorCount) }

  func series(_ entry: Entry, _ pair: ExperimentConfiguration.Pair) -> Results.Series {
    Results.Series(pair: pair, method: entry.method, vectorCount: entry.vectorCount)
  }

  /// As a share. Values that name no source or target hold for all.
  func published(_ method: Method, _ pair: ExperimentConfiguration.Pair) -> Double? {
    figure.published?.first { value in
      value.label == method.label && value.x == nil
        && (value.sources.map { Set($0) == Set(pair.sources) } ?? true)
        && (value.target.map { $0 == pair.target } ?? true)
    }.map { $0.value / 100 }
  }

  var hasPublished: Bool { !(figure.published ?? []).isEmpty }

  /// The figure's own caption, what its marks mean, and where the paper's values are from.
  func caption(_ legend: String, publishedAs mark: String) -> Prose {
    var sentences: [String] = []
    if let caption = figure.caption { sentences.append(caption) }
    sentences.append(legend)
    if hasPublished {
      let place = figure.source.map { " (\($0))" } ?? ""
      sentences.append(
        "\(mark): values that the paper published\(place), of other models; to be compared in shape, not in height."
      )
    }
    return Prose(sentences.joined(separator: " "))
  }

  /// A cell of a table: the mean, or why there is none.
  func value(_ series: Results.Series, _ standing: Standing? = nil) -> Table.Value {
    if let interval = results.accuracy(series) { return .interval(interval, standing) }
    return .absent(absence(series))
  }

  func absence(_ series: Results.Series) -> String {
    switch results.completeness(series) {
    case .refused(let reason): "refused: \(reason)"
    case .lacking(let count): "\(Shown.count(count, "cell")) missing"
    case .whole: "no facts"
    }
  }

  /// What a missing value is called where there is no room.
  func shortAbsence(_ series: Results.Series) -> String {
    if case .refused = results.completeness(series) { "refused" } else { "missing" }
  }

  /// A round share above all that the figure shows.
  func top(_ shares: [Double]) -> Double { min(1, Scale.roundUp(max(0.05, shares.max() ?? 0))) }
}
