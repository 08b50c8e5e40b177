import Formats
import Foundation
import TestSupport
import Testing

/// Answers of one to six tokens on the published models, against transformers on the same weights (scripts/checks/real_answers.py).
@Suite(.enabled(if: RealModels.areThere, Comment(rawValue: RealModels.skipped))) struct RealAnswersTests {
  /// 2e-4: F32 on both sides, sums to 4.
  @Test(arguments: RealModels.names) func scoresAreThoseOfTransformers(_ name: String) throws {
    let folder = try TemporaryFolder()
    let predictions = folder.url.appending(path: "predictions.jsonl")
    let facts = Fixtures.repository.appending(path: "docs/answers/capitals.jsonl")
    let outcome = try Command.run(
      ["evaluate", "--model", RealModels.url(name).path, "--template", "The capital of [X] is [Y]."]
        + ["--facts", facts.path, "--quiet", "--predictions", predictions.path], in: folder.url)
    try #require(outcome.status == 0, "\(outcome.errors)")
    let found = try String(contentsOf: predictions, encoding: .utf8).split(separator: "\n")
      .map { try JSON.parse(Data($0.utf8)) }
    let golden = try Fixtures.json(Fixtures.folder.appending(path: "real/answers.json"))
    let expected = try #require(golden[name]?.array)
    try #require(found.count == expected.count)
    for (found, expected) in zip(found, expected) {
      #expect(found["prediction"]?.string == expected["best"]?.string)
      #expect(found["rank"]?.int == expected["rank"]?.int)
      let (own, wanted) = (found["logProbability"]?.double ?? 0, expected["score"]?.double ?? 1)
      #expect(abs(own - wanted) < 2e-4, "\(own), wanted \(wanted)")
    }
  }
}
