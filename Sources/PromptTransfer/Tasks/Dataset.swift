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

  /// The subjects alone, or a task's texts, which is all that distilling may see.
  public func subjects(_ split: ExampleSet.Split) throws(TransferError) -> SubjectSet {
    try TransferError.unify {
      switch self {
      case .facts(let url): try SubjectSet(url, split: split)
      case .task(let task): try SubjectSet(of: task.examples(split), answers: .labels)
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

  /// The same of a list that may hold millions of words. Nil when stopped.
  /// - Parameters:
  ///   - progress: called with the number of words looked up, and of all
  ///   - shouldStop: asked meanwhile
  public func candidates(
    words: [String]?, space: EmbeddingSpace, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: () -> Bool
  ) throws(TransferError) -> CandidateVocabulary? {
    guard let words, task == nil else { return try candidates(words: words, space: space) }
    return try CandidateVocabulary(
      words, tokenizer: space.tokenizer, progress: progress, shouldStop: shouldStop)
  }
}
