import Foundation
import Tensors

/// Two methods on the same relations: the mean difference of their accuracies, and how far chance could move it.
///
/// Percentile bootstrap over relations (Efron and Tibshirani 1993): what was measured on these relations is drawn again
/// with replacement, 10,000 times.
public struct PairedComparison: Sendable, Codable, Equatable {
  public static let resamples = 10_000

  public let difference: Double
  public let low, high: Double
  public let relationCount: Int

  /// From fewer relations nothing is concluded: where all of five differ in the same direction, which chance alone does once in
  /// 16 times (sign test, 2 / 2^5), the interval leaves out zero; of six it is once in 32, and below 5 %.
  public static let fewest = 6

  /// Whether there are enough relations for a verdict.
  public var isTold: Bool { relationCount >= Self.fewest }

  /// Whether there are enough relations, and the 95 % interval leaves out zero.
  public var isBeyondNoise: Bool { isTold && (low > 0 || high < 0) }

  /// - Parameter differences: one for each relation, seeds and pairs averaged. Nil with fewer than two.
  public init?(_ differences: [Double]) {
    let count = differences.count
    guard count > 1 else { return nil }
    var stream = RandomStream(seed: 0, name: "paired.bootstrap")
    let means = (0..<Self.resamples).map { _ in
      (0..<count).reduce(0.0) { sum, _ in sum + differences[Int.random(in: 0..<count, using: &stream)] }
        / Double(count)
    }.sorted()
    difference = differences.reduce(0, +) / Double(count)
    low = means[Int(0.025 * Double(Self.resamples))]
    high = means[Int(0.975 * Double(Self.resamples)) - 1]
    relationCount = count
  }
}
