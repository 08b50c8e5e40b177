import Foundation

extension ExperimentConfiguration.Pair {
  /// Whether the target is one of the sources: nothing has to be carried between different models then.
  var isToItself: Bool { sources.contains(target) }
}

extension Results {
  /// What there is of a series.
  enum Completeness: Sendable, Equatable {
    case whole
    /// Cells that have not been run.
    case lacking(Int)
    case refused(String)
  }

  func completeness(_ series: Series) -> Completeness {
    if let reason = refusal(series) { return .refused(reason) }
    let missing = relations.reduce(0) { sum, relation in
      sum + seeds(series.method).count { result(series, relation: relation, seed: $0) == nil }
    }
    return missing == 0 ? .whole : .lacking(missing)
  }

  /// Macro accuracy averaged over pairs, then over seeds. Nil unless every pair has every relation for a seed.
  func accuracy(_ method: Method, vectorCount: Int, pairs: [ExperimentConfiguration.Pair]) -> Interval? {
    let values = seeds(method).compactMap { seed -> Double? in
      let accuracies = pairs.compactMap {
        macroAccuracy(Series(pair: $0, method: method, vectorCount: vectorCount), seed: seed)
      }
      guard accuracies.count == pairs.count, !pairs.isEmpty else { return nil }
      return accuracies.reduce(0, +) / Double(accuracies.count)
    }
    // The pairs are asked the same facts, so their intervals are not narrowed by their number.
    let all = pairs.map { shares([Series(pair: $0, method: method, vectorCount: vectorCount)]) }
    guard let first = all.first, all.allSatisfy({ $0.count == first.count }) else { return Interval(values) }
    let means = first.indices.map { index in
      (share: all.reduce(0) { $0 + $1[index].share } / Double(all.count), count: first[index].count)
    }
    return Interval(values, relations: means)
  }

  /// How many anchors a series used, the mean over its cells: a pair may share fewer words than were asked for.
  func anchorCount(_ series: Series) -> Double? {
    let counts = relations.flatMap { relation in
      seeds(series.method).compactMap { result(series, relation: relation, seed: $0)?.anchorCount }
    }
    return counts.isEmpty ? nil : Double(counts.reduce(0, +)) / Double(counts.count)
  }

  /// What means over pairs are taken of: one source, another target. All pairs where there are none of these.
  package var mainPairs: [ExperimentConfiguration.Pair] {
    let between = configuration.pairs.filter { !$0.isToItself }
    let single = between.filter { $0.sources.count == 1 }
    return single.isEmpty ? between.isEmpty ? configuration.pairs : between : single
  }
}

/// Pearson's correlation with a 95 % interval by Fisher's transformation.
package struct Correlation: Sendable, Equatable {
  package let coefficient: Double
  let low, high: Double
  let count: Int

  package var isBeyondNoise: Bool { low > 0 || high < 0 }

  /// - Parameter groupCount: how many groups had their means taken off the points
  ///
  /// Nil with fewer than four degrees of freedom, or where one of the two does not vary.
  package init?(_ points: [(Double, Double)], groupCount: Int = 1) {
    let freedom = points.count - groupCount + 1
    guard freedom > 3 else { return nil }
    let number = Double(points.count)
    let meanX = points.reduce(0) { $0 + $1.0 } / number
    let meanY = points.reduce(0) { $0 + $1.1 } / number
    var (xx, yy, xy) = (0.0, 0.0, 0.0)
    for (x, y) in points {
      xx += (x - meanX) * (x - meanX)
      yy += (y - meanY) * (y - meanY)
      xy += (x - meanX) * (y - meanY)
    }
    guard xx > 1e-18, yy > 1e-18 else { return nil }
    coefficient = max(-1, min(1, xy / (xx * yy).squareRoot()))
    let angle = atanh(max(-0.999_999, min(0.999_999, coefficient)))
    let half = 1.96 / Double(freedom - 3).squareRoot()
    (low, high) = (tanh(angle - half), tanh(angle + half))
    count = points.count
  }
}
