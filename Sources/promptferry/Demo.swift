import Foundation
import PromptTransfer
import Tensors

/// The demo's work: tune on every model, then each method on each pair, all relations.
struct Demo: Sendable {
  private struct Relation: Sendable {
    let name: String
    let manual: Template
    let train, dev, test: [Example]
  }

  private let models: [String: LanguageModel]
  private let relations: [Relation]
  private let words: [String]
  private let pairs: [(source: String, target: String)]
  private let rows: [Row]
  private let start: Start
  private let common: CommonOptions

  /// What prompts start from.
  enum Start: String, CaseIterable { case template, random }

  /// A row of the table.
  struct Row: Sendable {
    enum Kind: Sendable {
      case manualTemplate
      case transfer(any TransferMethod, NormalizationRule? = nil)
      case directTuning
    }

    let name: String
    let kind: Kind
    /// Whether the source matters.
    var hasSource: Bool {
      if case .transfer(let method, _) = kind { type(of: method).readsPrompts } else { false }
    }
  }

  private static let gradientSearch = "gradient search, moments (paper)"
  private static let paper = RelativeSearch(
    .gradient(steps: RelativeSearch.defaultSteps, learningRate: RelativeSearch.defaultLearningRate))

  /// From nothing carried to the ceiling.
  static let allRows: [Row] = [
    Row(name: "manual template", kind: .manualTemplate),
    Row(name: "random vectors", kind: .transfer(RandomVectors())),
    Row(name: "copied vectors", kind: .transfer(Copy())),
    Row(name: "nearest words", kind: .transfer(NearestWord())),
    Row(name: "linear map", kind: .transfer(LinearMap())),
    Row(name: gradientSearch, kind: .transfer(paper, .moments)),
    Row(name: "exact search, strength", kind: .transfer(RelativeSearch())),
    Row(name: "canonical map, strength (default)", kind: .transfer(CanonicalMap())),
    Row(name: "direct tuning (ceiling)", kind: .directTuning),
  ]

  /// Without the search that takes a second a prompt.
  static let quickRows = allRows.filter { $0.name != gradientSearch }

  init(
    zoo: URL, atlas: URL, pairs: [(String, String)], relations chosen: [String], rows: [Row], start: Start,
    _ common: CommonOptions
  ) throws {
    (self.rows, self.start) = (rows, start)
    self.pairs = pairs.map { (source: $0.0, target: $0.1) }
    self.common = common
    words = try CandidateVocabulary.readWords(atlas.appendingPathComponent("common_words.txt"))
    let names = Set(pairs.flatMap { [$0.0, $0.1] })
    models = try Dictionary(
      uniqueKeysWithValues: names.map { ($0, try LanguageModel(folder: zoo.appendingPathComponent($0))) })
    let known = try Templates.read(atlas.appendingPathComponent("relations.jsonl"))
    relations = try known.filter { chosen.contains($0.relation) }.map { name, manual in
      let folder = atlas.appendingPathComponent("data/\(name)")
      return Relation(
        name: name, manual: manual, train: try ExampleSet(folder, split: .train).examples,
        dev: try ExampleSet(folder, split: .dev).examples, test: try ExampleSet(folder, split: .test).examples
      )
    }
  }

  var relationCount: Int { relations.count }
  var factCount: Int { relations.reduce(0) { $0 + $1.test.count } }
  var wordCount: Int { words.count }

  /// Nil when interrupted.
  func run(shouldStop: @escaping @Sendable () -> Bool) throws -> [DemoResult.Cell]? {
    guard let tuned = try tuneAll(shouldStop) else { return nil }
    guard let transfers = try fitAll(shouldStop) else { return nil }
    let progress = common.progress("carrying", unit: "prompts")
    let jobs = pairs.indices.flatMap { pair in relations.indices.map { (pair: pair, relation: $0) } }
    let done = Collected<Result<[(String, [Prediction])], any Error>>(count: jobs.count)
    common.parallelism.forEach(jobs.count) { _, index in
      if shouldStop() { return }
      let job = jobs[index]
      let result = Result {
        try carry(relations[job.relation], pairs[job.pair], transfers[job.pair], tuned)
      }
      progress.update(done.set(result, at: index), of: jobs.count)
    }
    progress.finish()
    guard let results = try done.all()?.map({ try $0.get() }) else { return nil }
    return pairs.enumerated().flatMap { number, pair in
      let own = zip(jobs, results).filter { $0.0.pair == number }.map(\.1)
      return own[0].indices.map { row in
        let evaluation = Evaluation(own.flatMap { $0[row].1 })
        return DemoResult.Cell(
          source: pair.source, target: pair.target, method: own[0][row].0, factCount: evaluation.factCount,
          microAccuracy: evaluation.microAccuracy, macroAccuracy: evaluation.macroAccuracy,
          relations: evaluation.relations)
      }
    }
  }

