import Experiments
import Testing

@Suite struct ScaleTests {
  @Test func aLinearScaleTakesItsEndsToItsEnds() {
    let scale = Scale(.linear, low: 2, high: 4, from: 100, to: 300)
    #expect(scale(2) == 100 && scale(3) == 200 && scale(4) == 300)
    #expect(scale(-7) == 100 && scale(9) == 300, "what is beyond stands at the ends")
  }

  @Test func downIsUpWhereTheEndsAreTurned() {
    let scale = Scale(.linear, low: 0, high: 1, from: 200, to: 0)
    #expect(scale(0.25) == 150)
  }

  @Test func equalRatiosAreEqualStepsOnALogarithmicScale() {
    let scale = Scale(.logarithmic, low: 64, high: 512, from: 0, to: 90)
    #expect(abs(scale(128) - 30) < 1e-9 && abs(scale(256) - 60) < 1e-9)
  }

  @Test(arguments: [([5.0], 50.0), ([0.0], 50.0)]) func aSingleValueStandsInTheMiddle(
    values: [Double], place: Double
  ) {
    #expect(Scale(.linear, low: values[0], high: values[0], from: 0, to: 100)(values[0]) == place)
  }

  @Test(arguments: [
    (0.0, 1.0, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.0, 0.37, 4, [0, 0.1, 0.2, 0.3]),
    (-3.0, 3.0, 3, [-2, 0, 2]),
    (0.0, 100.0, 4, [0, 50, 100]), (7.0, 7.0, 4, [7]),
  ]) func ticksAreRound(low: Double, high: Double, count: Int, expected: [Double]) {
    let ticks = Scale.roundValues(low, high, count)
    #expect(ticks.count == expected.count)
    for (tick, wanted) in zip(ticks, expected) { #expect(abs(tick - wanted) < 1e-9) }
  }

  @Test(arguments: [(0.53, 0.6), (0.5, 0.5), (0.031, 0.04), (0.0, 1.0)])
  func theTopIsRoundAndNotBelow(value: Double, expected: Double) {
    #expect(abs(Scale.roundUp(value) - expected) < 1e-9)
  }

  @Test func labelsKeepTheirDistanceAndTheirOrder() {
    let places = LabelPlacement.spread([50, 10, 52, 51], gap: 10, low: 0, high: 100)
    #expect(places[1] == 10 && places[0] == 50 && places[3] == 60 && places[2] == 70)
    let crowded = LabelPlacement.spread([95, 96, 97], gap: 10, low: 0, high: 100)
    #expect(crowded == [80, 90, 100])
    #expect(LabelPlacement.spread([], gap: 10, low: 0, high: 100).isEmpty)
  }

  @Test func labelsThatFitStayWhereTheyWantToBe() {
    #expect(LabelPlacement.spread([10, 50, 90], gap: 10, low: 0, high: 100) == [10, 50, 90])
  }

  @Test func crowdedTicksAreThinnedFromTheEnd() {
    let scale = Scale(.linear, low: 0, high: 10, from: 0, to: 100)
    #expect(LabelPlacement.thinned([0, 1, 5, 9, 10], scale, gap: 30) == [1, 5, 10])
  }

  @Test func aPlaceIsShortAndNeverNegativeZero() {
    #expect(Drawing.place(3) == "3" && Drawing.place(3.14159) == "3.1" && Drawing.place(-0.01) == "0")
    #expect(
      Drawing.place(100) == "100" && Drawing.place(.nan) == "0" && Drawing.place(0.125, digits: 3) == "0.125")
  }

  @Test func correlationIsKnownWhereItIsExact() throws {
    let line = (0..<10).map { (Double($0), 3 * Double($0) + 1) }
    let perfect = try #require(Correlation(line))
    #expect(abs(perfect.coefficient - 1) < 1e-12 && perfect.isBeyondNoise)
    #expect(Correlation(Array(line.prefix(3))) == nil)
    #expect(Correlation(line.map { ($0.0, 1) }) == nil)
    let flat = try #require(Correlation([(0, 0), (1, 1), (2, 1), (3, 0)]))
    #expect(flat.coefficient == 0 && !flat.isBeyondNoise)
  }
}
