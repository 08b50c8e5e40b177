import PromptTransfer
import Testing

@Suite struct ShareIntervalTests {
  /// The score interval by its formula, in Python.
  @Test(arguments: [
    (0, 17, 0.0, 0.184318), (3, 17, 0.061911, 0.410295), (8, 17, 0.261651, 0.690368), (17, 17, 0.815682, 1.0),
    (3, 53, 0.019437, 0.153702), (12, 53, 0.134546, 0.355263), (1, 1, 0.206549, 1.0),
  ])
  func wilson(_ correct: Int, _ count: Int, _ low: Double, _ high: Double) {
    let interval = ShareInterval(share: Double(correct) / Double(count), count: count)
    #expect(abs(interval.low - low) < 1e-5 && abs(interval.high - high) < 1e-5, "\(interval)")
  }

  @Test func nothingAskedSaysNothing() {
    #expect(ShareInterval(share: 0, count: 0) == ShareInterval(meanOf: []))
    #expect(ShareInterval(share: 0, count: 0).low == 0 && ShareInterval(share: 0, count: 0).high == 1)
  }

  /// One share is Wilson's; several of the same are narrower; and all stay between 0 and 1.
  @Test func meansOfShares() {
    let one = ShareInterval(share: 0.4, count: 20)
    #expect(abs(ShareInterval(meanOf: [(0.4, 20)]).low - one.low) < 1e-12)
    let four = ShareInterval(meanOf: Array(repeating: (0.4, 20), count: 4))
    #expect(
      abs((0.4 - four.low) - (0.4 - one.low) / 2) < 1e-12
        && abs((four.high - 0.4) - (one.high - 0.4) / 2) < 1e-12)
    for shares in [
      [(0.0, 3), (0.0, 5)], [(1.0, 3), (1.0, 5)], [(0.0, 1), (1.0, 1)], [(0.02, 50), (0.0, 9), (0.1, 10)],
    ] {
      let interval = ShareInterval(meanOf: shares)
      let mean = shares.reduce(0) { $0 + $1.0 } / Double(shares.count)
      #expect(interval.low >= 0 && interval.high <= 1 && interval.low <= mean && mean <= interval.high)
      #expect(interval.low < interval.high)
    }
  }
}
