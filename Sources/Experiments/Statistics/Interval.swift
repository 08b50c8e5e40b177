import Foundation
import PromptTransfer

/// A mean with a 95 % confidence interval: over facts for shares of right answers, over seeds for other values.
public struct Interval: Sendable, Codable, Equatable {
  public let mean: Double
  /// Nil where a single value says nothing of the spread.
  public let low, high: Double?
  public let count: Int
  /// The values themselves, where they are too few for an interval over them.
  public var points: [Double] = []

  enum CodingKeys: CodingKey { case mean, low, high, count }

  /// Fewer independent values than these have no interval of their own: with two, Student's is 25 times as wide as they differ.
  public static let fewest = 5

  /// The mean over seeds of a macro accuracy, with Wilson's interval over the facts, which are the same for each seed.
  /// - Parameter relations: the mean share over the seeds, and the number of facts, of each relation
  package init?(_ values: [Double], relations: [(share: Double, count: Int)]) {
    guard !values.isEmpty else { return nil }
    let share = ShareInterval(meanOf: relations)
    let mean = values.reduce(0, +) / Double(values.count)
    // Rounding may put the mean of ones a hair above 1.
    self.init(mean: mean, low: min(share.low, mean), high: max(share.high, mean), count: values.count)
    points = values.count > 1 ? values : []
  }

  /// Student's t interval of independent values (seeds). Nil without any; without an interval where they are too few.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let count = Double(values.count)
    mean = values.reduce(0, +) / count
    self.count = values.count
    guard values.count >= Self.fewest else {
      (low, high) = (nil, nil)
      points = values.count > 1 ? values : []
      return
    }
    let center = mean
    let variance = values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / (count - 1)
    let half = StudentT.quantile975(degreesOfFreedom: values.count - 1) * (variance / count).squareRoot()
    (low, high) = (mean - half, mean + half)
  }

  init(mean: Double, low: Double?, high: Double?, count: Int) {
    (self.mean, self.low, self.high, self.count) = (mean, low, high, count)
  }
}

/// Student's t distribution.
package enum StudentT {
  /// The 0.975 quantile, by bisection of the distribution function; exact to 1e-9.
  package static func quantile975(degreesOfFreedom count: Int) -> Double {
    var (low, high) = (0.0, 13.0)  // 12.7062 at one degree of freedom
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if distribution(middle, count) < 0.975 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// `P(T <= t)` for `t >= 0`, by the finite series in the angle `atan(t / sqrt(n))` (Abramowitz and Stegun 26.7.3, 26.7.4).
  static func distribution(_ t: Double, _ count: Int) -> Double {
    let angle = atan(t / Double(count).squareRoot())
    let (sine, cosine) = (sin(angle), cos(angle))
    var sum = 0.0
    if count % 2 == 1 {
      var term = cosine
      var power = 1
      while power <= count - 2 {
        sum += term
        term *= cosine * cosine * Double(power + 1) / Double(power + 2)
        power += 2
      }
      return 0.5 + (angle + sine * sum) / .pi
    }
    var term = 1.0
    var power = 0
    while power <= count - 2 {
      sum += term
      term *= cosine * cosine * Double(power + 1) / Double(power + 2)
      power += 2
    }
    return 0.5 + sine * sum / 2
  }
}
