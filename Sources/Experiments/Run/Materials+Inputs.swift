import Foundation
import PromptTransfer

// What results rest on.
extension Materials {
  /// Nil where a model is not on this machine.
  func inputs(_ cell: Cell) throws -> CellInputs? {
    guard let facts = relations[cell.relation] else {
      throw TransferError(cell.relation, "has no facts")
    }
    let method = cell.method
    let prompts = try cell.prompts.map(inputs)
    guard let target = try fingerprint(cell.target), !prompts.contains(nil) else { return nil }
    let trains = method.training != nil || method.tunesForItself
    let readsTraining = trains || method.mark == .majority
    let compares = method.options.select?.measure != nil
    let readsDev = trains || compares || method.options.select == .dev
    var splits = ["test": facts.fingerprints.test]
    if readsTraining { splits["train"] = facts.fingerprints.train }
    if readsDev { splits["dev"] = facts.fingerprints.dev }
    var settings = resolved(method)
    if method.tunesForItself { settings["start"] = start(facts).map(Setting.text) }
    return CellInputs(
      method: method.name, settings: settings,
      tuning: trains ? tuning(seed: cell.seed, method) : nil, prompts: prompts.compactMap { $0 },
      target: target,
      anchors: method.usesAnchors ? anchorFingerprint ?? "shared" : nil,
      facts: splits,
      template: method.mark == .manual
        ? facts.manual?.description ?? "none" : facts.template(cell.vectorCount).description,
      candidates: candidatesFingerprint(facts), vectorCount: cell.vectorCount, seed: cell.seed,
      precision: precision)
  }

  /// Nil where the model is not on this machine.
  func inputs(_ key: PromptKey) throws -> PromptInputs? {
    guard let facts = relations[key.relation], let model = try fingerprint(key.model) else { return nil }
    return PromptInputs(
      model: model, tuning: tuning(seed: key.seed, nil),
      facts: ["train": facts.fingerprints.train, "dev": facts.fingerprints.dev],
      template: facts.template(key.vectorCount).description, candidates: candidatesFingerprint(facts),
      start: start(facts), precision: precision)
  }

  /// By name; nil for random vectors.
  private func start(_ facts: RelationFacts) -> String? {
    configuration.start == .random ? nil : facts.start(configuration.start).name
  }

  /// Nil for Float32.
  private var precision: Precision? { configuration.precision == .f32 ? nil : configuration.precision }

  func tuning(seed: UInt64, _ method: Method?) -> TuningSettings {
    var settings = configuration.tuning
    settings.seed = seed
    if let epochs = method?.options.epochs { settings.epochs = epochs }
    if let rate = method?.options.learningRate { settings.learningRate = rate }
    return settings
  }

  /// Of all files of a model; nil where it is not on this machine. Looked for once.
  func fingerprint(_ model: String) throws -> String? {
    try fingerprints.value(model) {
      guard let folder = try? places.model(model), FileManager.default.fileExists(atPath: folder.path) else {
        return nil
      }
      return try Fingerprint.ofModel(folder)
    }
  }

  /// What the report names as the grounds of its results.
  func record(version: String) throws -> ExperimentRecord {
    var data: [String: String] = [:]
    if let vocabulary, let name = configuration.vocabulary { data[name] = Fingerprint.of(vocabulary) }
    if let anchorWords, let name = configuration.anchors { data[name] = Fingerprint.of(anchorWords) }
    for (name, facts) in relations {
      data[facts.task == nil ? "\(configuration.facts)/\(name)" : name] = Fingerprint.of(facts.fingerprints)
    }
    let names = configuration.models
    return ExperimentRecord(
      configuration: configuration, version: version,
      models: try Dictionary(uniqueKeysWithValues: names.map { ($0, try fingerprint($0) ?? "not here") }),
      data: data)
  }
}
