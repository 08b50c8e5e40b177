import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// Answers and prompts in BFloat16.
@Suite struct PrecisionTests {
  /// The same bits whatever the number of threads, and whichever facts are asked beside; the prompt says what it was tuned in.
  @Test func threadsAndCompanyDoNotMatter() throws {
    let world = try TinyWorld()
    let folder = try world.write("model", width: 32)
    let model = try LanguageModel(folder: folder, Computing(precision: .bf16))
    let facts = (0..<40).map { TinyWorld.facts[$0 % 3] }
    var settings = TuningSettings()
    settings.epochs = 3
    settings.batchSize = 16
    settings.learningRate = 0.1
    let results = try [1, 3].map { threads in
      let evaluator = try TinyWorld.evaluator(model, threads: threads)
      let tuner = Tuner(evaluator: evaluator, settings: settings)
      let tuned = try tuner.tune(
        train: facts, dev: TinyWorld.facts, template: .vectors(3), start: tuner.randomStart(vectorCount: 3))
      let set = try evaluator.prepare(facts, template: .vectors(3))
      let answers = try #require(try evaluator.predictions(set, prompt: tuned.vectors))
      let alone = try evaluator.prepare([facts[1]], template: .vectors(3))
      #expect(try evaluator.predictions(alone, prompt: tuned.vectors) == [answers[1]])
      return (tuned, answers)
    }
    #expect(results[0].0.vectors == results[1].0.vectors && results[0].1 == results[1].1)
    #expect(results[0].0.prompt.provenance["precision"] == "bf16")

    let exact = try LanguageModel(folder: folder)
    let evaluator = try TinyWorld.evaluator(exact)
    let tuner = Tuner(evaluator: evaluator, settings: settings)
    let tuned = try tuner.tune(
      train: facts, dev: TinyWorld.facts, template: .vectors(3), start: tuner.randomStart(vectorCount: 3))
    #expect(tuned.prompt.provenance["precision"] == nil && tuned.vectors != results[0].0.vectors)
    expectClose(
      tuned.epochs.map(\.trainLoss), results[0].0.epochs.map(\.trainLoss), absolute: 0.02, relative: 0.02)
  }
}
