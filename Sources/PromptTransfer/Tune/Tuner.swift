import Foundation
import LanguageModels
import Tensors

/// How a prompt is tuned. The defaults are OptiPrompt's, but for the learning rate, which suits tables of any scale: 3e-3, its own, is
/// 0.04 deviations of the models that ship with the project, and too little where the vectors start as words.
public struct TuningSettings: Sendable, Codable, Hashable {
  public var epochs = 10
  public var batchSize = 16
  public var learningRate = LearningRate.deviations(0.08)
  /// The share of all steps over which the learning rate rises.
  public var warmupShare = 0.1
  public var weightDecay: Float = 0
  /// How often an epoch is scored on the development facts.
  public var evaluationsPerEpoch = 3
  public var seed: UInt64 = 0

  /// How many sequences go through the model together.
  static let sequencesPerPart = 8

  public init() {}
}

/// One epoch of tuning.
public struct TuningEpoch: Sendable, Codable, Equatable {
  /// From 1.
  public let epoch: Int
  /// Mean cross-entropy over the epoch's examples, in nats.
  public let trainLoss: Double
  /// The last accuracy on the development facts in this epoch.
  public let devAccuracy: Double
}

/// The result of tuning a prompt.
public struct TuningResult: Sendable {
  /// The best on the development examples, the first of equals by their likelihood. The start counts, so that refining a
  /// prompt never makes it worse on them.
  public let prompt: SoftPrompt
  /// Nil when nothing was scored: there are no development facts, or tuning was stopped before.
  public let bestDevAccuracy: Double?
  public let epochs: [TuningEpoch]
  public let exampleCount: Int
  public let trainSkipped: ProbingSet.Skipped
  public let devSkipped: ProbingSet.Skipped
  /// How many texts were cut to the model's positions.
  public let trainTruncatedCount: Int
  public let devTruncatedCount: Int
  /// Whether it was stopped before its last epoch.
  public let isInterrupted: Bool

  /// The prompt's, (P, C).
  public var vectors: Matrix { prompt.vectors }
}

/// Tunes prompt vectors on a frozen model: the cross-entropy of the object at the mask, over the whole vocabulary as in
/// OptiPrompt, or over the label words of a task; of objects that are several tokens, the sum over them, each after those before it.
public struct Tuner: Sendable {
  let evaluator: Evaluator
  let settings: TuningSettings
  private var model: LanguageModel { evaluator.model }

  public init(evaluator: Evaluator, settings: TuningSettings) {
    self.evaluator = evaluator
    self.settings = settings
    evaluator.model.network.prepare(
      gradientsOf: LabelObjective.words(of: evaluator), parallelism: evaluator.parallelism)
  }

  /// A start of independent normal entries with the mean and deviation of the model's word embeddings.
  public func randomStart(vectorCount: Int) -> Matrix {
    model.space.randomStart(vectorCount: vectorCount, seed: settings.seed)
  }

  /// The embeddings of a manual template's words, cut or repeated to `vectorCount` rows.
  public func start(from manual: Template, vectorCount: Int) throws(TransferError) -> Matrix {
    try model.space.start(from: manual, vectorCount: vectorCount)
  }

  /// The vectors of a prompt that is to be refined, one carried over for example. Throws unless it is the model's and has
  /// this template.
  public func start(from prompt: SoftPrompt, template: Template) throws(TransferError) -> Matrix {
    try model.space.start(from: prompt, template: template)
  }

  /// - Parameters:
  ///   - start: (P, C), P as in the template
  ///   - progress: called after every step
  ///   - shouldStop: asked after every step; the best prompt so far is then the result
  public func tune(
    train: [Example], dev: [Example], template: Template, start: Matrix,
    progress: (TuningProgress) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> TuningResult {
    let job = TuningJob(name: "facts", train: train, dev: dev, template: template, start: start)
    return try tune([job], progress: progress, shouldStop: shouldStop)[0]
  }

  /// Tunes several prompts together. Each comes out as it would alone, to the last bit; sooner where batches are small or
  /// threads many.
  /// - Parameters:
  ///   - progress: called after every step of all prompts
  ///   - rescue: called before an error under way is thrown, for each job that has come to a better prompt than its start, with the best
  ///   - shouldStop: asked after every step; the best prompts so far are then the result
  public func tune(
    _ jobs: [TuningJob], progress: (TuningProgress) -> Void = { _ in },
    rescue: (_ job: Int, _ prompt: SoftPrompt) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> [TuningResult] {
    var sets: [(train: ProbingSet, dev: ProbingSet)] = []
    for job in jobs {
      let trainSet = try evaluator.prepare(job.train, template: job.template)
      guard !trainSet.examples.isEmpty else {
        throw TransferError(
          job.name,
          "none of the \(job.train.count) training facts can be used: "
            + "\(trainSet.skipped.objectNotACandidate) objects are not \(evaluator.areTexts ? "among the answers" : "one token"), "
            + "\(trainSet.skipped.tooLong) sentences are too long")
      }
      sets.append((trainSet, try evaluator.prepare(job.dev, template: job.template)))
    }
    let rate = settings.learningRate.value(model.space.table)
    var runs: [TuningRun<LabelObjective>] = []
    for (job, set) in zip(jobs, sets) {
      runs.append(
        TuningRun(
          LabelObjective(evaluator, trainSet: set.train, devSet: set.dev), settings: settings, rate: rate,
          start: try model.space.vectors(job.start, template: job.template, seed: settings.seed),
          keeper: job.keeper))
    }
    var tuning = JointTuning(runs, evaluator.parallelism)
    do { try tuning.run(progress: progress, shouldStop: shouldStop) } catch {
      for (index, run) in tuning.runs.enumerated() where run.isBetterThanStart {
        rescue(index, prompt(of: run, jobs[index]))
      }
      throw error
    }
    return zip(jobs, zip(tuning.runs, sets)).map { job, tuned in
      TuningResult(
        tuned.0, train: tuned.1.train, dev: tuned.1.dev, prompt: prompt(of: tuned.0, job))
    }
  }

  private func prompt(of run: TuningRun<LabelObjective>, _ job: TuningJob) -> SoftPrompt {
    let made = [
      "facts": job.name,
      "tuning": Provenance.json(settings),
      "bestDevAccuracy": run.bestScore.map { "\($0.value)" } ?? "not scored",
      "complete": "\(!run.isInterrupted)",
      "answers": evaluator.areTexts ? AnswerForm.text.rawValue : nil,
    ].compactMapValues { $0 }
    return SoftPrompt(
      run.vectors, template: job.template, for: model.space,
      provenance: [
        Provenance.createdBy("tune"), made, SeenExamples(job.train + job.dev).provenance,
        Provenance.computing(model.network), Provenance.start(job.start), job.provenance,
      ].reduce(into: [:]) { $0.merge($1) { $1 } })
  }
}

extension TuningResult {
  fileprivate init(
    _ run: TuningRun<LabelObjective>, train: ProbingSet, dev: ProbingSet, prompt: SoftPrompt
  ) {
    self.prompt = prompt
    bestDevAccuracy = run.bestScore?.value
    epochs = run.epochs.enumerated().map { index, epoch in
      TuningEpoch(epoch: index + 1, trainLoss: epoch.trainLoss, devAccuracy: epoch.score?.value ?? 0)
    }
    exampleCount = run.examplesDone
    (trainSkipped, devSkipped) = (train.skipped, dev.skipped)
    (trainTruncatedCount, devTruncatedCount) = (train.truncatedCount, dev.truncatedCount)
    isInterrupted = run.isInterrupted
  }
}
