import Foundation

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

  /// The subjects alone, which is all that distilling may see. Throws for a task, whose texts are not subjects of facts.
  public func subjects(_ split: ExampleSet.Split) throws(TransferError) -> SubjectSet {
    guard case .facts(let url) = self else {
      throw TransferError("task \(name)", "has no subjects", hint: "Distil with facts")
    }
    return try TransferError.unify { try SubjectSet(url, split: split) }
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
  public func relations() throws -> [Dataset] {
    guard case .facts(let url) = self else { return [self] }
    return try FactFiles.relations(url).map { .facts($0) }
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

  /// The labels of a task; none where objects are any words.
  public var labels: [TaskDescription.Label] {
    switch self {
    case .facts: []
    case .task(let task): task.description.labels
    }
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
      words.map { CandidateVocabulary($0, tokenizer: space.tokenizer) }
        ?? CandidateVocabulary(tokenizer: space.tokenizer)
    }
  }
}