  private func model(_ name: String) throws -> LanguageModel {
    guard let model = models[name] else { throw TransferError("zoo:\(name)", "is not there") }
    return model
  }

  /// A job works on one thread: jobs are what runs in parallel.
  private func evaluator(_ model: LanguageModel) throws -> Evaluator {
    Evaluator(
      model: model, candidates: try CandidateVocabulary(words, tokenizer: model.tokenizer),
      parallelism: Parallelism(threads: 1))
  }

  /// A prompt for each model and relation, by "model relation".
  private func tuneAll(_ shouldStop: @escaping @Sendable () -> Bool) throws -> [String: SoftPrompt]? {
    let jobs = models.values.sorted { $0.name < $1.name }
      .flatMap { model in relations.map { (model: model, relation: $0) } }
    let progress = common.progress("tuning", unit: "prompts")
    let done = Collected<Result<SoftPrompt, any Error>>(count: jobs.count)
    common.parallelism.forEach(jobs.count) { _, index in
      if shouldStop() { return }
      let (model, relation) = jobs[index]
      let result = Result {
        var settings = TuningSettings()
        settings.seed = common.seed
        let tuner = try Tuner(evaluator: evaluator(model), settings: settings)
        let template = Template.vectors(5)
        return try tuner.tune(
          train: relation.train, dev: relation.dev, template: template,
          start: start == .random
            ? tuner.randomStart(vectorCount: template.vectorCount)
            : tuner.start(from: relation.manual, vectorCount: template.vectorCount),
          shouldStop: shouldStop
        ).prompt
      }
      progress.update(done.set(result, at: index), of: jobs.count)
    }
    progress.finish()
    // A tuning that was stopped still gives a prompt; the demo wants them whole.
    guard !shouldStop(), let prompts = try done.all()?.map({ try $0.get() }) else { return nil }
    return Dictionary(
      uniqueKeysWithValues: zip(jobs.map { "\($0.model.name) \($0.relation.name)" }, prompts))
  }

  /// For each pair and row the fitted method; nil for rows that do not carry, and methods that do not apply.
  private func fitAll(_ shouldStop: @escaping @Sendable () -> Bool) throws -> [[FittedTransfer?]]? {
    let jobs = pairs.indices.flatMap { pair in rows.indices.map { (pair: pair, row: $0) } }
    let words = try pairs.map { pair in
      try SharedVocabulary(sources: [model(pair.source).space], target: model(pair.target).space)
    }
    let done = Collected<Result<FittedTransfer?, any Error>>(count: jobs.count)
    common.parallelism.forEach(jobs.count) { _, index in
      if shouldStop() { return }
      let job = jobs[index]
      done.set(Result { try fit(rows[job.row], words[job.pair]) }, at: index)
    }
    guard !shouldStop(), let fitted = try done.all()?.map({ try $0.get() }) else { return nil }
    return pairs.indices.map { pair in zip(jobs, fitted).filter { $0.0.pair == pair }.map(\.1) }
  }

  private func fit(_ row: Row, _ words: SharedVocabulary) throws -> FittedTransfer? {
    guard case .transfer(let method, let rule) = row.kind,
      !(method is Copy) || words.sources[0].width == words.target.width
    else { return nil }
    return try Transfer(
      words, method: method, normalization: rule, seed: common.seed, parallelism: Parallelism(threads: 1)
    ).fit()
  }

  /// The predictions of every method, in the table's order, for one relation and one pair.
  private func carry(
    _ relation: Relation, _ pair: (source: String, target: String), _ transfers: [FittedTransfer?],
    _ tuned: [String: SoftPrompt]
  ) throws -> [(String, [Prediction])] {
    let target = try model(pair.target)
    let evaluator = try evaluator(target)
    func ask(_ template: Template, _ vectors: Matrix) throws -> [Prediction] {
      try evaluator.predictions(evaluator.prepare(relation.test, template: template), prompt: vectors) ?? []
    }
    guard let prompt = tuned["\(pair.source) \(relation.name)"],
      let direct = tuned["\(pair.target) \(relation.name)"]
    else { return [] }
    let width = target.space.table.width
    return try zip(rows, transfers).compactMap { row, transfer in
      switch row.kind {
      case .manualTemplate: return (row.name, try ask(relation.manual, Matrix(rows: 0, columns: width)))
      case .directTuning: return (row.name, try ask(direct.template, direct.vectors))
      case .transfer:
        guard let transfer else { return nil }
        return (row.name, try ask(prompt.template, transfer.carry([prompt]).vectors))
      }
    }
  }
}
