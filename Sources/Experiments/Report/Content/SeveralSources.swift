extension ExperimentReport {
  /// Prompts of several sources carried together, against each source alone.
  var severalSourcesSection: Section? {
    let rows = togetherAndAlone.map { together, alone in
      let comparison = results.compare(together, with: alone)
      return [
        Table.Value.text(names.method(together.method, vectorCount: together.vectorCount)),
        .text(names.pair(together.pair)),
        results.accuracy(together).map { .interval($0) } ?? .absent("missing"),
        .text(names.sources(alone.pair.sources)),
        results.accuracy(alone).map { .interval($0) } ?? .absent("missing"),
        comparison.map { .difference($0) } ?? .absent("not comparable"),
        .text(verdict(Standing(comparison))),
      ]
    }
    guard !rows.isEmpty else { return nil }
    return Section(
      id: id("several-sources"), title: "Several sources against one",
      blocks: [
        .table(
          Table(
            id: id("together"), title: "Sources together and alone",
            caption:
              "Macro P@1 in %. Differences in points, together minus alone, with the 95 % interval of a paired bootstrap over relations.",
            isInteractive: true,
            columns: [
              .init("method"), .init("pair"), .init("together", .interval), .init("source alone"),
              .init("alone", .interval), .init("difference", .difference), .init("verdict"),
            ], rows: rows))
      ])
  }

  /// Every series of several sources beside the series of one of them, where the experiment has both.
  private var togetherAndAlone: [(Results.Series, Results.Series)] {
    let pairs = configuration.pairs
    return pairs.filter { $0.sources.count > 1 }.flatMap { pair in
      configuration.methods.filter { $0.usesSources }.flatMap { method in
        pairs.filter {
          $0.target == pair.target && $0.sources.count == 1 && pair.sources.contains($0.sources[0])
        }
        .map { single in
          (
            Results.Series(pair: pair, method: method, vectorCount: mainVectorCount),
            Results.Series(pair: single, method: method, vectorCount: mainVectorCount)
          )
        }
      }
    }.filter { results.accuracy($0.0) != nil }
  }

  func verdict(_ standing: Standing?) -> String {
    switch standing {
    case .better: "better"
    case .worse: "worse"
    case .noise: "within noise"
    case .untold: "too few relations"
    default: "–"
    }
  }

  /// For the method that is looked at closely.
  var severalSourcesFindings: [Prose] {
    togetherAndAlone.filter { $0.0.method == mainMethod }.compactMap { together, alone in
      guard let comparison = results.compare(together, with: alone) else { return nil }
      let source = names.sources(alone.pair.sources)
      let difference = Shown.difference(comparison)
      let finding =
        switch Standing(comparison) {
        case .better: "better than \(source) alone"
        case .worse: "worse than \(source) alone"
        case .untold: "too few relations for a verdict against \(source) alone"
        default: "no difference beyond noise from \(source) alone"
        }
      return Prose.strong(names.pair(together.pair)) + Prose(": \(finding) (\(difference)).")
    }
  }
}
