import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tokenization

/// Where the names of a configuration lead on this machine.
public struct Places: Sendable {
  public let model: @Sendable (String) throws -> URL
  public let file: @Sendable (String) throws -> URL

  public init(
    model: @escaping @Sendable (String) throws -> URL, file: @escaping @Sendable (String) throws -> URL
  ) {
    self.model = model
    self.file = file
  }
}

/// The facts of one relation and its template in words.
struct RelationFacts: Sendable {
  let train, dev, test: [Fact]
  let manual: Template
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
    let templates = try Templates.read(places.file(configuration.templates))
    let facts = try places.file(configuration.facts)
    let known = templates.map(\.relation)
    if let unknown = configuration.relations?.first(where: { !known.contains($0) }) {
      throw TransferError(
        configuration.templates, "has no relation \(unknown)",
        hint: "There are: \(known.joined(separator: ", "))")
    }
    let wanted = Set(configuration.relations ?? known)
    let chosen = templates.filter { wanted.contains($0.relation) }
    relationNames = chosen.map(\.relation)
    relations = try Dictionary(
      chosen.map { name, manual in
        let folder = facts.appendingPathComponent(name)
        return (
          name,
          RelationFacts(
            train: try FactSet(folder, split: .train).facts, dev: try FactSet(folder, split: .dev).facts,
            test: try FactSet(folder, split: .test).facts, manual: manual)
        )
      }, uniquingKeysWith: { first, _ in first })
    models = Shelf(capacity: Self.modelCapacity)
    spaces = Shelf(capacity: .max)
    anchorSets = Shelf(capacity: 64)
  }

  /// How many models stay loaded; more are loaded again when they are needed.
  private static let modelCapacity = 8

  func model(_ name: String) throws -> LanguageModel {
    try models.value(name) { try LanguageModel(folder: places.model(name)) }
  }

  func space(_ name: String) throws -> EmbeddingSpace {
    try spaces.value(name) { try EmbeddingSpace(folder: places.model(name)) }
  }

  func candidates(_ model: LanguageModel) -> CandidateVocabulary {
    vocabulary.map { CandidateVocabulary($0, tokenizer: model.tokenizer) }
      ?? CandidateVocabulary(tokenizer: model.tokenizer)
  }

  /// The anchors that a method wants between these models.
  func anchors(sources: [String], target: String, method: Method, seed: UInt64) throws -> Anchors {
    let count: Anchors.Count =
      switch (method.anchorCount, method.anchorOrder) {
      case (nil, _): .all
      case (let count?, .random): .random(count, seed: seed)
      case (let count?, _): .first(count)
      }
    return try anchorSets.value("\(sources) \(target) \(count)") {
      Anchors(try (sources + [target]).map { try space($0).tokenizer }, list: anchorWords, count: count)
    }
  }

  func foundation(version: String) throws -> Foundation {
    var data: [String: String] = [:]
    for name in [configuration.templates, configuration.vocabulary, configuration.anchors].compactMap({ $0 })
    {
      data[name] = Fingerprint.of(try Data(contentsOf: places.file(name)))
    }
    for (name, facts) in relations {
      let text = [facts.train, facts.dev, facts.test].map { split in
        split.map { "\($0.relation)\t\($0.subject)\t\($0.object)" }.joined(separator: "\n")
      }
      data["\(configuration.facts)/\(name)"] = Fingerprint.of(text)
    }
    let names = Set(configuration.pairs.flatMap { $0.sources + [$0.target] })
    return Foundation(
      configuration: configuration, version: version,
      models: try Dictionary(uniqueKeysWithValues: names.map { ($0, try space($0).table.fingerprint) }),
      data: data)
  }
}

/// Values by name, the latest `capacity` of them kept. A value is made once, while others who want it wait.
private final class Shelf<Value: Sendable>: Sendable {
  private let capacity: Int
  private let entries = Mutex<(values: [String: Value], order: [String])>(([:], []))

  init(capacity: Int) { self.capacity = capacity }

  func value(_ name: String, make: () throws -> Value) throws -> Value {
    try entries.withLock { entries in
      if let known = entries.values[name] {
        entries.order.removeAll { $0 == name }
        entries.order.append(name)
        return known
      }
      let value = try make()
      entries.values[name] = value
      entries.order.append(name)
      if entries.order.count > capacity { entries.values[entries.order.removeFirst()] = nil }
      return value
    }
  }
}
