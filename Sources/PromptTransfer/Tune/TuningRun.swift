import LanguageModels
import Tensors

/// The state of one tuning.
struct TuningRun {
  private let tuner: Tuner
  private let trainSet: ProbingSet
  private let devSet: ProbingSet
  private let words: CandidateHead
  private let labels: [Int]
  private let workers: Workers
  private let stepsPerEpoch: Int
  private let schedule: LinearSchedule
  private var prompt: Matrix  // (P, C)
  private var optimizer: AdamW
  private var shuffle: RandomStream
  private var best: (vectors: Matrix, score: Score)?
  private var epochs: [TuningEpoch] = []
  private var examplesDone = 0
  private var isInterrupted = false

  /// Accuracy first; among equals the likelihood decides.
  private struct Score: Comparable {
    let accuracy: Double
    let likelihood: Double
    static func < (left: Score, right: Score) -> Bool {
      (left.accuracy, left.likelihood) < (right.accuracy, right.likelihood)
    }
  }

  init(_ tuner: Tuner, trainSet: ProbingSet, devSet: ProbingSet, start: Matrix) {
    self.tuner = tuner
    self.trainSet = trainSet
    self.devSet = devSet
    let settings = tuner.settings
    let evaluator = tuner.evaluator
    if evaluator.candidates.areLabels {
      (words, labels) = (evaluator.head, trainSet.labels)
    } else {
      words = evaluator.model.network.allWords
      labels = trainSet.labels.map { evaluator.candidates.ids[$0] }
    }
    workers = Workers(tuner.evaluator.parallelism)
    stepsPerEpoch = (trainSet.inputs.count + settings.batchSize - 1) / settings.batchSize
    let total = stepsPerEpoch * settings.epochs
    schedule = LinearSchedule(
      peak: settings.learningRate, warmupSteps: Int(Double(total) * settings.warmupShare), totalSteps: total)
    prompt = start
    optimizer = AdamW(parameterCount: start.count, weightDecay: settings.weightDecay)
    shuffle = RandomStream(seed: settings.seed, name: "tune.shuffle")
  }

  var result: TuningResult {
    TuningResult(
      vectors: best?.vectors ?? prompt, bestDevAccuracy: devSet.inputs.isEmpty ? nil : best?.score.accuracy,
      epochs: epochs,
      exampleCount: examplesDone, trainSkipped: trainSet.skipped, devSkipped: devSet.skipped,
      trainTruncatedCount: trainSet.truncatedCount, devTruncatedCount: devSet.truncatedCount,
      isInterrupted: isInterrupted)
  }

  mutating func run(
    progress: (_ done: Int, _ total: Int) -> Void, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) {
    let total = schedule.totalSteps
    let evaluations = max(1, min(tuner.settings.evaluationsPerEpoch, stepsPerEpoch))
    for epoch in 1...max(1, tuner.settings.epochs) {
      let order = Array(trainSet.inputs.indices).shuffled(using: &shuffle)
      var lossSum = 0.0
      var accuracy = 0.0
      for step in 0..<stepsPerEpoch {
        let first = step * tuner.settings.batchSize
        let batch = order[first..<min(order.count, first + tuner.settings.batchSize)]
        lossSum += update(
          Array(batch), learningRate: schedule.learningRate(at: (epoch - 1) * stepsPerEpoch + step))
        guard lossSum.isFinite else {
          throw TransferError(
            "tuning", "the loss is no longer finite in epoch \(epoch)", hint: "Lower --learning-rate")
        }
        guard prompt.elements.allSatisfy({ $0.isFinite }) else {
          throw TransferError(
            "tuning", "the prompt is no longer finite in epoch \(epoch)", hint: "Lower --learning-rate")
        }
        progress((epoch - 1) * stepsPerEpoch + step + 1, total)
        let isDue = (step + 1) * evaluations / stepsPerEpoch > step * evaluations / stepsPerEpoch
        if isDue, let score = try score(shouldStop: shouldStop) {
          accuracy = score.accuracy
          if best.map({ $0.score < score }) ?? true { best = (prompt, score) }
        }
        if shouldStop() {
          isInterrupted = true
          return
        }
      }
      epochs.append(
        TuningEpoch(epoch: epoch, trainLoss: lossSum / Double(order.count), devAccuracy: accuracy))
    }
  }

  /// One optimiser step on the mean loss of the batch; returns the sum of its losses.
  private mutating func update(_ batch: [Int], learningRate: Float) -> Double {
    examplesDone += batch.count
    let inputs = batch.map { trainSet.inputs[$0] }
    let targets = batch.map { labels[$0] }
    let size = Tuner.sequencesPerTask
    let taskCount = (batch.count + size - 1) / size
    let parts = Collected<(losses: [Float], gradient: Matrix)>(count: taskCount)
    let (model, prompt, words, workers) = (tuner.evaluator.model.network, prompt, words, workers)
    tuner.evaluator.parallelism.forEach(taskCount) { worker, task in
      let range = task * size..<min(inputs.count, (task + 1) * size)
      var gradient = Matrix(rows: 0, columns: 0)
      let losses = model.lossAndGradient(
        inputs[range], labels: targets[range], prompt: prompt, candidates: words,
        scale: 1 / Float(inputs.count), gradient: &gradient, workers[worker])
      parts.set((losses, gradient), at: task)
    }
    var gradient = Matrix(rows: prompt.rows, columns: prompt.columns)
    var loss = 0.0
    for part in parts.all() ?? [] {
      gradient.add(part.gradient)
      loss += part.losses.reduce(0.0) { $0 + Double($1) }
    }
    optimizer.update(&self.prompt, gradient: gradient, learningRate: learningRate)
    return loss
  }

  /// The development facts' score, or nil when interrupted. Without any, the latest prompt counts as the best.
  private func score(shouldStop: @escaping @Sendable () -> Bool) throws(TransferError) -> Score? {
    guard !devSet.inputs.isEmpty else { return Score(accuracy: 0, likelihood: Double(optimizer.stepCount)) }
    guard let predictions = try tuner.evaluator.predictions(devSet, prompt: prompt, shouldStop: shouldStop)
    else { return nil }
    let evaluation = Evaluation(predictions)
    return Score(accuracy: evaluation.microAccuracy, likelihood: evaluation.meanLogProbability)
  }
}
