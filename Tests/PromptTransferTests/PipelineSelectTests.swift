import PromptTransfer
import TestSupport
import Testing

/// Which ridge is chosen and by what score, and how facts are scored, by definition (scripts/goldens/pipeline.py).
@Suite struct PipelineSelectTests {
  private static let ridges = [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]

  /// A mean of eight cosines of held-out words, blurred by the seed's noise.
  @Test(arguments: ["canonical", "linear", "relative"], [false, true])
  func wordsChoose(_ method: String, _ several: Bool) throws {
    let pipeline = try Pipeline()
    let section = "select.words.\(method)\(several ? ".two" : "")"
    let best = try #require(try pipeline.list(section, "scores").max())
    // In whatever order sources are given.
    for isReversed in several ? [false, true] : [false] {
      let chosen = try pipeline.selectByWords(method, several: several, isReversed: isReversed)
      #expect(try chosen.ridge == pipeline.number(section, "ridge"))
      expectClose([chosen.score], [best], absolute: 1e-6, section)
    }
  }

  /// By micro accuracy, where macro accuracy would choose another; of equals the first.
  @Test func developmentFactsChoose() throws {
    let pipeline = try Pipeline()
    let scores = try pipeline.list("select.dev", "scores")
    expectClose(try Self.ridges.map { try pipeline.devAccuracy(ridge: $0) }, scores, absolute: 1e-9)
    let chosen = try pipeline.selectByDev()
    #expect(try chosen.ridge == pipeline.number("select.dev", "ridge"))
    expectClose([chosen.score], [try #require(scores.max())], absolute: 1e-9)
  }

  /// By the sources' own answers, without labels: of equals the first, which is not the nearest in distribution.
  @Test func answersOfTheSourcesChoose() throws {
    let pipeline = try Pipeline()
    let agreements = try pipeline.list("select.agreement", "scores")
    let divergences = try pipeline.list("select.agreement", "divergences")
    let best = try #require(agreements.max())
    let agreement = try pipeline.selectByAgreement(.agreement)
    #expect(agreement.ridge == Self.ridges[agreements.firstIndex(of: best) ?? 0])
    expectClose([agreement.score], [best], absolute: 1e-6)
    let nearest = try #require(divergences.min())
    let divergence = try pipeline.selectByAgreement(.divergence)
    #expect(divergence.ridge == Self.ridges[divergences.firstIndex(of: nearest) ?? 0])
    expectClose([divergence.score], [-nearest], absolute: 1e-5)
  }

  @Test func evaluationIsAsDefined() throws {
    let pipeline = try Pipeline()
    let found = try pipeline.evaluate()
    #expect(try found.map { Double($0.rank) } == pipeline.list("evaluate", "ranks"))
    let predictions = pipeline.numbers["evaluate"]?["predictions"]?.array?.compactMap(\.string)
    #expect(found.map(\.prediction) == predictions)
    expectClose(
      found.map(\.logProbability), try pipeline.list("evaluate", "logProbabilities"), absolute: 1e-5)
    let scores = Evaluation(found)
    for (name, value) in [
      ("microAccuracy", scores.microAccuracy), ("macroAccuracy", scores.macroAccuracy),
      ("meanReciprocalRank", scores.meanReciprocalRank), ("meanLogProbability", scores.meanLogProbability),
    ] {
      expectClose([value], [try pipeline.number("evaluate", name)], absolute: 1e-6, name)
    }
    for (place, share) in scores.precisionAt {
      let expected = try #require(pipeline.numbers["evaluate"]?["precisionAt"]?[place]?.double)
      expectClose([share], [expected], absolute: 1e-9, "P@\(place)")
    }
  }

  /// Both words' output rows are zeros: of equals the first is before.
  @Test func ofEqualsTheFirstWins() throws {
    let pipeline = try Pipeline()
    let found = try pipeline.evaluateTies()
    #expect(found.map(\.rank) == [1, 2])
    #expect(found.map(\.prediction) == ["zero0", "zero0"])
  }
}
