import Foundation
import Tensors

/// What prompts are tuned on and asked: facts of relations, or a classification task.
public enum Dataset: Sendable {
  /// A folder or a file as `ExampleSet` reads it.
  case facts(URL)
  case task(ClassificationTask)

  public func read(_ split: ExampleSet.Split) throws(TransferError) -> ExampleSet {
    try TransferError.unify {
      switch self {
      case .facts(let url): try ExampleSet(url, split: split)
      case .task(let task): try ExampleSet(everyOneOf: task.examples(split))
      }
    }
  }

  /// The files that it is read from, as far as they are there.
  package var files: [URL] {
    let splits = ExampleSet.Split.allCases
    switch self {
    case .facts(let url):
      return Set(splits.flatMap { (try? FactFiles.find(url, split: $0)) ?? [] }).sorted { $0.path < $1.path }
    case .task(let task): return task.files
    }
  }

  /// The subjects alone, or a task's texts, which is all that distilling may see.
  public func subjects(_ split: ExampleSet.Split) throws(TransferError) -> SubjectSet {
    try TransferError.unify {
      switch self {
      case .facts(let url): try SubjectSet(url, split: split)
      case .task(let task): try SubjectSet(of: task.examples(split))
      }
    }
  }

  /// Subjects to compare answers by: of the development split, or of the training split where that has none; at most so many,
  /// drawn with the seed.
  public func unlabelled(_ limit: Int, seed: UInt64) throws(TransferError) -> SubjectSet {
    let dev = try subjects(.dev)
    return (dev.subjects.isEmpty ? try subjects(.train) : dev).drawn(limit, seed: seed)
  }

  public var name: String {
    switch self {
    case .facts(let url): url.lastPathComponent
    case .task(let task): task.description.name
    }
  }

  /// The name without the ending of a file.
  public var stem: String {
    let ending = [".jsonl", ".csv", ".tsv"].first { name.hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0))
  }

  /// Each relation by itself, where they lie side by side in a folder.
  /// - Parameter split: of which a file of each must be there
  public func relations(_ split: ExampleSet.Split = .train) throws -> [Dataset] {
    guard case .facts(let url) = self else { return [self] }
    return try FactFiles.relations(url, split).map { .facts($0) }
  }

  /// The task, where it is one.
  public var task: ClassificationTask? { if case .task(let task) = self { task } else { nil } }

  /// The template with vectors that is used where none is given.
  public var template: Template {
    switch self {
    case .facts: .vectors(5)
    case .task(let task): task.description.template
    }
  }

  /// The template in words: a task's own; of facts, what `relations.jsonl` beside or above them says of the relation, as in
  /// LAMA, or the first of BEAR's `metadata_relations.json`. Nil where there is none. Throws where that file cannot be read.
  public func manualTemplate() throws(TransferError) -> Template? {
    switch self {
    case .task(let task): return task.description.manualTemplate
    case .facts(let url):
      if let relation = try TransferError.unify({ try RelationMetadata.beside(url)?[url] }) {
        guard let text = relation.templates.first else { return nil }
        return try Template(text)
      }
      let folder = url.absoluteURL.standardizedFileURL.deletingLastPathComponent()
      for place in [folder, folder.deletingLastPathComponent()] {
        let file = place.appendingPathComponent("relations.jsonl")
        guard FileManager.default.fileExists(atPath: file.path) else { continue }
        return try TransferError.unify {
          try Templates.read(file, of: stem)
        }
      }
      return nil
    }
  }

  /// Where a prompt starts from when nothing else is asked for: the words of the manual template, or where there is none the mean
  /// word.
  public func start() throws(TransferError) -> PromptStart {
    .suiting(try manualTemplate())
  }

  /// The labels of a task; none where objects are any words.
  public var labels: [TaskDescription.Label] {
    switch self {
    case .facts: []
    case .task(let task): task.description.labels
    }
  }

  /// Throws unless a task's label words are single tokens of every model.
  public func requireLabels(in spaces: [EmbeddingSpace]) throws(TransferError) {
    guard task != nil else { return }
    for space in spaces { _ = try candidates(space: space) }
  }

  /// The words over which answers of several models are compared: a task's label words, else those given.
  public func comparedWords(_ words: [String]?) -> [String]? {
    task.map { $0.description.labels.map(\.word) } ?? words
  }

  /// What answers are looked for in: a task's label words, which must all be single tokens of the model; else those of
  /// `words` that are, or all whole words of its vocabulary.
  public func candidates(
    words: [String]? = nil, space: EmbeddingSpace
  ) throws(TransferError) -> CandidateVocabulary {
    switch self {
    case .task(let task):
      try CandidateVocabulary(labels: task.description.labels, model: space.name, tokenizer: space.tokenizer)
    case .facts:
      if let words {
        try CandidateVocabulary(words, tokenizer: space.tokenizer)
      } else {
        try CandidateVocabulary(tokenizer: space.tokenizer)
      }
    }
  }

  /// Asks a model what the examples ask, among the words or the texts that answers are of this form.
  /// - Parameters:
  ///   - sets: of which the examples are; a task by itself
  ///   - examples: those that will be asked, whose objects `auto` looks at
  ///   - words: among which answers are looked for; all whole words of the model when nil, or where answers are texts the objects of the
  ///     relation in all splits
  ///   - masking: how a masked language model is asked for answers of several tokens
  ///   - measures: whether texts are ranked by other measures too, which takes longer
  public static func evaluator(
    _ sets: [Dataset], _ model: LanguageModel, asking examples: [Example], answers form: AnswerForm = .auto,
    words: [String]? = nil, masking: AnswerMasking = .word, measures: Bool = false,
    parallelism: Parallelism = .granted
  ) throws(TransferError) -> Evaluator {
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
    let candidates = try (task.map { .task($0) } ?? sets[0]).candidates(words: words, space: model.space)
    return Evaluator(model: model, candidates: candidates, parallelism: parallelism)
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
    guard case .facts(let url) = self else { return AnswerSpace(labels.map(\.word)) }
    return try TransferError.unify {
      var closed: [String: [String]] = [:]
      var examples: [Example] = []
      for split in ExampleSet.Split.allCases {
        guard FactTable.isOne(url) || (try? FactFiles.find(url, split: split)) != nil else { continue }
        examples += try ExampleSet(url, split: split).examples
        for file in FactTable.isOne(url) ? [] : try FactFiles.find(url, split: split) {
          guard let answers = try RelationMetadata.beside(file)?[file]?.answers, !answers.isEmpty else {
            continue
          }
          closed[file.deletingPathExtension().lastPathComponent] = answers
        }
      }
      return AnswerSpace(ofRelations: AnswerSpace(objectsOf: examples).own.merging(closed) { $1 })
    }
  }
}
