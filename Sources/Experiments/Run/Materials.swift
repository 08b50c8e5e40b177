import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tokenization

/// Where the names of a configuration lead on this machine.
public struct Places: Sendable {
  public let model: @Sendable (String) throws -> URL
  public let file: @Sendable (String) throws -> URL
  public let task: @Sendable (String) throws -> ClassificationTask

  public init(
    model: @escaping @Sendable (String) throws -> URL, file: @escaping @Sendable (String) throws -> URL,
    task: @escaping @Sendable (String) throws -> ClassificationTask
  ) {
    self.model = model
    self.file = file
    self.task = task
  }
}

/// The facts of one relation or the examples of a task, and its template in words.
struct RelationFacts: Sendable {
  let train, dev, test: [Fact]
  let manual: Template?
  let task: ClassificationTask?

  init(manual: Template?, task: ClassificationTask? = nil, read: (FactSet.Split) throws -> FactSet) rethrows {
    train = try read(.train).facts
    dev = try read(.dev).facts
    test = try read(.test).facts
    (self.manual, self.task) = (manual, task)
  }

  /// The template with prompt vectors.
  func template(_ vectorCount: Int) -> Template { task?.description.template ?? .vectors(vectorCount) }
}

/// What cells work on, loaded when first asked for and shared between threads.
final class Materials: Sendable {
  let configuration: ExperimentConfiguration
  /// By name, in the order of the templates' file.
  let relations: [String: RelationFacts]
  let relationNames: [String]
  private let places: Places
  let vocabulary: [String]?
  private let anchorWords: [String]?
  private let models: Shelf<LanguageModel>
  private let spaces: Shelf<EmbeddingSpace>
  private let anchorSets: Shelf<Anchors>

  init(_ configuration: ExperimentConfiguration, places: Places) throws {
    self.configuration = configuration
    self.places = places
    vocabulary = try configuration.vocabulary.map { try CandidateVocabulary.readWords(places.file($0)) }
    anchorWords = try configuration.anchors.map { try CandidateVocabulary.readWords(places.file($0)) }
    let (tasks, facts) = try (Self.tasks(configuration, places), Self.facts(configuration, places))
    relationNames = facts.map(\.0) + tasks.map(\.0)
    relations = Dictionary(facts + tasks, uniquingKeysWith: { first, _ in first })
    models = Shelf(capacity: Int(ProcessInfo.processInfo.physicalMemory / 2))
    spaces = Shelf(capacity: .max)
    anchorSets = Shelf(capacity: 64)
  }

  private static func isTask(_ name: String) -> Bool { name.hasPrefix("task:") || name.contains(".json") }

  private static func facts(_ configuration: ExperimentConfiguration, _ places: Places) throws
    -> [(String, RelationFacts)]
  {
    let named = configuration.relations?.filter { !isTask($0) }
    if named?.isEmpty == true { return [] }
    let templates = try Templates.read(places.file(configuration.templates))
    let known = templates.map(\.relation)
    if let unknown = named?.first(where: { !known.contains($0) }) {
      throw TransferError(
        configuration.templates, "has no relation \(unknown)",
        hint: "There are: \(known.joined(separator: ", "))")
    }
    let wanted = Set(named ?? known)
    let facts = try places.file(configuration.facts)
    return try templates.filter { wanted.contains($0.relation) }.map { name, manual in
      (name, try RelationFacts(manual: manual) { try FactSet(facts, relation: name, split: $0) })
    }
  }

  private static func tasks(_ configuration: ExperimentConfiguration, _ places: Places) throws
    -> [(String, RelationFacts)]
  {
    try (configuration.relations ?? []).filter(isTask).map { name in
      let task = try places.task(name)
      let count = task.description.template.vectorCount
      guard configuration.vectorCounts == [count] else {
        throw TransferError(
          name, "has a template with \(count) vectors",
          hint: "Ask for \"vectorCounts\": [\(count)], or give the task another template")
      }
      let manual = task.description.manualTemplate
      return (name, try RelationFacts(manual: manual, task: task) { try Dataset.task(task).read($0) })
    }
  }

