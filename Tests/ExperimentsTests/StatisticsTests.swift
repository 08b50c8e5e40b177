import Experiments
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct StatisticsTests {
  /// Quantiles as printed in the tables of Student's distribution.
  @Test(arguments: [
    (1, 12.7062), (2, 4.3027), (3, 3.1824), (4, 2.7764), (9, 2.2622), (30, 2.0423), (120, 1.9799),
  ])
  func quantilesAreThoseOfTheTables(count: Int, expected: Double) {
    #expect(abs(StudentT.quantile975(degreesOfFreedom: count) - expected) < 1e-4)
  }

  @Test func intervalOfKnownValues() throws {
    // mean 3, variance 2.5, half width 2.7764 * sqrt(2.5 / 5)
    let interval = try #require(Interval([1, 2, 3, 4, 5]))
    let (low, high) = (try #require(interval.low), try #require(interval.high))
    #expect(interval.mean == 3 && interval.count == 5)
    #expect(abs(low - (3 - 1.96324)) < 1e-4 && abs(high - (3 + 1.96324)) < 1e-4)
  }

  @Test func oneValueHasNoIntervalAndNoneHasNoMean() throws {
    let one = try #require(Interval([0.5]))
    #expect(one.mean == 0.5 && one.low == nil && one.high == nil)
    #expect(Interval([]) == nil)
  }

  /// Two seeds that differ by little would have an interval of 25 times that.
  @Test(arguments: [2, 3, 4])
  func fewSeedsAreShownAndHaveNoInterval(_ count: Int) throws {
    let values = (0..<count).map { 0.4 + 0.1 * Double($0) }
    let interval = try #require(Interval(values))
    #expect(
      interval.low == nil && interval.high == nil && interval.points == values && interval.count == count)
  }

  /// Accuracies have their interval over facts, within 0 and 1, of one seed and of equal seeds too.
  @Test(arguments: [[0.0], [1.0], [0.85, 0.85], [0.4, 0.5, 0.3], [1.0, 1.0, 1.0, 1.0, 1.0]])
  func accuraciesHaveIntervalsOverFacts(_ values: [Double]) throws {
    let mean = values.reduce(0, +) / Double(values.count)
    let interval = try #require(Interval(values, relations: [(mean, 20), (mean, 30)]))
    let (low, high) = (try #require(interval.low), try #require(interval.high))
    #expect(0 <= low && low <= interval.mean && interval.mean <= high && high <= 1 && high - low > 0.04)
    #expect(
      Shown.interval(interval) == "\(Shown.percent(mean)) [\(Shown.percent(low)), \(Shown.percent(high))]")
  }

  /// The 95 % interval covers the true mean about 95 times in 100.
  @Test func intervalsCover() {
    var stream = RandomStream(seed: 7, name: "test.coverage")
    let covered = (0..<2000).count { _ in
      let interval = Interval((0..<5).map { _ in 10 + 3 * stream.normal() })
      return (interval?.low ?? 99) <= 10 && 10 <= (interval?.high ?? 0)
    }
    #expect((1860...1940).contains(covered), "\(covered) of 2000")
  }

  @Test func aSteadyDifferenceIsBeyondNoise() throws {
    let comparison = try #require(PairedComparison([0.1, 0.12, 0.08, 0.11, 0.09, 0.1]))
    #expect(comparison.isBeyondNoise && abs(comparison.difference - 0.1) < 1e-12)
    #expect(comparison.low > 0.08 && comparison.high < 0.12)
  }

  @Test func aDifferenceThatChangesItsSignIsNoise() throws {
    let comparison = try #require(PairedComparison([0.3, -0.25, 0.1, -0.2, 0.15, -0.05]))
    #expect(!comparison.isBeyondNoise)
    #expect(comparison.low < 0 && comparison.high > 0)
  }

  @Test func swappingTheMethodsTurnsTheIntervalAround() throws {
    let values = [0.3, -0.1, 0.2, 0.05, -0.02]
    let (forth, back) = (
      try #require(PairedComparison(values)), try #require(PairedComparison(values.map { -$0 }))
    )
    #expect(abs(forth.difference + back.difference) < 1e-12)
    #expect(abs(forth.low + back.high) < 0.02 && abs(forth.high + back.low) < 0.02)
  }

  @Test func verdictsWantSixRelations() throws {
    let differences = [0.1, 0.12, 0.08, 0.11, 0.09, 0.1]
    let five = try #require(PairedComparison(Array(differences.dropLast())))
    #expect(five.low > 0 && !five.isTold && !five.isBeyondNoise)
    #expect(try #require(PairedComparison(differences)).isTold)
  }

  @Test func oneRelationTellsNothing() { #expect(PairedComparison([0.4]) == nil) }
}
