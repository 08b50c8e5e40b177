import Foundation
import PromptTransfer

/// What the report says of one experiment: every section is made from its `Results`.
struct ExperimentReport {
  let results: Results
  let names: Names
  var configuration: ExperimentConfiguration { results.configuration }

  init(_ results: Results) {
    self.results = results
    names = Names(results.configuration)
  }

  /// Unique in a document, as names of experiments are.
  func id(_ suffix: String) -> String { "\(configuration.name)-\(suffix)" }

  var section: Section {
    var figures = configuration.figures.enumerated().map { number, figure in
      Section(
        id: id("figure-\(number + 1)"), title: title(figure),
        blocks: blocks(figure, id: id("\(figure.kind.rawValue)-\(number + 1)")))
    }
    figures.removeAll { $0.blocks.isEmpty }
    let rest = [
      severalSourcesSection, costSection, relationSection, exampleSection, wordSection, settingSection,
    ].compactMap { $0 }
    return Section(
      id: configuration.name, title: configuration.title, blocks: overview,
      sections: [findings, claims].compactMap { $0 } + figures + rest)
  }

  private func title(_ figure: Figure) -> String {
    if let title = figure.title { return title }
    return switch figure.kind {
    case .matrix: "From every model to every other"
    case .comparison: "Methods compared"
    case .curve: "Accuracy by \(figure.x?.words ?? "setting")"
    case .scatter: "Matching objective and accuracy"
    }
  }

  private func blocks(_ figure: Figure, id: String) -> [Block] {
    let part = FigureContent(report: self, figure: figure, id: id, title: title(figure))
    return switch figure.kind {
    case .matrix: part.matrix
    case .comparison: part.comparison
    case .curve: part.curve
    case .scatter: part.scatter
    }
  }

  /// How many missing cells are named.
  private static let shownMissing = 12

  private var overview: [Block] {
    let models = Set(configuration.pairs.flatMap { $0.sources + [$0.target] })
    let missing = results.cellCount - results.finishedCount
    let refused = results.finished.count { $0.refusal != nil }
    var cells =
      Shown.count(results.finishedCount, "cell") + " of \(Shown.setting(Double(results.cellCount))) finished"
    if missing > 0 {
      cells += "; \(Shown.setting(Double(missing))) are missing, and what rests on them is left out"
    }
    if refused > 0 {
      cells += "; \(Shown.setting(Double(refused))) refused, as the method does not apply to the models"
    }
    if results.unrecordedCount > 0 {
      cells +=
        "; \(Shown.setting(Double(results.unrecordedCount))) are of version 0.1.0, which did not record what they rest on"
    }
    if results.outdatedCount > 0 {
      cells +=
        "; \(Shown.setting(Double(results.outdatedCount))) are of the last run and rest on something that has changed since"
    }
    var terms = [
      Term(
        name: "Facts",
        description: Prose(
          "\(Shown.count(factCount, "test fact")) of \(Shown.count(results.relations.count, "relation"))")),
      Term(name: "Models", description: Prose(models.sorted().map(names.model).joined(separator: ", "))),
      Term(
        name: "Transfers",
        description: Prose(Shown.count(configuration.pairs.count, "combination") + " of sources and target")),
      Term(
        name: "Prompts",
        description: Prose(
          "\(configuration.vectorCounts.map { Shown.setting(Double($0)) }.joined(separator: ", ")) vectors; \(Shown.count(configuration.seeds.count, "seed"))"
        )),
      Term(name: "Cells", description: Prose(cells + ".")),
    ]
    if missing > 0 {
      let shown = results.missing.prefix(Self.shownMissing).map(\.description)
      let more = missing > shown.count ? ["and \(Shown.setting(Double(missing - shown.count))) more"] : []
      terms.append(Term(name: "Missing", description: Prose((shown + more).joined(separator: "; "))))
    }
    return (configuration.about.isEmpty ? [] : [.paragraph(Prose(configuration.about))]) + [.terms(terms)]
  }

  /// Test facts of all relations, asked of one model.
  private var factCount: Int {
    var counts: [String: Int] = [:]
    for result in results.finished {
      guard let count = result.evaluation?.factCount else { continue }
      counts[result.cell.relation] = max(count, counts[result.cell.relation] ?? 0)
    }
    return counts.values.reduce(0, +)
  }

  /// The method whose prompts are looked at closely: the first baseline that carries vectors, or the first that does.
  var mainMethod: Method? {
    let carrying = configuration.methods.filter { $0.usesSources }
    let baselines = configuration.figures.compactMap(\.baseline)
    return baselines.lazy.compactMap { label in carrying.first { $0.label == label } }.first
      ?? carrying.first { $0.name == RelativeSearch.name } ?? carrying.first
  }

  var mainVectorCount: Int { configuration.vectorCounts.contains(5) ? 5 : configuration.vectorCounts[0] }
}

extension Figure.Axis {
  var words: String {
    switch self {
    case .anchorCount: "number of anchors"
    case .anchorShare: "share of the shared words, %"
    case .vectorCount: "number of prompt vectors"
    case .ridge: "ridge"
    case .shrinkage: "power of the correlations"
    case .steps: "steps of gradient search"
    case .maskTop: "anchors kept by the mask"
    case .factLimit: "number of training facts"
    }
  }

  /// Whether the axis is logarithmic.
  var isLogarithmic: Bool { self != .vectorCount && self != .shrinkage }
}
