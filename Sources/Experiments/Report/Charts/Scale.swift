import Foundation

/// Takes values to places along an axis.
package struct Scale: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    case linear
    /// Of positive values.
    case logarithmic
  }

  let kind: Kind
  /// The smallest and the largest value.
  let low, high: Double
  let start, end: Double

  /// An axis of `values` from place `start` to `end`; a single value stands in the middle.
  package init(_ kind: Kind, low: Double, high: Double, from start: Double, to end: Double) {
    (self.kind, self.low, self.high, self.start, self.end) = (kind, low, high, start, end)
  }

  /// Values beyond the ends stand at the ends.
  package func callAsFunction(_ value: Double) -> Double {
    start + min(1, max(0, share(value))) * (end - start)
  }

  private func share(_ value: Double) -> Double {
    switch kind {
    case .linear:
      return high > low ? (value - low) / (high - low) : 0.5
    case .logarithmic:
      let width = log10(high) - log10(low)
      guard width > 0 else { return 0.5 }
      return value > 0 ? (log10(value) - log10(low)) / width : 0
    }
  }

  /// About `count` round values within the ends: steps of 1, 2 or 5 times a power of ten; powers of ten when
  /// logarithmic.
  func ticks(_ count: Int) -> [Double] {
    switch kind {
    case .linear: return Self.roundValues(low, high, count)
    case .logarithmic:
      guard low > 0, high.isFinite else { return [low, high] }
      let first = Int(log10(low).rounded(.up))
      let last = Int(log10(high).rounded(.down))
      guard first <= last else { return [low, high] }
      let stride = max(1, (last - first + count) / max(1, count))
      return Swift.stride(from: first, through: last, by: stride).map { pow(10, Double($0)) }
    }
  }

  package static func roundValues(_ low: Double, _ high: Double, _ count: Int) -> [Double] {
    guard high > low, count > 0, (high - low).isFinite else { return [low] }
    let step = roundStep((high - low) / Double(count))
    guard step > 0 else { return [low] }
    let first = (low / step - 1e-9).rounded(.up)
    let last = (high / step + 1e-9).rounded(.down)
    guard first <= last else { return [low] }
    return (Int(first)...Int(last)).map { Double($0) * step }
  }

  /// The smallest of 1, 2, 5, 10 times a power of ten that is not below `step`.
  static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    let factor = [1.0, 2, 5].first { $0 * power >= step * (1 - 1e-9) } ?? 10
    return factor * power
  }

  /// A round value that is not below `value`.
  package static func roundUp(_ value: Double, steps: Int = 5) -> Double {
    guard value > 0, value.isFinite else { return 1 }
    let step = roundStep(value / Double(steps))
    return (value / step - 1e-9).rounded(.up) * step
  }
}

/// Where labels go so that they do not overlap.
package enum LabelPlacement {
  /// Places at least `gap` apart, near `wanted`, within `low...high` where they fit; in the order given.
  package static func spread(_ wanted: [Double], gap: Double, low: Double, high: Double) -> [Double] {
    let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
    var placed = order.map { max(low, wanted[$0]) }
    for index in placed.indices.dropFirst() { placed[index] = max(placed[index], placed[index - 1] + gap) }
    if let last = placed.indices.last, placed[last] > high {
      placed[last] = max(high, low + gap * Double(last))
      for index in placed.indices.dropLast().reversed() {
        placed[index] = min(placed[index], placed[index + 1] - gap)
      }
    }
    var result = wanted
    for (place, index) in zip(placed, order) { result[index] = place }
    return result
  }

  /// Those of the values (sorted) whose places are at least `gap` apart; the last is always kept.
  package static func thinned(_ values: [Double], _ scale: Scale, gap: Double) -> [Double] {
    var kept: [Double] = []
    for value in values.reversed()
    where kept.last.map({ abs(scale($0) - scale(value)) >= gap }) ?? true {
      kept.append(value)
    }
    return kept.reversed()
  }
}

extension Scale {
  /// The power of ten at or next to a positive value.
  static func power(of value: Double, _ rule: FloatingPointRoundingRule) -> Double {
    value > 0 ? pow(10, log10(value).rounded(rule)) : 1
  }
}