  func model(_ name: String) throws -> LanguageModel {
    let folder = try places.model(name)
    return try models.value(name, size: Self.fileSizes(folder)) { try LanguageModel(folder: folder) }
  }

  /// Bytes of the folder's files: at least what a model takes in memory.
  private static func fileSizes(_ folder: URL) -> Int {
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder.resolvingSymlinksInPath(), includingPropertiesForKeys: nil)
    return (files ?? []).reduce(0) { sum, file in
      let size = try? file.resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize
      return sum + (size ?? 0)
    }
  }

  func space(_ name: String) throws -> EmbeddingSpace {
    try spaces.value(name) { try EmbeddingSpace(folder: places.model(name)) }
  }

  /// Where answers are looked for: a task's label words, or the vocabulary's.
  func words(_ facts: RelationFacts) -> [String]? {
    facts.task.map { $0.description.labels.map(\.word) } ?? vocabulary
  }

  /// Throws where a task's label word is no single token of the model.
  func candidates(_ model: LanguageModel, _ facts: RelationFacts) throws(TransferError) -> CandidateVocabulary
  {
    if let task = facts.task { return try Dataset.task(task).candidates(space: model.space) }
    return vocabulary.map { CandidateVocabulary($0, tokenizer: model.tokenizer) }
      ?? CandidateVocabulary(tokenizer: model.tokenizer)
  }

  /// The anchors that a method wants between these models.
  func anchors(sources: [String], target: String, method: Method, seed: UInt64) throws -> Anchors {
    let all = try anchors(sources, target, .all)
    if let share = method.anchorShare {
      let count = Int((share * Double(all.words.count)).rounded())
      return try anchors(sources, target, .random(max(2, count), seed: seed))
    }
    guard let count = method.anchorCount else { return all }
    return try anchors(
      sources, target, method.anchorOrder == .sorted ? .first(count) : .random(count, seed: seed))
  }

  private func anchors(_ sources: [String], _ target: String, _ count: Anchors.Count) throws -> Anchors {
    try anchorSets.value("\(sources) \(target) \(count)") {
      Anchors(try (sources + [target]).map { try space($0).tokenizer }, list: anchorWords, count: count)
    }
  }

  func foundation(version: String) throws -> Foundation {
    var data: [String: String] = [:]
    let usesFacts = relations.values.contains { $0.task == nil }
    for name in [usesFacts ? configuration.templates : nil, configuration.vocabulary, configuration.anchors]
      .compactMap({ $0 })
    {
      data[name] = Fingerprint.of(try Data(contentsOf: places.file(name)))
    }
    for (name, facts) in relations {
      let text = [facts.train, facts.dev, facts.test].map { split in
        split.map { "\($0.relation)\t\($0.subject)\t\($0.object)" }.joined(separator: "\n")
      }
      data[facts.task == nil ? "\(configuration.facts)/\(name)" : name] = Fingerprint.of(text)
    }
    let names = Set(configuration.pairs.flatMap { $0.sources + [$0.target] })
    return Foundation(
      configuration: configuration, version: version,
      models: try Dictionary(uniqueKeysWithValues: names.map { ($0, try space($0).table.fingerprint) }),
      data: data)
  }
}

/// Values by name, the latest of them kept, as many as go into `capacity`. A value is made once, while others who want it wait.
private final class Shelf<Value: Sendable>: Sendable {
  private let capacity: Int
  private let entries = Mutex<(values: [String: (value: Value, size: Int)], order: [String])>(([:], []))

  init(capacity: Int) { self.capacity = capacity }

  /// The latest one is kept whatever its size.
  func value(_ name: String, size: Int = 1, make: () throws -> Value) throws -> Value {
    try entries.withLock { entries in
      if let known = entries.values[name] {
        entries.order.removeAll { $0 == name }
        entries.order.append(name)
        return known.value
      }
      let value = try make()
      entries.values[name] = (value, size)
      entries.order.append(name)
      while entries.order.count > 1, entries.values.values.reduce(0, { $0 + $1.size }) > capacity {
        entries.values[entries.order.removeFirst()] = nil
      }
      return value
    }
  }
}
