import Checkpoints
import Formats
import Foundation
import TestSupport
import Testing

/// An experiment of which every cell is known (scripts/goldens/pipeline.py): sources are tuned, prompts carried, chosen, trained
/// and scored, with `factLimit`, seeds of random anchors, `select` and masks passed on.
@Suite struct PipelineExperimentTests {
  private let fixtures = Fixtures.folder.appending(path: "pipeline")

  @Test func everyCellIsAsDefined() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      ["experiment", "run", "experiment.json", "-o", folder.url.appending(path: "out").path, "--quiet"],
      in: fixtures)
    try #require(outcome.status == 0, "\(outcome.errors)")
    var found: [String: JSON] = [:]
    let cells = folder.url.appending(path: "out/cells")
    for name in try FileManager.default.contentsOfDirectory(atPath: cells.path) {
      let result = try Fixtures.json(cells.appending(path: name))
      let cell = try #require(result["cell"])
      found[key(cell["method"]?["label"], cell)] = result
    }
    let wanted = try #require(try Fixtures.json(fixtures.appending(path: "golden.json"))["experiment"]?.array)
    #expect(found.count == wanted.count)
    for cell in wanted {
      let name = key(cell["label"], cell)
      compare(try #require(found[name], "\(name) is missing"), cell, name)
    }
  }

  /// What tells cells apart.
  private func key(_ label: JSON?, _ cell: JSON) -> String {
    let sources = cell["sources"]?.array?.compactMap(\.string) ?? []
    return [
      label?.string ?? "", sources.joined(separator: "+"), cell["relation"]?.string ?? "",
      "\(cell["seed"]?.int ?? -1)",
    ].joined(separator: ", ")
  }

  private func compare(_ found: JSON, _ wanted: JSON, _ name: String) {
    let answers = found["predictions"]?.array ?? []
    #expect(
      answers.map { $0["prediction"]?.string } == wanted["predictions"]?.array?.map(\.string), "\(name)")
    func numbers(_ json: JSON?) -> [Double] { json?.array?.compactMap(\.double) ?? [] }
    expectClose(
      [found["evaluation"]?["microAccuracy"]?.double ?? -1], [wanted["accuracy"]?.double ?? -2],
      absolute: 1e-9, "\(name): accuracy")
    if let ranks = wanted["ranks"] { #expect(answers.compactMap { $0["rank"] } == ranks.array, "\(name)") }
    // Of prompts that were tuned for some ten steps in float32, on both sides of the transfer.
    if let logs = wanted["logProbabilities"] {
      expectClose(
        answers.compactMap { $0["logProbability"]?.double }, numbers(logs), absolute: 2e-3,
        "\(name): log-probabilities")
    }
    if let objective = wanted["objective"] {
      expectClose(numbers(found["objective"]), numbers(objective), absolute: 2e-4, "\(name): objective")
    }
    if let accuracy = wanted["devAccuracy"]?.double {
      expectClose(
        [found["devAccuracy"]?.double ?? -1], [accuracy], absolute: 1e-9, "\(name): development accuracy")
    }
    if let count = wanted["anchorCount"] { #expect(found["anchorCount"] == count, "\(name)") }
    if let ridge = wanted["ridge"]?.double {
      #expect((found["chosen"]?["ridge"]?.string).flatMap(Double.init) == ridge, "\(name)")
    }
  }
}
