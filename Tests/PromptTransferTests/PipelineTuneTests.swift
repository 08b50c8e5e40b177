import PromptTransfer
import TestSupport
import Testing

/// Twenty steps of tuning and of distilling, with warm-up and decay, against central differences of the loss in float64
/// (scripts/goldens/pipeline.py).
@Suite struct PipelineTuneTests {
  // Adam divides each slope by its own size, so a slope near 0 turns rounding into whole steps: what float32 leaves of 1e-7 has
  // grown to 1e-5 after twenty steps.
  private static let lossTolerance = 5e-5
  private static let vectorTolerance = 5e-4

  @Test func tuningFollowsItsDefinition() throws {
    let pipeline = try Pipeline()
    let found = try pipeline.tune()
    expectClose(found.losses, try pipeline.list("tune", "losses"), absolute: Self.lossTolerance, "losses")
    expectClose(found.devScores, try pipeline.list("tune", "devAccuracies"), absolute: 1e-9, "accuracies")
    expectClose([found.best], [try pipeline.number("tune", "best")], absolute: 1e-9, "best")
    expectRows(found.vectors, try pipeline.tuned("tune"), relative: Self.vectorTolerance)
  }

  /// Of equally good prompts the first stays: here the start.
  @Test func ofEqualsTheFirstIsKept() throws {
    let pipeline = try Pipeline()
    let start = try pipeline.prompt("start")
    #expect(try pipeline.tuneAmongEquals(from: .vectors(start)) == start)
  }

  /// The mean row of the table with a tenth of the deviation as noise, and entries of the table's mean and deviation.
  @Test func startsAreAsDefined() throws {
    let pipeline = try Pipeline()
    let starts = [(PromptStart.mean, "mean"), (.random, "start")]
    for (start, name) in starts {
      expectClose(
        try pipeline.tuneAmongEquals(from: start, seed: 9).elements, try pipeline.prompt(name).elements,
        absolute: 1e-6, name)
    }
  }

  /// Two teachers with the weights 1 and 3, at temperature 2.
  @Test func distillingFollowsItsDefinition() throws {
    let pipeline = try Pipeline()
    let found = try pipeline.distil()
    expectClose(found.losses, try pipeline.list("distil", "losses"), absolute: Self.lossTolerance, "losses")
    expectClose(
      found.devScores, try pipeline.list("distil", "devDivergences"), absolute: Self.lossTolerance, "dev")
    expectClose([found.best], [try pipeline.number("distil", "best")], absolute: Self.lossTolerance, "best")
    expectRows(found.vectors, try pipeline.tuned("distil"), relative: Self.vectorTolerance)
  }
}
