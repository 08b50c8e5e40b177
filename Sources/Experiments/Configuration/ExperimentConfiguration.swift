import Formats
import Foundation
import PromptTransfer

/// What an experiment asks, as data: models, relations, methods and seeds, and the figures that answer it.
public struct ExperimentConfiguration: Sendable, Codable, Equatable {
  /// The sources, combined, and the target of a transfer.
  public struct Pair: Sendable, Hashable, Codable {
    public let sources: [String]
    public let target: String

    public enum Key: String, CodingKey, CaseIterable, Sendable { case sources, target }

    public init(sources: [String], target: String) {
      self.sources = sources
      self.target = target
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.strictContainer(Key.self)
      sources = try fields.decode([String].self, forKey: .sources)
      target = try fields.decode(String.self, forKey: .target)
    }
  }

  /// Names the folder of its results.
  public var name: String
  public var title: String
  /// What it asks and how, in a few sentences.
  public var about: String
  public var pairs: [Pair]
  /// The folder with a folder of facts for each relation, or a `.csv` or `.tsv` table of them.
  public var facts: String
  /// Names of relations, or of tasks as `task:NAME` or `TASK.json=FOLDER` (all relations when nil).
  public var relations: [String]?
  /// LAMA's `relations.jsonl`: the manual templates.
  public var templates: String
  /// The words among which answers are looked for (all whole words of the target when nil).
  public var vocabulary: String?
  /// The words among which anchors are looked for (all shared words when nil).
  public var anchors: String?
  public var vectorCounts: [Int]
  public var seeds: [UInt64]
  public var tuning: TuningSettings
  /// What models are computed in, the same on every machine: so never whatever suits one of them.
  public var precision: Precision
  /// Where tuned prompts start from.
  public var start: Start
  public var methods: [Method]
  public var figures: [Figure]
  public var claims: [Claim]

  /// The names of all models, sorted.
  public var models: [String] { Set(pairs.flatMap { $0.sources + [$0.target] }).sorted() }

  public enum Key: String, CodingKey, CaseIterable, Sendable {
    case name, title, about, pairs, facts, relations, templates, vocabulary, anchors, vectorCounts, seeds,
      tuning, precision, start, methods, figures, claims
  }

  /// `template` is the words of the relation's template, or the mean word where it has none; `random` the paper's.
  public enum Start: String, Sendable, Codable { case template, mean, random }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strictContainer(Key.self)
    name = try fields.decode(String.self, forKey: .name)
    title = try fields.decode(String.self, forKey: .title)
    about = try fields.decode(.about, default: "")
    pairs = try fields.decode([Pair].self, forKey: .pairs)
    facts = try fields.decode(String.self, forKey: .facts)
    relations = try fields.decodeIfPresent([String].self, forKey: .relations)
    templates = try fields.decode(String.self, forKey: .templates)
    vocabulary = try fields.decodeIfPresent(String.self, forKey: .vocabulary)
    anchors = try fields.decodeIfPresent(String.self, forKey: .anchors)
    vectorCounts = try fields.decode(.vectorCounts, default: [5])
    seeds = try fields.decode(.seeds, default: [0])
    tuning = try fields.decode(.tuning, default: TuningChanges()).settings
    precision = try fields.decode(.precision, default: .f32)
    start = try fields.decode(.start, default: .template)
    methods = try fields.decode([Method].self, forKey: .methods)
    figures = try fields.decode(.figures, default: [.init(.comparison)])
    claims = try fields.decode(.claims, default: [])
  }

  /// Reads a file. Throws `TransferError` with the place in it where something is wrong.
  public init(contentsOf url: URL) throws {
    let data: Data
    do {
      data = try WholeFile.read(url, .configuration)
    } catch {
      throw TransferError(
        url.path, error.problem, hint: error.hint ?? "Give a configuration of an experiment")
    }
    do {
      let expanded = try MethodLists.expanded(data)
      do {
        self = try JSONDecoder().decode(Self.self, from: expanded)
      } catch DecodingError.dataCorrupted(let context)
        where context.codingPath.isEmpty && context.debugDescription.contains("not valid JSON")
      {
        // It is JSON, as it was just written: what Foundation means is a number that no integer holds.
        throw TransferError(url.path, "holds a number that is out of range")
      }
    } catch let error as DecodingError {
      let (path, problem) = error.place
      throw TransferError(path.isEmpty ? url.path : "\(url.path), \(path)", problem)
    }
    try check(url.path)
  }

  /// More cells are several experiments.
  static let cellLimit = 2_000_000

  /// How many cells there are before equal ones are taken for one; beyond any integer too.
  func gridSize(relations count: Int) -> Double {
    [pairs.count, methods.count, vectorCounts.count, seeds.count, count].reduce(1) { $0 * Double($1) }
  }

  private func check(_ file: String) throws(TransferError) {
    func require(_ isRight: Bool, _ field: String, _ problem: String) throws(TransferError) {
      if !isRight { throw TransferError("\(file), \(field)", problem) }
    }
    let allowed = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_"))
    try require(
      !name.isEmpty && name.unicodeScalars.allSatisfy(allowed.contains), "name",
      "wants letters, digits, - and _, as it names a folder")
    try require(!pairs.isEmpty, "pairs", "is empty")
    try require(pairs.allSatisfy { !$0.sources.isEmpty }, "pairs", "has one without sources")
    try require(
      pairs.allSatisfy { Set($0.sources).count == $0.sources.count }, "pairs",
      "has one that names a source twice"
    )
    try require(!methods.isEmpty, "methods", "is empty")
    try require(!seeds.isEmpty, "seeds", "is empty")
    try require(
      !vectorCounts.isEmpty && vectorCounts.allSatisfy(Template.runLengths.contains), "vectorCounts",
      "wants numbers from 1 to \(Template.runLengths.upperBound)")
    try require(relations.map { !$0.isEmpty } ?? true, "relations", "is empty")
    for relation in relations ?? []
    where relation.hasPrefix("/") || relation.split(separator: "/").contains("..") {
      throw TransferError(
        "\(file), relations", "has \(relation.debugDescription), which leads out of the facts")
    }
    try require(
      gridSize(relations: relations?.count ?? 1) <= Double(Self.cellLimit), "pairs",
      "would be \(Int(clamping: gridSize(relations: relations?.count ?? 1))) cells with these methods, seeds and relations; "
        + "at most \(Self.cellLimit) are one experiment")
    let labels = Set(methods.map(\.label))
    for side in claims.flatMap({ [$0.better, $0.than] }) where !labels.contains(side.label) {
      throw TransferError("\(file), claims", "names the method \"\(side.label)\", which is none of them")
    }
    for figure in figures {
      if let unknown = figure.methods?.first(where: { !labels.contains($0) }) {
        throw TransferError("\(file), figures", "names the method \"\(unknown)\", which is none of them")
      }
    }
  }
}

