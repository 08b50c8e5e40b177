import Foundation
import PromptTransfer
import TestSupport
import Testing

/// The library's short calls beside the command's verbs.
@Suite struct LibraryTests {
  @Test func bothWriteTheSameBytes() async throws {
    let world = try World()
    for arguments in [
      ["tune", "--model", "model", "--facts", "facts", "--epochs", "2", "-o", "p.safetensors"],
      ["transfer", "--from", "model=p.safetensors", "--to", "other", "-o", "q.safetensors"],
      [
        "distil", "--from", "model=p.safetensors", "--to", "other", "--start", "q.safetensors", "--facts",
        "facts", "--epochs", "2", "-o", "d.safetensors",
      ],
    ] { _ = try world.json(arguments) }
    let scores = try world.json(
      "evaluate", "--model", "other", "--prompt", "d.safetensors", "--facts", "facts")

    let folder = world.folder.url
    let source = try LanguageModel(folder: folder.appending(path: "model"))
    let target = try LanguageModel(folder: folder.appending(path: "other"))
    let facts = Dataset.facts(folder.appending(path: "facts"))
    var settings = TuningSettings()
    settings.epochs = 2
    let prompt = try await source.tune(on: facts, settings: settings)
    let carried = try await prompt.transfer(from: source, to: target)
    let distilled = try await prompt.distil(
      from: source, to: target, on: facts, startingFrom: .prompt(carried), settings: settings)
    let answers = try await target.evaluate(distilled, on: facts)

    for (own, name) in [(prompt, "p"), (carried, "q"), (distilled, "d")] {
      let file = folder.appending(path: "\(name)-of-the-library")
      try own.write(to: file)
      #expect(try own.provenance == SoftPrompt(folder.appending(path: "\(name).safetensors")).provenance)
      #expect(try Data(contentsOf: file) == world.bytes("\(name).safetensors"), "\(name)")
    }
    #expect(answers.macroAccuracy == scores["macroAccuracy"]?.double)
    #expect(answers.evaluation.meanLogProbability == scores["meanLogProbability"]?.double)
  }
}
