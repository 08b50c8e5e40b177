/// A 95 % confidence interval of a share of right answers, which is never below 0 nor above 1.
public struct ShareInterval: Sendable, Codable, Equatable {
  public let low, high: Double

  /// Wilson's score interval (Wilson 1927; Brown, Cai and DasGupta 2001). From 0 to 1 without any answers.
  /// - Parameters:
  ///   - share: of right answers
  ///   - count: how many answers there are
  public init(share: Double, count: Int) {
    guard count > 0 else {
      (low, high) = (0, 1)
      return
    }
    let (n, z) = (Double(count), 1.959963984540054)
    let center = (share + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
    (low, high) = (max(0, center - half), min(1, center + half))
  }

  /// Of the mean of independent shares: Wilson's intervals, put together as Zou and Donner (2008, MOVER) do. Each end is as far
  /// from the mean as the shares' own ends are from them, summed in squares.
  public init(meanOf shares: [(share: Double, count: Int)]) {
    guard !shares.isEmpty else {
      (low, high) = (0, 1)
      return
    }
    let weight = 1 / Double(shares.count)
    let mean = weight * shares.reduce(0) { $0 + $1.share }
    let own = shares.map { ShareInterval(share: $0.share, count: $0.count) }
    func sum(_ distances: [Double]) -> Double {
      weight * distances.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    low = max(0, mean - sum(zip(shares, own).map { $0.share - $1.low }))
    high = min(1, mean + sum(zip(shares, own).map { $1.high - $0.share }))
  }
}

extension Evaluation {
  /// Of `microAccuracy`, over its facts.
  public var microInterval: ShareInterval { ShareInterval(share: microAccuracy, count: factCount) }

  /// Of `macroAccuracy`, over the facts of these relations.
  public var macroInterval: ShareInterval {
    ShareInterval(meanOf: relations.map { ($0.accuracy, $0.factCount) })
  }
}
