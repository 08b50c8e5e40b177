import Foundation
import LanguageModels
import PromptTransfer
import Tensors

/// Runs one cell, or tunes one prompt.
struct CellRunner: Sendable {
  let materials: Materials
  let store: Store
  let parallelism: Parallelism
  let shouldStop: @Sendable () -> Bool

  /// Tunes a prompt on its model. Nil when stopped.
  func tune(_ key: PromptKey) throws -> SoftPrompt? {
    let model = try materials.model(key.model)
    let facts = try facts(key.relation)
    let tuner = try tuner(model, facts, seed: key.seed)
    let template = facts.template(key.vectorCount)
    let result = try tuner.tune(
      train: facts.train, dev: facts.dev, template: template,
      start: tuner.randomStart(vectorCount: key.vectorCount), shouldStop: shouldStop)
    guard !result.isInterrupted else { return nil }
    return SoftPrompt(
      vectors: result.vectors, template: template, modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint,
      provenance: [
        "relation": key.relation, "seed": "\(key.seed)",
        "bestDevAccuracy": result.bestDevAccuracy.map { "\($0)" } ?? "not scored",
      ])
  }

  /// Nil when stopped.
  func run(_ cell: Cell) throws -> (CellResult, CellTiming?)? {
    var result = CellResult(cell)
    let facts = try facts(cell.relation)
    if cell.method.method == .majority {
      result.predictions = Majority.predictions(train: facts.train, test: facts.test)
      result.evaluation = Evaluation(result.predictions)
      return (result, nil)
    }
    let model = try materials.model(cell.target)
    let evaluator: Evaluator
    do {
      evaluator = try self.evaluator(model, facts)
    } catch {
      result.refusal = error.description
      return (result, nil)
    }
    if cell.method.method == .manual, facts.manual == nil {
      result.refusal = "\(cell.relation) has no template in words"
      return (result, nil)
    }
    var template = facts.manual ?? facts.template(cell.vectorCount)
    var vectors = Matrix(rows: 0, columns: model.space.table.width)
    var timing: CellTiming?
    if cell.method.method != .manual {
      let clock = ContinuousClock.now
      let found: Found?
      do {
        found = try self.vectors(cell, facts, model, evaluator, &result)
      } catch let refusal as Refusal {
        result.refusal = refusal.reason
        return (result, nil)
      }
      guard let found else { return nil }
      timing = CellTiming(seconds: clock.duration(to: .now) / .seconds(1))
      (template, vectors) = (found.template, found.vectors)
      result.nearestAfter = nearest(model.space, vectors)
    }
    let prepared = try evaluator.prepare(facts.test, template: template)
    guard let answers = try evaluator.predictions(prepared, prompt: vectors, shouldStop: shouldStop) else {
      return nil
    }
    result.skipped = prepared.skipped
    result.predictions = answers
    result.evaluation = Evaluation(answers)
    result.classScores = facts.task.map { ClassScores(answers, labels: $0.description.labels) }
    return (result, timing)
  }

  private typealias Found = (template: Template, vectors: Matrix)

  /// The method makes no sense for these models.
  private struct Refusal: Error { let reason: String }

  private func vectors(
    _ cell: Cell, _ facts: RelationFacts, _ model: LanguageModel, _ evaluator: Evaluator,
    _ result: inout CellResult
  ) throws -> Found? {
    let method = cell.method
    let template = facts.template(cell.vectorCount)
    if method.method == .direct {
      guard method.factLimit != nil else { return (template, try prompt(cell.prompts[0]).vectors) }
      let tuner = try tuner(model, facts, seed: cell.seed, method)
      return try train(tuner, facts, cell, start: tuner.randomStart(vectorCount: cell.vectorCount), &result)
    }
    if method.method == .random {
      return (template, try tuner(model, facts, seed: cell.seed).randomStart(vectorCount: cell.vectorCount))
    }
    let keys = cell.prompts
    let sources = try keys.map { key in
      try TransferSource(space: materials.space(key.model), prompt: prompt(key))
    }
    if let first = sources.first { result.nearestBefore = nearest(first.space, first.prompt.vectors) }
    let anchors = try materials.anchors(
      sources: cell.sources, target: cell.target, method: method, seed: cell.seed)
    let transfer: Transfer
    do {
      transfer = try Transfer(
        sources: sources, target: model.space, anchors: anchors, method: method.transferMethod,
        normalization: method.normalization, seed: cell.seed, parallelism: parallelism)
    } catch {
      throw Refusal(reason: error.description)
    }
    let outcome: Transfer.Outcome?
    if let selection = method.select {
      let selected = try select(selection, transfer, facts, evaluator)
      result.chosen = selected?.chosen
      if selection == .dev { result.devAccuracy = selected?.score }
      outcome = selected?.outcome
    } else {
      outcome = try transfer.run(shouldStop: shouldStop)
    }
    guard let outcome, !outcome.isInterrupted else { return nil }
    result.anchorCount = anchors.words.count
    result.objective = outcome.objective
    guard method.method.isTrained else { return (template, outcome.vectors) }
    if method.method == .distil {
      return try distil(
        zip(keys, sources).map { ($0.model, $1.prompt) }, model, facts, cell, start: outcome.vectors)
    }
    return try train(
      tuner(model, facts, seed: cell.seed, method), facts, cell, start: outcome.vectors, &result)
  }

