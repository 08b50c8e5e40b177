import Foundation
import LanguageModels
import PromptTransfer
import Tensors

/// Runs one cell, or tunes one prompt.
struct CellRunner: Sendable {
  let materials: Materials
  let store: Store
  let parallelism: Parallelism
  /// Where its models run.
  let device: DeviceChoice
  let shouldStop: @Sendable () -> Bool

  /// Tunes a prompt on its model. Nil when stopped.
  func tune(_ key: PromptKey, _ inputs: PromptInputs) throws -> SoftPrompt? {
    let model = try model(key.model)
    let facts = try facts(key.relation)
    let tuner = Tuner(
      evaluator: try evaluator(key.model, facts), settings: inputs.tuning)
    let template = facts.template(key.vectorCount)
    var job = TuningJob(
      name: key.relation, train: facts.train, dev: facts.dev, template: template,
      start: facts.start(materials.configuration.start))
    job.keeper = TuningKeeper(store.state(inputs.address))
    let result = try tuner.tune([job], shouldStop: shouldStop)[0]
    guard !result.isInterrupted else { return nil }
    return SoftPrompt(
      vectors: result.vectors, template: template, modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint,
      provenance: [
        "relation": key.relation, "seed": "\(key.seed)", "inputs": inputs.address,
        "bestDevAccuracy": result.bestDevAccuracy.map { "\($0)" } ?? "not scored", "start": job.start.name,
      ].merging(inputs.precision.map { ["precision": $0.rawValue] } ?? [:]) { $1 })
  }