/// The settings of tuning that a configuration names; the others stay as they are.
private struct TuningChanges: Decodable {
  var settings = TuningSettings()

  /// All of them, as a stored configuration has them written out.
  enum Key: String, CodingKey, CaseIterable {
    case epochs, batchSize, learningRate, weightDecay, warmupShare, evaluationsPerEpoch, seed
  }

  init() {}

  init(from decoder: any Decoder) throws {
    let fields = try decoder.strictContainer(Key.self)
    settings.epochs = try fields.decode(.epochs, default: settings.epochs)
    settings.batchSize = try fields.decode(.batchSize, default: settings.batchSize)
    settings.learningRate = try fields.decode(.learningRate, default: settings.learningRate)
    settings.weightDecay = try fields.decode(.weightDecay, default: settings.weightDecay)
    settings.warmupShare = try fields.decode(.warmupShare, default: settings.warmupShare)
    settings.evaluationsPerEpoch = try fields.decode(
      .evaluationsPerEpoch, default: settings.evaluationsPerEpoch)
    settings.seed = try fields.decode(.seed, default: settings.seed)
    // As the command has it.
    guard (1...1_000_000).contains(settings.epochs), (1...65_536).contains(settings.batchSize),
      settings.weightDecay >= 0,
      settings.weightDecay.isFinite, (0...1).contains(settings.warmupShare),
      (1...1000).contains(settings.evaluationsPerEpoch)
    else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription:
            "wants epochs from 1 to 1000000, a batchSize from 1 to 65536, "
            + "a weightDecay of 0 or more, a warmupShare from 0 to 1 and evaluationsPerEpoch from 1 to 1000"))
    }
  }
}

/// Methods whose settings are lists, written out as all combinations.
private enum MethodLists {
  static func expanded(_ data: Data) throws -> Data {
    let object: Any
    do {
      object = try JSONSerialization.jsonObject(with: data)
    } catch {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [],
          debugDescription: "is no valid JSON: \((error as NSError).userInfo["NSDebugDescription"] ?? error)")
      )
    }
    guard var members = object as? [String: Any], let methods = members["methods"] as? [[String: Any]] else {
      return data
    }
    let count = methods.reduce(0.0) { sum, method in
      sum + method.values.reduce(1.0) { $0 * Double(($1 as? [Any])?.count ?? 1) }
    }
    guard count <= Double(ExperimentConfiguration.cellLimit) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: [], debugDescription: "methods: their lists would be \(Int(clamping: count)) methods"))
    }
    members["methods"] = methods.flatMap(combinations)
    return try JSONSerialization.data(withJSONObject: members)
  }

  /// In the order of the lists, the first key (by name) slowest.
  static func combinations(_ method: [String: Any]) -> [[String: Any]] {
    let lists = method.compactMap { key, value in (value as? [Any]).map { (key, $0) } }.sorted { $0.0 < $1.0 }
    return lists.reduce([method]) { partial, list in
      partial.flatMap { entry in
        list.1.map { value in entry.merging([list.0: value]) { _, new in new } }
      }
    }
  }
}
