import PromptTransfer

extension ExperimentReport {
  /// Sentences about the numbers. A difference whose interval holds zero is said to be within the noise, and one of few relations
  /// to be untold.
  var findings: Section? {
    let sentences =
      configuration.figures.flatMap { figure -> [Prose] in
        let content = FigureContent(report: self, figure: figure, id: "", title: "")
        return switch figure.kind {
        case .comparison: comparisonFindings(content)
        case .curve: curveFindings(content)
        case .scatter: content.correlation == nil ? [] : [Prose(content.correlationSentence)]
        case .matrix: []
        }
      } + severalSourcesFindings
    guard !sentences.isEmpty else { return nil }
    let count = results.mainPairs.count
    let scope =
      results.mainPairs.contains { $0.isToItself }
      ? "on \(Shown.count(count, "pair"))" : "on \(Shown.count(count, "pair")) of different models"
    return Section(
      id: id("findings"), title: "What it found",
      blocks: [
        .list(sentences),
        .paragraph(
          Prose(
            "Differences are points of macro P@1, the mean over \(Shown.count(results.relations.count, "relation")) "
              + "\(scope), with 95 % intervals of a paired bootstrap over relations. An interval that holds zero is noise, and nothing is claimed then, nor from fewer than \(PairedComparison.fewest) relations. "
              + "Intervals are not corrected for the number of comparisons."
          )),
      ])
  }

  private func comparisonFindings(_ content: FigureContent) -> [Prose] {
    guard let baseline = content.baseline else { return [] }
    let compared = content.entries.filter { $0 != baseline }.compactMap { entry in
      content.compare(baseline, entry, results.mainPairs).map { (entry, $0) }
    }
    let (beyond, noise) = (
      compared.filter { $0.1.isBeyondNoise }, compared.filter { $0.1.isTold && !$0.1.isBeyondNoise }
    )
    let untold = compared.filter { !$0.1.isTold }
    func items(_ list: [(FigureContent.Entry, PairedComparison)]) -> String {
      Shown.list(
        list.map { entry, comparison in
          "\(content.name(entry)) by \(Shown.number(100 * abs(comparison.difference), digits: 1)) "
            + range(comparison) + scope(content, entry)
        })
    }
    let name = Prose.strong(content.name(baseline))
    let ahead = beyond.filter { $0.1.difference > 0 }.sorted { $0.1.difference > $1.1.difference }
    let behind = beyond.filter { $0.1.difference < 0 }.sorted { $0.1.difference < $1.1.difference }
    var sentences: [Prose] = []
    if !ahead.isEmpty { sentences.append(name + Prose(" beats \(items(ahead)).")) }
    if !behind.isEmpty { sentences.append(name + Prose(" stays behind \(items(behind)).")) }
    if !noise.isEmpty {
      let list = Shown.list(
        noise.map { "\(content.name($0.0)) (\(Shown.difference($0.1)))" + scope(content, $0.0) })
      sentences.append(Prose("No difference beyond noise between ") + name + Prose(" and \(list)."))
    }
    if !untold.isEmpty {
      let list = Shown.list(untold.map { "\(content.name($0.0)) (\(Shown.difference($0.1)))" })
      sentences.append(Prose("Too few relations for a verdict between ") + name + Prose(" and \(list)."))
    }
    return sentences
  }

  /// How many pairs a comparison rests on, where not on all.
  private func scope(_ content: FigureContent, _ entry: FigureContent.Entry) -> String {
    let count = results.mainPairs.count { results.accuracy(content.series(entry, $0)) != nil }
    return count == results.mainPairs.count ? "" : " (on \(count) of \(results.mainPairs.count) pairs)"
  }

  /// Without its sign, as the sentence tells the direction.
  private func range(_ comparison: PairedComparison) -> String {
    let ends = [comparison.low, comparison.high].map { comparison.difference < 0 ? -$0 : $0 }.sorted()
    return "[\(Shown.percent(ends[0])), \(Shown.percent(ends[1]))]"
  }

  /// The two ends of every curve, and its best place where that is within.
  private func curveFindings(_ content: FigureContent) -> [Prose] {
    guard let axis = content.figure.x else { return [] }
    return content.curves(axis).compactMap { name, points in
      guard let first = points.first, let last = points.last, points.count > 1,
        let rise = content.compare(last.entry, first.entry, results.mainPairs)
      else { return nil }
      let ends = "from \(Shown.setting(first.x)) to \(Shown.setting(last.x))"
      var text =
        rise.isBeyondNoise
        ? ": \(axis.words) \(ends) \(rise.difference > 0 ? "gains" : "loses") "
          + "\(Shown.number(100 * abs(rise.difference), digits: 1)) points \(range(rise))"
        : !rise.isTold
          ? ": too few relations for a verdict on the \(axis.words) \(ends) (\(Shown.difference(rise)))"
          : ": no difference beyond noise with the \(axis.words) \(ends) (\(Shown.difference(rise)))"
      let best = points.max { ($0.mean, -$0.x) < ($1.mean, -$1.x) }
      if let best, rise.isTold, best.x != last.x, best.x != first.x,
        let gain = content.compare(best.entry, last.entry, results.mainPairs)
      {
        text += "; the highest mean is at \(Shown.setting(best.x)), "
        text +=
          gain.isBeyondNoise
          ? "\(Shown.difference(gain)) above the last"
          : "within noise of the last (\(Shown.difference(gain)))"
      }
      return Prose.strong(name) + Prose(text + ".")
    }
  }
}

extension FigureContent {
  typealias CurvePoint = (x: Double, entry: Entry, mean: Double)

  /// The lines of a curve averaged over the main pairs.
  func curves(_ axis: Figure.Axis) -> [(name: String, points: [CurvePoint])] {
    lineNames(axis).map { key in
      let points = members(of: key, axis).compactMap { entry -> CurvePoint? in
        guard let x = meanX(entry, axis, results.mainPairs),
          let share = results.accuracy(
            entry.method, vectorCount: entry.vectorCount, pairs: results.mainPairs)
        else { return nil }
        return (x, entry, share.mean)
      }
      return (key, points.sorted { $0.x < $1.x })
    }
  }
}
