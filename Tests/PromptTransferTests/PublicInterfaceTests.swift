import Foundation
import PromptTransfer
import TestSupport
import Testing

/// The calls that a program makes: one import, prompts in and out, cancellation.
@Suite struct PublicInterfaceTests {
  private let source, target: LanguageModel
  private let facts: Dataset
  private let world: TinyWorld

  init() throws {
    world = try TinyWorld()
    source = try world.model("source", seed: 1)
    target = try world.model("target", width: 6, seed: 2)
    let lines = TinyWorld.facts.map { #"{"sub_label": "\#($0.subject)", "obj_label": "\#($0.object)"}"# }
      .joined(separator: "\n")
    for split in ["train", "dev", "test"] { try world.folder.write(lines, to: "capital/\(split).jsonl") }
    facts = .facts(world.folder.url.appending(path: "capital"))
  }

  @Test func tuneCarryAndAsk() async throws {
    let prompt = try await source.tune(on: facts)
    let carried = try await prompt.transfer(from: source, to: target)
    let answers = try await target.evaluate(carried, on: facts)

    #expect(carried.modelName == "target" && carried.template == .vectors(5))
    #expect(answers.count == 3 && (0...1).contains(answers.macroAccuracy))
    #expect(answers.candidateCount == TinyWorld.words.count)
    let manual = try await target.evaluate(Template("the capital of [X] is [Y] ."), on: facts)
    #expect(manual.count == 3)
  }

  /// What the pieces give by themselves, to the last bit.
  @Test func theShortFormsDoWhatTheirPartsDo() async throws {
    var settings = TuningSettings()
    (settings.epochs, settings.batchSize, settings.seed) = (3, 2, 5)
    let words = TinyWorld.words
    let prompt = try await source.tune(
      on: facts, template: .vectors(3), words: words, settings: settings,
      parallelism: Parallelism(threads: 1))
    let tuner = try Tuner(evaluator: TinyWorld.evaluator(source), settings: settings)
    let job = try TuningJob(facts, template: .vectors(3))
    #expect(try tuner.tune([job])[0].prompt == prompt)
    #expect(prompt.provenance["facts"] == "capital" && prompt.provenance["complete"] == "true")

    let transfer = try Transfer(SharedVocabulary(sources: [source.space], target: target.space))
    let carried = try await prompt.transfer(from: source, to: target.space)
    #expect(try transfer.fit().carry([prompt]).prompt == carried)
    #expect(try await transfer.carry([[prompt]]) == [carried])
    #expect(carried.provenance["method"] == "canonical" && carried.provenance["anchorOrder"] == nil)
    let few = Transfer(transfer.words.drawn(.first(6)))
    #expect(try await few.carry([[prompt]])[0].provenance["anchorOrder"] == "sorted")

    let distilled = try await prompt.distil(
      from: source, to: target, on: facts, startingFrom: .prompt(carried), settings: settings)
    #expect(distilled.template == .vectors(3) && distilled.modelName == "target")
    #expect(distilled.provenance["refines"]?.contains("canonical") == true)

    let answers = try await target.evaluate(distilled, on: facts, split: .dev, words: words)
    let evaluator = try TinyWorld.evaluator(target)
    let set = try evaluator.prepare(TinyWorld.facts, template: .vectors(3))
    #expect(
      try evaluator.predictions(set, prompt: distilled.vectors)?.map(\.logProbability)
        == answers.predictions.map(\.logProbability))
  }

  @Test func aSelectionIsSaidInThePrompt() async throws {
    let prompt = TinyWorld.prompt(source)
    let transfer = try Transfer(SharedVocabulary(sources: [source.space], target: target.space))
    let carried = try await transfer.carry([[prompt]], selection: .words)[0]
    #expect(carried.provenance["select"] == "words" && carried.provenance["ridge"] != nil)
    let evaluator = try TinyWorld.evaluator(target)
    let set = try evaluator.prepare(TinyWorld.facts, template: prompt.template)
    let dev = DevSelection(evaluator, facts: set)
    let chosen = try await transfer.carry([[prompt]], selection: .answers([dev]))[0]
    #expect(chosen.provenance["select"] == "dev")
  }

  /// An end that is asked for after the first step comes before the last one.
  @Test func tuningIsCancelled() async throws {
    var settings = TuningSettings()
    settings.epochs = 1_000_000
    let (steps, step) = AsyncStream.makeStream(of: Int.self)
    let (source, facts) = (source, facts)
    let task = Task { [settings] in
      try await source.tune(on: facts, settings: settings, progress: { step.yield($0.done) })
    }
    for await _ in steps.prefix(1) { task.cancel() }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func whatIsCancelledBeforeDoesNotStart() async throws {
    let (source, target, facts, prompt) = (source, target, facts, TinyWorld.prompt(source))
    let work: [@Sendable () async throws -> Void] = [
      { _ = try await source.tune(on: facts) },
      { _ = try await prompt.transfer(from: source, to: target) },
      { _ = try await prompt.distil(from: source, to: target, on: facts) },
      { _ = try await source.evaluate(prompt, on: facts) },
    ]
    for body in work {
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await body()
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func everythingThrowsOneError() async throws {
    let nowhere = world.folder.url.appending(path: "nowhere")
    #expect(throws: TransferError.self) { try LanguageModel(folder: nowhere) }
    #expect(throws: TransferError.self) { try EmbeddingSpace(folder: nowhere) }
    #expect(throws: TransferError.self) { try SoftPrompt(nowhere) }
    #expect(throws: TransferError.self) { try Dataset.facts(nowhere).read(.test) }
    try world.folder.write("{", to: "target/tokenizer.json")
    let error = #expect(throws: TransferError.self) {
      try EmbeddingSpace(folder: world.folder.url.appending(path: "target"))
    }
    #expect(error?.subject.contains("tokenizer.json") == true)
    let prompt = TinyWorld.prompt(source)
    let other = await #expect(throws: TransferError.self) {
      try await target.evaluate(prompt, on: facts)
    }
    #expect(other?.hint == "Carry it over to target first")
    await #expect(throws: TransferError.self) { try await source.tune(on: .facts(nowhere)) }
    await #expect(throws: TransferError.self) {
      try await source.tune(on: facts, template: Template("[X] is [Y] ."))
    }
  }
}
