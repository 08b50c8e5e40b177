import Foundation
import Tensors

extension Dataset {
  /// Asks a model what the examples ask, among the words or the texts that answers are of this form.
  /// - Parameters:
  ///   - sets: of which the examples are; a task by itself
  ///   - examples: those that will be asked, whose objects `auto` looks at
  ///   - words: among which answers are looked for; all whole words of the model when nil, or where answers are texts the objects of the
  ///     relation in all splits
  ///   - masking: how a masked language model is asked for answers of several tokens
  ///   - measures: whether texts are ranked by other measures too, which takes longer
  ///   - progress: called with the number of words looked up, and of all
  ///   - shouldStop: asked meanwhile: nil then
  public static func evaluator(
    _ sets: [Dataset], _ model: LanguageModel, asking examples: [Example], answers form: AnswerForm = .auto,
    words: [String]? = nil, masking: AnswerMasking = .word, measures: Bool = false,
    parallelism: Parallelism = .granted, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: () -> Bool = { false }
  ) throws(TransferError) -> Evaluator? {
    let task = sets.lazy.compactMap(\.task).first
    if let task, form == .text {
      throw TransferError(
        task.description.name, "is a task: its answers are its label words", hint: "Leave --answers away")
    }
    let areTexts =
      switch form {
      case .single: false
      case .text: true
      case .auto: task == nil ? try wantsTexts(examples, model, words) : false
      }
    if areTexts {
      var space = AnswerSpace(words ?? [])
      for set in words == nil ? sets : [] { space = try space.joining(set.answerSpace()) }
      return Evaluator(
        model: model, texts: space, masking: masking, measures: measures, parallelism: parallelism)
    }
    let candidates = try (task.map { .task($0) } ?? sets[0]).candidates(
      words: words, space: model.space, progress: progress, shouldStop: shouldStop)
    return candidates.map { Evaluator(model: model, candidates: $0, parallelism: parallelism) }
  }

  /// More texts than these are compared only where that is asked for.
  package static let textLimit = 4096

  /// Whether an example has an object that can be the answer and is several tokens.
  private static func wantsTexts(
    _ examples: [Example], _ model: LanguageModel, _ words: [String]?
  ) throws(TransferError) -> Bool {
    if let words, words.count > textLimit { return false }
    let given = words.map { Set($0.map { Array($0.utf8) }) }
    for object in Set(examples.map { Array($0.object.utf8) }) where given?.contains(object) ?? true {
      let text = String(decoding: object, as: UTF8.self)
      if try model.tokenizer.token(ofWord: text) == nil, try AnswerOptions.canBe(text, model) { return true }
    }
    return false
  }

  /// The closed set of each relation: what BEAR's `metadata_relations.json` says, else the objects of all splits.
  func answerSpace() throws(TransferError) -> AnswerSpace {
    guard case .facts = self else { return AnswerSpace(labels.map(\.word)) }
    return try TransferError.unify {
      var closed: [String: [String]] = [:]
      var examples: [Example] = []
      for file in files {
        // A table's splits are parts of it; every other file is one, or all of them.
        for split in FactTable.isOne(file) ? ExampleSet.Split.allCases : [.test] {
          examples += try ExampleSet(file, split: split).examples
        }
        guard let answers = try RelationMetadata.beside(file)?[file]?.answers, !answers.isEmpty else {
          continue
        }
        closed[file.deletingPathExtension().lastPathComponent] = answers
      }
      return AnswerSpace(ofRelations: AnswerSpace(objectsOf: examples).own.merging(closed) { $1 })
    }
  }
}
