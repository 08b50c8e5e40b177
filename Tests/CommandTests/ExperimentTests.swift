import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// `experiment`, as its users run it.
@Suite struct ExperimentTests {
  private static let configuration = """
    {
      "name": "small", "title": "Small", "facts": "share:atlas/data", "templates": "share:atlas/relations.jsonl",
      "vocabulary": "share:atlas/common_words.txt", "relations": ["capital", "animal"], "seeds": [0, 1],
      "tuning": { "epochs": 1 },
      "pairs": [{ "sources": ["zoo:bert-tiny"], "target": "zoo:roberta-tiny" }],
      "methods": [
        { "method": "manual" }, { "method": "majority" }, { "method": "direct" }, { "method": "copy" },
        { "label": "exact", "method": "relative", "ridge": [0, 0.1] },
        { "label": "gradient", "method": "relative", "search": "gradient", "steps": [5, 50] }
      ]
    }
    """

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(Self.configuration, to: "small.json")
    return folder
  }

  private func run(
    _ folder: TemporaryFolder, to output: String, threads: Int = 2, signal: Command.Signal? = nil
  ) throws -> Command.Outcome {
    try Command.run(
      ["experiment", "run", "small.json", "-o", output, "--quiet", "--json", "--threads", "\(threads)"],
      in: folder.url, signal: signal)
  }

  /// Every result and every prompt, by name.
  private func contents(_ folder: TemporaryFolder, _ output: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for part in ["cells", "prompts"] {
      let place = folder.url.appending(path: "\(output)/\(part)")
      for name in try FileManager.default.contentsOfDirectory(atPath: place.path) where !name.hasPrefix(".") {
        files["\(part)/\(name)"] = try Data(contentsOf: place.appending(path: name))
      }
    }
    return files
  }

  @Test func runsSkipsAndCounts() throws {
    let folder = try folder()
    let before = try Command.run(
      ["experiment", "status", "small.json", "-o", "out", "--json"], in: folder.url)
    // Relations times seeds, but for the manual template and the majority's answer: 2 + 2 + 4 * 6.
    let status = try JSON.parse(Data(before.output.utf8))
    #expect(status["cellCount"]?.int == 28 && status["finishedCells"]?.int == 0)
    #expect(status["promptCount"]?.int == 8)
    let first = try run(folder, to: "out")
    #expect(first.status == 0, "\(first.errors)")
    #expect(try JSON.parse(Data(first.output.utf8))["finishedCells"]?.int == 28)
    let written = try contents(folder, "out")
    #expect(written.count == 28 + 8)
    // What is there is left alone, even where it could not be made again.
    try FileManager.default.removeItem(at: folder.url.appending(path: "out/prompts"))
    #expect(try run(folder, to: "out").status == 0)
    #expect(try contents(folder, "out").count == 28)
    let one = try run(folder, to: "one", threads: 1)
    #expect(one.status == 0)
    #expect(try contents(folder, "one") == written, "the number of threads must not matter")
  }

  @Test func aMethodThatDoesNotApplySaysSo() throws {
    let folder = try folder()
    let text = Self.configuration.replacing(
      #"target": "zoo:roberta-tiny"#, with: #"target": "zoo:bert-small"#)
    try folder.write(text, to: "small.json")
    #expect(try run(folder, to: "out").status == 0)
    let refused = try contents(folder, "out").values.filter {
      (try? JSON.parse($0))?["refusal"]?.string?.contains("equal widths") == true
    }
    #expect(refused.count == 4)
  }

  /// Killed fifty times, a run goes on where it was: no result is lost, doubled or different. Each time it has written some
  /// files more, unfinished ones included; how many is drawn from a seed.
  @Test func fiftyKillsChangeNothing() throws {
    let folder = try folder()
    #expect(try run(folder, to: "undisturbed").status == 0)
    let expected = try contents(folder, "undisturbed")
    var stream = RandomStream(seed: 0, name: "kills")
    var (kills, runs) = (0, 0)
    while kills < 50 {
      runs += 1
      let output = "killed\(runs)"
      func fileCount() -> Int {
        let place = folder.url.appending(path: output).path
        return FileManager.default.enumerator(atPath: place)?.allObjects.count ?? 0
      }
      var isFinished = false
      while !isFinished {
        let wanted = fileCount() + Int(stream.next() % 7)
        let outcome = try run(
          folder, to: output,
          signal: kills < 50 ? Command.Signal(SIGKILL) { _ in fileCount() >= wanted } : nil)
        isFinished = outcome.status == 0
        if !isFinished {
          kills += 1
          #expect(outcome.status == 128 + SIGKILL, "\(outcome.errors)")
        }
      }
      #expect(try contents(folder, output) == expected)
    }
  }
}
