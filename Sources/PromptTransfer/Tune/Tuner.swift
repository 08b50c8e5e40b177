import Foundation
import LanguageModels
import Tensors

/// How a prompt is tuned. The defaults are OptiPrompt's.
public struct TuningSettings: Sendable, Codable, Equatable {
  public var epochs = 10
  public var batchSize = 16
  public var learningRate: Float = 3e-3
  /// The share of all steps over which the learning rate rises.
  public var warmupShare = 0.1
  public var weightDecay: Float = 0
  /// How often an epoch is scored on the development facts.
  public var evaluationsPerEpoch = 3
  public var seed: UInt64 = 0

  /// How many sequences one task takes. Fixed, so that results do not depend on the number of threads.
  static let sequencesPerTask = 8

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

/// What tuning leaves.
public struct TuningResult: Sendable {
  /// (P, C): the best on the development facts, the first of equals by their likelihood. The start counts, so that refining
  /// a prompt never makes it worse on them.
  public let vectors: Matrix
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
}

/// Tunes prompt vectors on a frozen model: the cross-entropy of the object at the mask, over the whole vocabulary as in
/// OptiPrompt, or over the label words of a task.
public struct Tuner: Sendable {
  let evaluator: Evaluator
  let settings: TuningSettings
  private var model: LanguageModel { evaluator.model }

  public init(evaluator: Evaluator, settings: TuningSettings) {
    self.evaluator = evaluator
    self.settings = settings
    evaluator.model.network.prepare(gradients: true, parallelism: evaluator.parallelism)
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
  ///   - progress: called after every step with the number of steps done and of all steps
  ///   - shouldStop: asked after every step; the best prompt so far is then the result
  public func tune(
    train: [Fact], dev: [Fact], template: Template, start: Matrix,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws(TransferError) -> TuningResult {
    precondition(start.rows == template.vectorCount)
    let trainSet = try evaluator.prepare(train, template: template)
    let devSet = try evaluator.prepare(dev, template: template)
    guard !trainSet.inputs.isEmpty else {
      throw TransferError(
        "facts",
        "none of the \(train.count) training facts can be used: "
          + "\(trainSet.skipped.objectNotACandidate) objects are not one token, \(trainSet.skipped.tooLong) sentences are too long"
      )
    }
    var run = TuningRun(
      LabelObjective(evaluator, trainSet: trainSet, devSet: devSet), settings: settings, start: start,
      parallelism: evaluator.parallelism)
    try run.run(progress: progress, shouldStop: shouldStop)
    return TuningResult(
      vectors: run.vectors, bestDevAccuracy: run.best?.score.value,
      epochs: run.epochs.enumerated().map { index, epoch in
        TuningEpoch(epoch: index + 1, trainLoss: epoch.trainLoss, devAccuracy: epoch.score?.value ?? 0)
      },
      exampleCount: run.examplesDone, trainSkipped: trainSet.skipped, devSkipped: devSet.skipped,
      trainTruncatedCount: trainSet.truncatedCount, devTruncatedCount: devSet.truncatedCount,
      isInterrupted: run.isInterrupted)
  }
}
