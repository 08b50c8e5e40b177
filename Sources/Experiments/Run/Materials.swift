import Foundation
import LanguageModels
import PromptTransfer
import Synchronization
import Tensors
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

/// What cells work on, loaded when first asked for and shared between threads.
final class Materials: Sendable {
  let configuration: ExperimentConfiguration
  /// Where models run: of each worker on one of these.
  let devices: [DeviceChoice]
  /// By name, in the order of the templates' file.
  let relations: [String: RelationFacts]
  let relationNames: [String]
  let places: Places
  let vocabulary: [String]?
  let anchorWords: [String]?
  /// Of the vocabulary and of the anchors' words: every address has them.
  private let vocabularyFingerprint: String?
  let anchorFingerprint: String?
  /// The settings of methods with the defaults filled in.
  private let settings = Mutex<[Method: [String: Setting]]>([:])
  private let models: Shelf<LanguageModel>
  private let spaces: Shelf<EmbeddingSpace>
  private let vocabularies: Shelf<SharedVocabulary>
  private let transfers: Shelf<FittedTransfer>
  private let evaluators: Shelf<Evaluator>
  private let candidates: Shelf<FittedCandidates>
  private let choices: Shelf<WordSelection.Choice>
  private let wordLists: Shelf<WordList>
  let fingerprints: Shelf<String?>

  init(_ configuration: ExperimentConfiguration, places: Places, device: DeviceChoice) throws {
    (self.configuration, devices) = (configuration, device.each)
    self.places = places
    try Self.requireFiles(configuration, places)
    vocabulary = try configuration.vocabulary.map { try CandidateVocabulary.readWords(places.file($0)) }
    anchorWords = try configuration.anchors.map { try CandidateVocabulary.readWords(places.file($0)) }
    vocabularyFingerprint = vocabulary.map { Fingerprint.of($0) }
    anchorFingerprint = anchorWords.map { Fingerprint.of($0) }
    let (tasks, facts) = try (Self.tasks(configuration, places), Self.facts(configuration, places))
    relationNames = facts.map(\.0) + tasks.map(\.0)
    relations = Dictionary(facts + tasks, uniquingKeysWith: { first, _ in first })
    let memory = min(ProcessInfo.processInfo.physicalMemory, ControlGroup.own.memory ?? .max)
    models = Shelf(capacity: Int(memory / 2))
    spaces = Shelf(capacity: .max)
    vocabularies = Shelf(capacity: 16)
    transfers = Shelf(capacity: 8)
    evaluators = Shelf(capacity: 32)
    candidates = Shelf(capacity: 4)
    choices = Shelf(capacity: 8)
    wordLists = Shelf(capacity: 8)
    fingerprints = Shelf(capacity: .max)
  }

