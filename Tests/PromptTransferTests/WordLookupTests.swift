import LanguageModels
import PromptTransfer
import TestSupport
import Testing

/// Lists of words that may be long: what is told while they are looked up, and that it can be stopped.
@Suite struct WordLookupTests {
  private let source, target: LanguageModel
  private let list = TinyWorld.words.reversed() + ["nowhere", "rome"]

  init() throws {
    let world = try TinyWorld()
    source = try world.model("source", extra: ["zebra"])
    target = try world.model("target", width: 6, seed: 2, extra: ["apple"])
  }

  /// What is told, in order, and the words that come out; nil where it is stopped after so many questions.
  private func lookUp(
    stoppingAfter limit: Int = .max,
    _ body: (_ progress: (Int, Int) -> Void, _ shouldStop: @escaping @Sendable () -> Bool) throws -> [String]?
  ) throws -> (words: [String]?, told: [[Int]]) {
    var told: [[Int]] = []
    let questions = Questions(limit)
    let words = try body({ told.append([$0, $1]) }, { questions.next() })
    return (words, told)
  }

  private final class Questions: @unchecked Sendable {  // asked by one thread
    private var count = 0
    private let limit: Int
    init(_ limit: Int) { self.limit = limit }
    func next() -> Bool {
      count += 1
      return count > limit
    }
  }

  private func anchors(_ stop: Int = .max) throws -> (words: [String]?, told: [[Int]]) {
    try lookUp(stoppingAfter: stop) { progress, shouldStop in
      try SharedVocabulary(
        sources: [source.space], target: target.space, list: list, progress: progress, shouldStop: shouldStop
      )?.words
    }
  }

  private func candidates(_ stop: Int = .max) throws -> (words: [String]?, told: [[Int]]) {
    try lookUp(stoppingAfter: stop) { progress, shouldStop in
      try Dataset.facts(TemporaryFolder().url).candidates(
        words: list, space: target.space, progress: progress, shouldStop: shouldStop)?.words
    }
  }

  private func compared(_ stop: Int = .max) throws -> (words: [String]?, told: [[Int]]) {
    try lookUp(stoppingAfter: stop) { progress, shouldStop in
      try ComparedWords(
        [source], target: target, words: list, progress: progress, shouldStop: shouldStop)?.words
    }
  }

  @Test func allWordsAreCounted() throws {
    let all = list.indices.map { [$0, list.count] }
    let (anchors, candidates, compared) = (try anchors(), try candidates(), try compared())
    for told in [anchors.told, candidates.told, compared.told] { #expect(told == all) }
    #expect(
      try anchors.words
        == SharedVocabulary(sources: [source.space], target: target.space, list: list).words)
    #expect(try candidates.words == CandidateVocabulary(list, tokenizer: target.tokenizer).words)
    #expect(
      try compared.words
        == CandidateVocabulary.shared([target.tokenizer, source.tokenizer], list: list)[0].words)
    #expect(anchors.words?.count == TinyWorld.words.count && compared.words?.count == TinyWorld.words.count)
  }

  @Test func aWordLaterItIsStopped() throws {
    for found in [try anchors(3), try candidates(3), try compared(3)] {
      #expect(found.words == nil && found.told.count == 3)
    }
  }

  /// While the sources are asked, too.
  @Test func askingTheSourcesIsStopped() throws {
    let teacher = try Teacher(model: source, prompt: TinyWorld.prompt(source))
    let questions = Questions(4)
    let agreement = try Agreement(
      [teacher], over: ComparedWords([source], target: target, words: list),
      subjects: SubjectSet(TinyWorld.words), shouldStop: { questions.next() })
    #expect(agreement == nil)
    let distiller = try Distiller(
      teachers: [teacher], student: target, settings: TuningSettings(),
      parallelism: Parallelism(threads: 1))
    let start = distiller.randomStart(vectorCount: 3)
    for limit in [4, TinyWorld.words.count] {
      let some = Questions(limit)
      let result = try distiller.distil(
        train: SubjectSet(TinyWorld.words), dev: SubjectSet([]), template: .vectors(3), start: start,
        shouldStop: { some.next() })
      #expect(result.isInterrupted && result.epochs.isEmpty && result.exampleCount == 0)
      #expect(result.vectors == start && result.prompt.provenance["complete"] == "false")
    }
  }
}