  /// Nil when stopped.
  func run(_ cell: Cell, _ inputs: CellInputs) throws -> (CellResult, CellTiming?)? {
    var result = CellResult(cell, inputs: inputs)
    let facts = try facts(cell.relation)
    if cell.method.mark == .majority {
      result.predictions = Majority.predictions(train: facts.train, test: facts.test)
      result.evaluation = Evaluation(result.predictions)
      return (result, nil)
    }
    let model = try model(cell.target)
    let evaluator: Evaluator
    do {
      evaluator = try self.evaluator(cell.target, facts)
    } catch let error as TransferError {
      result.refusal = error.description
      return (result, nil)
    }
    if cell.method.mark == .manual, facts.manual == nil {
      result.refusal = "\(cell.relation) has no template in words"
      return (result, nil)
    }
    var template = facts.manual ?? facts.template(cell.vectorCount)
    var vectors = Matrix(rows: 0, columns: model.space.table.width)
    var timing: CellTiming?
    if cell.method.mark != .manual {
      let clock = ContinuousClock.now
      let found: Found?
      do {
        found = try self.vectors(cell, inputs, facts, model, evaluator, &result)
      } catch let refusal as Refusal {
        result.refusal = refusal.reason
        return (result, nil)
      } catch is Stopped {
        return nil
      }
      guard let found else { return nil }
      timing = CellTiming(seconds: clock.duration(to: .now) / .seconds(1))
      (template, vectors) = (found.template, found.vectors)
      result.nearestAfter = try nearest(cell.target, vectors)
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
    _ cell: Cell, _ inputs: CellInputs, _ facts: RelationFacts, _ model: LanguageModel,
    _ evaluator: Evaluator, _ result: inout CellResult
  ) throws -> Found? {
    let template = facts.template(cell.vectorCount)
    guard let method = cell.method.transfer else {
      guard inputs.tuning != nil else { return (template, try prompt(inputs.prompts[0]).vectors) }
      let tuner = tuner(evaluator, inputs)
      return try train(
        tuner, facts, cell, inputs, from: facts.start(materials.configuration.start), &result)
    }
    let sources = try inputs.prompts.map(prompt)
    if let first = sources.first { result.nearestBefore = try nearest(cell.sources[0], first.vectors) }
    let carried: FittedTransfer.Outcome?
    do {
      carried = try carry(cell, sources, method, facts, model, evaluator, &result)
    } catch let error as TransferError {
      throw Refusal(reason: error.description)
    }
    guard let carried, !carried.isInterrupted else { return nil }
    if cell.method.usesAnchors { result.anchorCount = try materials.words(cell).words.count }
    result.objective = carried.objective
    switch cell.method.training {
    case nil: return (template, carried.vectors)
    case .distil:
      return try distil(
        zip(cell.sources, sources).map { ($0, $1) }, model, facts, cell, inputs, start: carried.vectors)
    case .refine:
      return try train(
        tuner(evaluator, inputs), facts, cell, inputs, from: .vectors(carried.vectors), &result)
    }
  }

  /// Nil when stopped.
  private func carry(
    _ cell: Cell, _ sources: [SoftPrompt], _ method: any TransferMethod, _ facts: RelationFacts,
    _ model: LanguageModel, _ evaluator: Evaluator, _ result: inout CellResult
  ) throws -> FittedTransfer.Outcome? {
    // A method that does not look at prompts is told how many vectors are wanted, by some of the target's own width.
    let prompts = sources.isEmpty ? [blank(model.space, facts.template(cell.vectorCount))] : sources
    switch cell.method.options.select {
    case nil:
      return try materials.fitted(cell, method, parallelism, shouldStop: shouldStop)
        .carry(prompts, shouldStop: shouldStop)
    case .words:
      let choice = try materials.chosen(cell, method, parallelism, shouldStop: shouldStop)
      result.chosen = choice.chosen
      return try choice.transfer.carry(prompts, shouldStop: shouldStop)
    case .dev:
      let prepared = try evaluator.prepare(facts.dev, template: prompts[0].template)
      return try choose(DevSelection(evaluator, facts: prepared), cell, method, prompts, &result)
    case .agreement, .divergence:
      let teachers = try zip(cell.sources, prompts).map { name, prompt in
        try Teacher(model: self.model(name), prompt: prompt)
      }
      let subjects = SubjectSet(of: facts.dev, answers: facts.answers).drawn(
        Agreement.subjectLimit, seed: cell.seed)
      let agreement = try Agreement(
        teachers, target: model, subjects: subjects, words: materials.words(facts),
        measure: cell.method.options.select?.measure ?? .agreement, parallelism: parallelism)
      return try choose(agreement, cell, method, prompts, &result)
    }
  }

  /// Nil when stopped.
  private func choose(
    _ judge: some AnswerSelection, _ cell: Cell, _ method: any TransferMethod, _ prompts: [SoftPrompt],
    _ result: inout CellResult
  ) throws -> FittedTransfer.Outcome? {
    let candidates = try materials.candidates(cell, method, parallelism, shouldStop: shouldStop)
    let selected = try judge.choose(among: candidates, prompts, shouldStop: shouldStop)
    result.chosen = selected?.chosen
    if judge.judge == .dev { result.devAccuracy = selected?.score }
    return selected?.outcome
  }

  private func blank(_ space: EmbeddingSpace, _ template: Template) -> SoftPrompt {
    SoftPrompt(
      vectors: Matrix(rows: template.vectorCount, columns: space.table.width), template: template,
      modelName: space.name, embeddingFingerprint: space.table.fingerprint)
  }

  /// Tuning on the target's own facts, as many as the method allows itself: as many of the development facts then, too.
  private func train(
    _ tuner: Tuner, _ facts: RelationFacts, _ cell: Cell, _ inputs: CellInputs, from start: PromptStart,
    _ result: inout CellResult
  ) throws -> Found? {
    let limit = cell.method.options.factLimit ?? .max
    let template = facts.template(cell.vectorCount)
    var job = TuningJob(
      name: cell.relation, train: Array(facts.train.prefix(limit)), dev: Array(facts.dev.prefix(limit)),
      template: template, start: start)
    job.keeper = TuningKeeper(store.state(inputs.address))
    let tuned = try tuner.tune([job], shouldStop: shouldStop)[0]
    guard !tuned.isInterrupted else { return nil }
    result.devAccuracy = tuned.bestDevAccuracy
    return (template, tuned.vectors)
  }

  /// Tuning toward the answers of the sources with their own prompts: only subjects are read.
  private func distil(
    _ sources: [(model: String, prompt: SoftPrompt)], _ model: LanguageModel, _ facts: RelationFacts,
    _ cell: Cell, _ inputs: CellInputs, start: Matrix
  ) throws -> Found? {
    let distiller = try Distiller(
      teachers: sources.map { try Teacher(model: self.model($0.model), prompt: $0.prompt) },
      student: model, words: materials.words(facts), settings: inputs.tuning ?? TuningSettings(),
      parallelism: parallelism)
    let template = facts.template(cell.vectorCount)
    let subjects = [facts.train, facts.dev].map { split in
      SubjectSet(
        of: Array(split.prefix(cell.method.options.factLimit ?? .max)), answers: facts.answers)
    }
    var job = DistillationJob(
      name: "subjects", train: subjects[0], dev: subjects[1], template: template, start: .vectors(start))
    job.keeper = TuningKeeper(store.state(inputs.address))
    let distilled = try distiller.distil(job, shouldStop: shouldStop)
    return distilled.isInterrupted ? nil : (template, distilled.vectors)
  }

  private func model(_ name: String) throws -> LanguageModel { try materials.model(name, on: device) }

  private func evaluator(_ name: String, _ facts: RelationFacts) throws -> Evaluator {
    try materials.evaluator(name, facts, parallelism, on: device)
  }

  private func facts(_ relation: String) throws(TransferError) -> RelationFacts {
    guard let facts = materials.relations[relation] else { throw TransferError(relation, "has no facts") }
    return facts
  }

  private func prompt(_ inputs: PromptInputs) throws -> SoftPrompt { try SoftPrompt(store.prompt(inputs)) }

  private func tuner(_ evaluator: Evaluator, _ inputs: CellInputs) -> Tuner {
    Tuner(evaluator: evaluator, settings: inputs.tuning ?? TuningSettings())
  }

  private func nearest(_ model: String, _ vectors: Matrix) throws -> [[CellResult.NearestWord]] {
    try materials.wordList(model).nearest(to: vectors, count: 5)
      .map { $0.map { .init(word: $0.word, cosine: $0.cosine) } }
  }
}

/// The most frequent object of the training facts as the answer to everything.
enum Majority {
  /// Ranks are 1 where it is right and 2 where not: it has no second choice.
  static func predictions(train: [Example], test: [Example]) -> [Prediction] {
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
