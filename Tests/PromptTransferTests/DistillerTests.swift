import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct DistillerTests {
  private let world: TinyWorld
  private let source: LanguageModel
  private let target: LanguageModel
  private static let subjects = SubjectSet(TinyWorld.words)

  init() throws {
    world = try TinyWorld()
    source = try world.model("source", extra: ["zebra"])
    target = try world.model("target", width: 6, seed: 2, extra: ["apple"])
  }

  private func distiller(
    _ teachers: [Teacher], to student: LanguageModel, epochs: Int = 30, threads: Int = 1, seed: UInt64 = 0,
    temperature: Float = 1
  ) throws -> Distiller {
    var settings = TuningSettings()
    settings.epochs = epochs
    settings.learningRate = 0.05
    settings.seed = seed
    return try Distiller(
      teachers: teachers, student: student, settings: settings, temperature: temperature,
      parallelism: Parallelism(threads: threads))
  }

  private func distil(_ distiller: Distiller, stopAfter: Bool = false) throws -> DistillationResult {
    try distiller.distil(
      train: Self.subjects, dev: Self.subjects, template: .vectors(3),
      start: distiller.randomStart(vectorCount: 3), shouldStop: { stopAfter })
  }

  @Test func theTargetComesCloserAndTheClosestIsKept() throws {
    let teacher = try Teacher(model: source, prompt: TinyWorld.prompt(source))
    let distiller = try distiller([teacher], to: target)
    #expect(Set(distiller.words) == Set(TinyWorld.words))
    let result = try distil(distiller)
    let divergences = result.epochs.compactMap(\.devDivergence)
    #expect(result.epochs.count == 30 && divergences.count == 30)
    #expect(try #require(divergences.last) < divergences[0])
    #expect(try #require(result.bestDevDivergence) <= (divergences.min() ?? 0) + 1e-9)
    #expect(result.vectors.rows == 3 && result.vectors.columns == 6 && !result.isInterrupted)
  }

  /// Of a model into itself, from its own prompt: nothing to learn, and nothing is unlearnt.
  @Test func aPromptIsItsOwnTeacher() throws {
    let prompt = TinyWorld.prompt(source)
    let distiller = try distiller([Teacher(model: source, prompt: prompt)], to: source, epochs: 2)
    let result = try distiller.distil(
      train: Self.subjects, dev: Self.subjects, template: .vectors(3),
      start: distiller.start(from: prompt, template: .vectors(3)))
    #expect(try #require(result.bestDevDivergence) < 1e-5)
    expectClose(result.vectors, prompt.vectors, absolute: 1e-2)
  }

  @Test func seedsMatterThreadsAndOrderDoNot() throws {
    let third = try world.model("third", seed: 7)
    let teachers = try [(source, 1), (target, 2), (third, 3)].map { model, weight in
      try Teacher(model: model, prompt: TinyWorld.prompt(model), weight: Float(weight))
    }
    let student = try world.model("student", width: 10, seed: 4)
    let first = try distil(distiller(teachers, to: student, epochs: 2))
    for (threads, order) in [(2, [0, 1, 2]), (5, [2, 0, 1]), (1, [1, 0, 2])] {
      let other = try distil(distiller(order.map { teachers[$0] }, to: student, epochs: 2, threads: threads))
      #expect(other.vectors == first.vectors && other.epochs == first.epochs)
    }
    #expect(try distil(distiller(teachers, to: student, epochs: 2, seed: 1)).vectors != first.vectors)
    #expect(try distil(distiller(teachers, to: student, epochs: 2, temperature: 3)).vectors != first.vectors)
    #expect(try distil(distiller([teachers[0]], to: student, epochs: 2)).vectors != first.vectors)
  }

  /// Prompts with subjects of their own, and numbers of them, as each by itself to the last bit; also of small batches, which share
  /// passes through the model, and where progress and rescues name them.
  @Test(arguments: [1, 3])
  func togetherAsAlone(_ threads: Int) throws {
    let words = try ComparedWords([source], target: target)
    var settings = TuningSettings()
    (settings.epochs, settings.learningRate, settings.batchSize) = (4, 0.05, 2)
    let tasks = try [(1, TinyWorld.words), (2, ["france", "rome", "oslo"]), (3, ["italy"])].map {
      seed, subjects in
      let distiller = Distiller(
        [try Teacher(model: source, prompt: TinyWorld.prompt(source, seed: UInt64(seed)))], over: words,
        settings: settings, parallelism: Parallelism(threads: threads))
      let set = SubjectSet(subjects)
      return (
        distiller: distiller,
        job: DistillationJob(
          name: "\(seed)", train: set, dev: seed == 3 ? SubjectSet([]) : set, template: .vectors(3),
          start: .vectors(distiller.randomStart(vectorCount: 3)))
      )
    }
    var totals: Set<Int> = []
    let together = try Distiller.distil(tasks, progress: { totals.insert($0.total) })
    #expect(totals == [4 * (6 + 2 + 1)] && Set(together.map(\.vectors.elements)).count == 3)
    for (task, found) in zip(tasks, together) {
      let alone = try task.distiller.distil(task.job)
      #expect(alone.vectors == found.vectors && alone.epochs == found.epochs)
      #expect(alone.bestDevDivergence == found.bestDevDivergence && alone.exampleCount == found.exampleCount)
      #expect(found.prompt.provenance["subjects"] == task.job.name && !found.isInterrupted)
    }
    let stopped = try Distiller.distil(tasks, shouldStop: { true })
    #expect(stopped.allSatisfy { $0.isInterrupted && $0.exampleCount == 0 } && stopped.count == 3)
    #expect(try Distiller.distil([]).isEmpty)
  }

  /// Files with no objects at all, and files whose objects are no words of the models, give the same subjects.
  @Test func objectsAreNotRead() throws {
    let names = ["france", "italy", "norway", "france"]
    let folder = world.folder
    try folder.write(
      names.map { #"{"sub_label": "\#($0)"}"# }.joined(separator: "\n"), to: "without.jsonl")
    try folder.write(
      names.map { #"{"sub_label": "\#($0)", "obj_label": "no single word"}"# }.joined(separator: "\n"),
      to: "phrases.jsonl")
    for file in ["without.jsonl", "phrases.jsonl"] {
      let set = try SubjectSet(folder.url.appending(path: file), split: .train)
      #expect(set.subjects == ["france", "italy", "norway"])
    }
    #expect(throws: TransferError.self) {
      try ExampleSet(folder.url.appending(path: "without.jsonl"), split: .train)
    }
  }

  @Test func subjectsThatAreTooLongAreLeftOutForAll() throws {
    let short = try world.model("short", seed: 3, positions: 8)
    let distiller = try distiller(
      [Teacher(model: source, prompt: TinyWorld.prompt(source))], to: short, epochs: 1)
    let result = try distiller.distil(
      train: SubjectSet(["paris", "the capital of italy is rome"]), dev: SubjectSet([]),
      template: .vectors(3), start: distiller.randomStart(vectorCount: 3))
    #expect(result.skippedCount == 1 && result.exampleCount == 1 && result.bestDevDivergence == nil)
  }

  /// A task's texts are cut as tuning cuts them, to the positions of each model by itself.
  @Test func textsOfTasksAreCutWhereSubjectsAreLeftOut() throws {
    let short = try world.model("short", seed: 3, positions: 8)
    let texts = ["paris", "the capital of italy is rome", "the capital of italy"]
      .map { Example(relation: "t", subject: $0, object: "") }
    func counts(_ source: LanguageModel, _ target: LanguageModel) throws -> [Int] {
      let distiller = try distiller(
        [Teacher(model: source, prompt: TinyWorld.prompt(source))], to: target, epochs: 1)
      return try [CandidateVocabulary.AnswerKind.labels, .words].flatMap { answers in
        let subjects = SubjectSet(of: texts, answers: answers)
        let result = try distiller.distil(
          train: subjects, dev: subjects.drawn(2, seed: 1), template: .vectors(3),
          start: distiller.randomStart(vectorCount: 3))
        let dev = Set(subjects.drawn(2, seed: 1).subjects)
        #expect(result.skippedCount + result.truncatedCount == 2 + (dev.contains("paris") ? 1 : 2))
        return [result.exampleCount, result.skippedCount > 0 ? 1 : 0]
      }
    }
    #expect(try counts(source, short) == [3, 0, 1, 1])
    #expect(try counts(short, target) == [3, 0, 1, 1])
    for (from, to) in [(source, short), (short, target)] {
      let teacher = try Teacher(model: from, prompt: TinyWorld.prompt(from))
      for (answers, count) in [(CandidateVocabulary.AnswerKind.labels, 2), (.words, 0)] {
        let agreement = try Agreement(
          [teacher], target: to, subjects: SubjectSet(of: texts, answers: answers))
        #expect(agreement.truncatedCount == count)
      }
    }
  }

  @Test func interruptionLeavesTheBestSoFar() throws {
    let teacher = try Teacher(model: source, prompt: TinyWorld.prompt(source))
    let result = try distil(distiller([teacher], to: target), stopAfter: true)
    #expect(result.isInterrupted && result.vectors.rows == 3)
  }

  @Test func senselessCombinationsAreRefused() throws {
    #expect(throws: TransferError.self) { try Teacher(model: target, prompt: TinyWorld.prompt(source)) }
    #expect(throws: TransferError.self) {
      try Teacher(model: source, prompt: TinyWorld.prompt(source), weight: 0)
    }
    #expect(throws: TransferError.self) { try distiller([], to: target) }
    let teacher = try Teacher(model: source, prompt: TinyWorld.prompt(source))
    #expect(throws: TransferError.self) {
      try Distiller(
        teachers: [teacher], student: target, words: ["zebra", "paris"], settings: TuningSettings(),
        parallelism: .granted)
    }
    let usable = try distiller([teacher], to: target)
    #expect(throws: TransferError.self) {
      try usable.start(from: TinyWorld.prompt(source), template: .vectors(3))
    }
  }
}