  /// Says of a file that is not there what the configuration wants of it.
  private static func requireFiles(_ configuration: ExperimentConfiguration, _ places: Places) throws {
    let asksFacts = configuration.relations.map { !$0.allSatisfy(isTask) } ?? true
    let files = [
      ("vocabulary", configuration.vocabulary), ("anchors", configuration.anchors),
      ("templates", asksFacts ? configuration.templates : nil),
      ("facts", asksFacts ? configuration.facts : nil),
    ]
    for case (let field, let path?) in files
    where try !FileManager.default.fileExists(atPath: places.file(path).path) {
      throw TransferError(
        path, "is not there, which the experiment \(configuration.name) names as its \(field)",
        hint: "An experiment's paths begin in the folder where the command is run")
    }
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
    var facts = try RelationSource(places.file(configuration.facts))
    return try templates.filter { wanted.contains($0.relation) }.map { name, manual in
      (name, try RelationFacts(manual: manual) { try facts.facts(name, $0) })
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

  /// Once for each device.
  func model(_ name: String, on device: DeviceChoice) throws -> LanguageModel {
    let folder = try places.model(name)
    return try models.value("\(name) \(device)", size: Self.fileSizes(folder)) {
      try LanguageModel(
        folder: folder,
        Computing(device: device, precision: PrecisionChoice(configuration.precision)))
    }
  }

  /// Bytes of the folder's files, or of the one file: at least what a model takes in memory.
  private static func fileSizes(_ place: URL) -> Int {
    let files = try? FileManager.default.contentsOfDirectory(
      at: place.resolvingSymlinksInPath(), includingPropertiesForKeys: nil)
    return (files ?? [place]).reduce(0) { sum, file in
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

  func candidatesFingerprint(_ facts: RelationFacts) -> String {
    guard let task = facts.task else { return vocabularyFingerprint ?? "all words" }
    return Fingerprint.of(task.description.labels.map(\.word))
  }

  func resolved(_ method: Method) -> [String: Setting] {
    settings.withLock { known in
      if let settings = known[method] { return settings }
      let settings = method.resolved
      known[method] = settings
      return settings
    }
  }

  /// The evaluator of a model: one for all cells with the same candidates. Throws where a task's label word is no single token of the
  /// model.
  func evaluator(
    _ name: String, _ facts: RelationFacts, _ parallelism: Parallelism, on device: DeviceChoice
  ) throws -> Evaluator {
    let words = words(facts)
    return try evaluators.value("\(name) \(device) \(facts.task == nil) \(candidatesFingerprint(facts))") {
      let model = try model(name, on: device)
      let candidates: CandidateVocabulary
      if let task = facts.task {
        candidates = try Dataset.task(task).candidates(space: model.space)
      } else {
        candidates =
          try words.map { try CandidateVocabulary($0, tokenizer: model.tokenizer) }
          ?? CandidateVocabulary(tokenizer: model.tokenizer)
      }
      return Evaluator(model: model, candidates: candidates, parallelism: parallelism)
    }
  }

  // MARK: What a pair's prompts share

  /// The words that a method goes by between these models.
  func words(_ cell: Cell) throws -> SharedVocabulary {
    guard cell.method.usesAnchors else { return try words(cell.sources, cell.target, [], .all) }
    let all = try words(cell.sources, cell.target, anchorWords, .all)
    let options = cell.method.options
    if let share = options.anchorShare {
      let count = Int((share * Double(all.words.count)).rounded())
      return try words(
        cell.sources, cell.target, anchorWords, .random(max(2, count), seed: cell.seed))
    }
    guard let count = options.anchorCount else { return all }
    return try words(
      cell.sources, cell.target, anchorWords,
      options.anchorOrder == .sorted ? .first(count) : .random(count, seed: cell.seed))
  }

  /// - Parameter sources: the target itself where there are none
  private func words(
    _ sources: [String], _ target: String, _ list: [String]?, _ count: SharedVocabulary.Count
  ) throws -> SharedVocabulary {
    let names = sources.isEmpty ? [target] : sources
    return try vocabularies.value("\(names) \(target) \(list?.count ?? -1) \(count)") {
      guard count == .all else { return try words(sources, target, list, .all).drawn(count) }
      return try SharedVocabulary(
        sources: names.map(space), target: space(target), list: list)
    }
  }

  /// How a cell's prompts are carried, before anything is learned.
  func transfer(_ cell: Cell, _ method: any TransferMethod, _ parallelism: Parallelism) throws -> Transfer {
    Transfer(
      try words(cell), method: method, normalization: cell.method.normalization, seed: cell.seed,
      parallelism: parallelism)
  }

  /// The same, fitted: once for all relations, and for all seeds where they do not matter to it.
  func fitted(
    _ cell: Cell, _ method: any TransferMethod, _ parallelism: Parallelism,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> FittedTransfer {
    let fitted = try transfers.value(fitName(cell, method)) {
      let fitted = try transfer(cell, method, parallelism).fit(shouldStop: shouldStop)
      if shouldStop() { throw Stopped() }
      return fitted
    }
    return fitted.with(seed: cell.seed)
  }

  /// What a selection by answers chooses among, fitted for as many.
  func candidates(
    _ cell: Cell, _ method: any TransferMethod, _ parallelism: Parallelism,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> FittedCandidates {
    let fitted = try candidates.value(fitName(cell, method)) {
      let fitted = try transfer(cell, method, parallelism).candidates(shouldStop: shouldStop)
      if shouldStop() { throw Stopped() }
      return fitted
    }
    return fitted.with(seed: cell.seed)
  }

  /// The same for cells that what is learned serves.
  private func fitName(_ cell: Cell, _ method: any TransferMethod) -> String {
    let options = cell.method.options
    let usesSeed =
      type(of: method).learnsBySeed || options.anchorShare != nil
      || (options.anchorCount != nil && options.anchorOrder != .sorted)
    return [
      "\(cell.sources) \(cell.target) \(method.name) \(usesSeed ? cell.seed : 0)",
      Fingerprint.of(cell.method.resolved),
    ].joined(separator: " ")
  }

  /// The same with the setting that held-out words choose: no prompt is looked at, so once for all relations.
  func chosen(
    _ cell: Cell, _ method: any TransferMethod, _ parallelism: Parallelism,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> WordSelection.Choice {
    let settings = Fingerprint.of(cell.method.resolved)
    let name = "\(cell.sources) \(cell.target) \(method.name) \(cell.seed) \(settings)"
    return try choices.value(name) {
      let transfer = try transfer(cell, method, parallelism)
      guard let choice = try WordSelection().choose(transfer, shouldStop: shouldStop) else { throw Stopped() }
      return choice
    }
  }

  /// The words of a model, for finding those near to a vector.
  func wordList(_ model: String) throws -> WordList {
    try wordLists.value(model) { try WordList(space(model)) }
  }
}

/// Thrown where work was stopped before it had a result.
struct Stopped: Error {}
