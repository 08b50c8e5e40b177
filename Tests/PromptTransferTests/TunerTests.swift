import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite struct TunerTests {
  private func settings(epochs: Int = 20, seed: UInt64 = 0) -> TuningSettings {
    var settings = TuningSettings()
    settings.epochs = epochs
    settings.batchSize = 20
    settings.learningRate = 0.1
    settings.seed = seed
    return settings
  }

  private func tune(
    _ model: LanguageModel, threads: Int = 1, seed: UInt64 = 0, stopAfter: Int = .max
  ) throws -> TuningResult {
    let tuner = try Tuner(
      evaluator: TinyWorld.evaluator(model, threads: threads), settings: settings(seed: seed))
    let facts = (0..<30).map { TinyWorld.facts[$0 % 3] }
    let steps = StepCounter()
    return try tuner.tune(
      train: facts, dev: TinyWorld.facts, template: .vectors(3), start: tuner.randomStart(vectorCount: 3),
      progress: { steps.set($0.done) }, shouldStop: { steps.value >= stopAfter })
  }

  private final class StepCounter: Sendable {
    private let steps = Atomic<Int>(0)
    func set(_ value: Int) { steps.store(value, ordering: .relaxed) }
    var value: Int { steps.load(ordering: .relaxed) }
  }

  @Test func lossFallsAndTheBestIsKept() throws {
    let result = try tune(TinyWorld().model("model"))
    let losses = result.epochs.map(\.trainLoss)
    #expect(result.epochs.count == 20)
    #expect(try #require(losses.last) < losses[0])
    #expect(result.bestDevAccuracy == result.epochs.map(\.devAccuracy).max())
    #expect(result.exampleCount == 600)
    #expect(!result.isInterrupted)
  }

  @Test func seedsMatterThreadsDoNot() throws {
    let model = try TinyWorld().model("model")
    let one = try tune(model)
    for threads in [2, 5] {
      let other = try tune(model, threads: threads)
      #expect(other.vectors == one.vectors)
      #expect(other.epochs == one.epochs)
    }
    #expect(try tune(model, seed: 1).vectors != one.vectors)
  }

  @Test func interruptionLeavesTheBestSoFar() throws {
    let model = try TinyWorld().model("model")
    let stopped = try tune(model, stopAfter: 5)
    #expect(stopped.isInterrupted)
    #expect(stopped.epochs.count == 2)
    #expect(stopped.vectors.rows == 3)
    let elements = stopped.vectors.elements
    #expect(elements.allSatisfy { $0.isFinite })
  }

  @Test func factsThatCannotBeUsedAreAnError() throws {
    let model = try TinyWorld().model("model")
    let tuner = try Tuner(evaluator: TinyWorld.evaluator(model), settings: settings())
    let facts = [Example(relation: "r", subject: "paris", object: "two words")]
    let error = #expect(throws: TransferError.self) {
      try tuner.tune(
        train: facts, dev: [], template: .vectors(1), start: tuner.randomStart(vectorCount: 1))
    }
    #expect(error?.description.contains("1 objects are not one token") == true)
  }

  @Test func manualStartTakesTheTemplatesWords() throws {
    let model = try TinyWorld().model("model")
    let tuner = try Tuner(evaluator: TinyWorld.evaluator(model), settings: settings())
    let start = try tuner.start(from: Template("[X] is the [Y] ."), vectorCount: 4)
    let table = model.space.table
    for (row, word) in ["is", "the", ".", "is"].enumerated() {
      let id = try #require(model.tokenizer.id(of: word))
      #expect(start.gathering([row]) == table.rows([id]))
    }
    #expect(throws: TransferError.self) { try tuner.start(from: Template("[X] [Y]"), vectorCount: 2) }
  }

  /// LAMA keeps templates above the folder of facts.
  @Test(arguments: ["relations.jsonl", "data/relations.jsonl"])
  func theRelationsTemplateIsTheStart(_ place: String) throws {
    let folder = try TemporaryFolder()
    let facts = folder.url.appending(path: "data/capital")
    try folder.write("", to: "data/capital/train.jsonl")
    #expect(try Dataset.facts(facts).start().name == "mean")
    let lines = #"{"relation": "river", "template": "[X] lies on [Y] ."}"# + "\n"
    try folder.write(lines, to: place)
    #expect(try Dataset.facts(facts).start().name == "mean")
    try folder.write(
      lines + #"{"relation": "capital", "template": "[X] is the [Y] ."}"# + "\n"
        + #"{"relation": "empty", "template": "[X] [Y]"}"#, to: place)
    #expect(try Dataset.facts(facts).start().name == "template:[X] is the [Y] .")
    #expect(
      try Dataset.facts(folder.url.appending(path: "data/capital.csv")).start().name
        == "template:[X] is the [Y] .")
    #expect(try Dataset.facts(folder.url.appending(path: "data/empty")).start().name == "mean")
    try folder.write("{", to: place)
    #expect(throws: TransferError.self) { try Dataset.facts(facts).start() }
  }

  /// A prompt's own vectors, where it is the model's and fits the template; refining it never makes it worse on the
  /// development facts.
  @Test func refiningStartsFromAPromptOfThisModel() throws {
    let world = try TinyWorld()
    let model = try world.model("model")
    let tuner = try Tuner(evaluator: TinyWorld.evaluator(model), settings: settings(epochs: 1))
    let prompt = TinyWorld.prompt(model)
    let start = try tuner.start(from: prompt, template: .vectors(3))
    #expect(start == prompt.vectors)
    #expect(throws: TransferError.self) { try tuner.start(from: prompt, template: .vectors(2)) }
    let other = TinyWorld.prompt(try world.model("other", seed: 2))
    #expect(throws: TransferError.self) { try tuner.start(from: other, template: .vectors(3)) }

    let best = try tune(model).vectors
    var ruinous = settings(epochs: 1)
    ruinous.learningRate = 50.0
    ruinous.warmupShare = 0
    let refined = try Tuner(evaluator: TinyWorld.evaluator(model), settings: ruinous).tune(
      train: [TinyWorld.facts[0]], dev: TinyWorld.facts, template: .vectors(3), start: best)
    #expect(refined.vectors == best)
  }

  @Test func fewFactsAreADrawThatGrows() {
    let set = ExampleSet((0..<20).map { Example(relation: "r", subject: "s\($0)", object: "o") })
    for count in [0, 1, 7] {
      let (some, more) = (set.drawn(count, seed: 1).examples, set.drawn(count + 1, seed: 1).examples)
      #expect(some.count == count && Set(some).isSubset(of: more))
    }
    #expect(set.drawn(7, seed: 1).examples != set.drawn(7, seed: 2).examples)
    #expect(set.drawn(7, seed: 1).examples != Array(set.examples.prefix(7)))
    #expect(set.drawn(99, seed: 1).examples == set.examples)
  }
}