  /// Nil when stopped.
  private func select(
    _ selection: Method.Selection, _ transfer: Transfer, _ facts: RelationFacts, _ evaluator: Evaluator
  ) throws -> Selected? {
    switch selection {
    case .words: return try WordSelection().run(transfer, shouldStop: shouldStop)
    case .dev:
      let prepared = try evaluator.prepare(facts.dev, template: transfer.sources[0].prompt.template)
      return try DevSelection(evaluator, facts: prepared).run(transfer, shouldStop: shouldStop)
    }
  }

  /// Tuning on the target's own facts, as many as the method allows itself: as many of the development facts then, too.
  private func train(
    _ tuner: Tuner, _ facts: RelationFacts, _ cell: Cell, start: Matrix, _ result: inout CellResult
  ) throws -> Found? {
    let limit = cell.method.factLimit ?? .max
    let template = facts.template(cell.vectorCount)
    let tuned = try tuner.tune(
      train: Array(facts.train.prefix(limit)), dev: Array(facts.dev.prefix(limit)), template: template,
      start: start, shouldStop: shouldStop)
    guard !tuned.isInterrupted else { return nil }
    result.devAccuracy = tuned.bestDevAccuracy
    return (template, tuned.vectors)
  }

  /// Tuning toward the answers of the sources with their own prompts: only subjects are read.
  private func distil(
    _ sources: [(model: String, prompt: SoftPrompt)], _ model: LanguageModel, _ facts: RelationFacts,
    _ cell: Cell, start: Matrix
  ) throws -> Found? {
    let distiller = try Distiller(
      teachers: sources.map { try Teacher(model: materials.model($0.model), prompt: $0.prompt) },
      student: model,
      words: materials.words(facts), settings: settings(seed: cell.seed, cell.method),
      parallelism: parallelism)
    let template = facts.template(cell.vectorCount)
    let subjects = [facts.train, facts.dev].map { split in
      SubjectSet(Array(split.prefix(cell.method.factLimit ?? .max)).map(\.subject))
    }
    let distilled = try distiller.distil(
      train: subjects[0], dev: subjects[1], template: template, start: start, shouldStop: shouldStop)
    return distilled.isInterrupted ? nil : (template, distilled.vectors)
  }

  private func facts(_ relation: String) throws(TransferError) -> RelationFacts {
    guard let facts = materials.relations[relation] else { throw TransferError(relation, "has no facts") }
    return facts
  }

  private func prompt(_ key: PromptKey) throws -> SoftPrompt { try SoftPrompt(store.prompt(key)) }

  private func evaluator(_ model: LanguageModel, _ facts: RelationFacts) throws(TransferError) -> Evaluator {
    Evaluator(model: model, candidates: try materials.candidates(model, facts), parallelism: parallelism)
  }

  private func tuner(
    _ model: LanguageModel, _ facts: RelationFacts, seed: UInt64, _ method: Method? = nil
  ) throws(TransferError) -> Tuner {
    Tuner(evaluator: try evaluator(model, facts), settings: settings(seed: seed, method))
  }

  private func settings(seed: UInt64, _ method: Method?) -> TuningSettings {
    var settings = materials.configuration.tuning
    settings.seed = seed
    if let epochs = method?.epochs { settings.epochs = epochs }
    if let rate = method?.learningRate { settings.learningRate = rate }
    return settings
  }

  private func nearest(_ space: EmbeddingSpace, _ vectors: Matrix) -> [[CellResult.NearestWord]] {
    space.nearestWords(to: vectors, count: 5).map { $0.map { .init(word: $0.word, cosine: $0.cosine) } }
  }
}

/// The most frequent object of the training facts as the answer to everything.
enum Majority {
  /// Ranks are 1 where it is right and 2 where not: it has no second choice.
  static func predictions(train: [Fact], test: [Fact]) -> [Prediction] {
    let counts = Dictionary(grouping: train, by: \.object).mapValues(\.count)
    let answer = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
    return test.map { fact in
      let isRight = fact.object == answer
      return Prediction(
        relation: fact.relation, subject: fact.subject, object: fact.object, prediction: answer,
        rank: isRight ? 1 : 2, logProbability: isRight ? 0 : -.greatestFiniteMagnitude)
    }
  }
}
