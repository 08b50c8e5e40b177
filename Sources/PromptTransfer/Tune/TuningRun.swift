import LanguageModels
import Tensors

/// The state of one tuning, whatever it is for.
struct TuningRun<Objective: TuningObjective> {
  /// One pass over the examples.
  struct Epoch {
    /// The mean over the examples.
    let trainLoss: Double
    /// The last one of the epoch; nil when nothing was scored.
    let score: TuningScore?
  }

  private let objective: Objective
  private let settings: TuningSettings
  private let parallelism: Parallelism
  private let workers: Workers
  private let stepsPerEpoch: Int
  private let schedule: LinearSchedule
  private var prompt: Matrix  // (P, C)
  private var optimizer: AdamW
  private var shuffle: RandomStream
  /// The best prompt so far, the first of equals. The start counts.
  private(set) var best: (vectors: Matrix, score: TuningScore)?
  private(set) var epochs: [Epoch] = []
  private(set) var examplesDone = 0
  private(set) var isInterrupted = false

  /// - Parameter start: (P, C)
  init(_ objective: Objective, settings: TuningSettings, start: Matrix, parallelism: Parallelism) {
    self.objective = objective
    self.settings = settings
    self.parallelism = parallelism
    workers = Workers(parallelism)
    stepsPerEpoch = (objective.exampleCount + settings.batchSize - 1) / settings.batchSize
    let total = stepsPerEpoch * settings.epochs
    schedule = LinearSchedule(
      peak: settings.learningRate, warmupSteps: Int(Double(total) * settings.warmupShare), totalSteps: total)
    prompt = start
    optimizer = AdamW(parameterCount: start.count, weightDecay: settings.weightDecay)
    shuffle = RandomStream(seed: settings.seed, name: "tune.shuffle")
  }

  /// The best prompt, or the last one where nothing was scored.
  var vectors: Matrix { best?.vectors ?? prompt }

  mutating func run(
    progress: (_ done: Int, _ total: Int) -> Void, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) {
    let total = schedule.totalSteps
    let evaluations = max(1, min(settings.evaluationsPerEpoch, stepsPerEpoch))
    _ = try score(shouldStop: shouldStop)
    for epoch in 1...max(1, settings.epochs) {
      let order = Array(0..<objective.exampleCount).shuffled(using: &shuffle)
      var lossSum = 0.0
      var lastScore: TuningScore?
      for step in 0..<stepsPerEpoch {
        let first = step * settings.batchSize
        let batch = order[first..<min(order.count, first + settings.batchSize)]
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
        if isDue { lastScore = try score(shouldStop: shouldStop) ?? lastScore }
        if shouldStop() {
          isInterrupted = true
          return
        }
      }
      epochs.append(Epoch(trainLoss: lossSum / Double(order.count), score: lastScore))
    }
  }

  /// One optimiser step on the mean loss of the batch; returns the sum of its losses.
  private mutating func update(_ batch: [Int], learningRate: Float) -> Double {
    examplesDone += batch.count
    let size = TuningSettings.sequencesPerTask
    let taskCount = (batch.count + size - 1) / size
    let batch = evenly(batch, over: taskCount)
    let parts = Collected<(losses: [Float], gradient: Matrix)>(count: taskCount)
    let (objective, prompt, workers) = (objective, prompt, workers)
    parallelism.forEach(taskCount) { worker, task in
      let examples = batch[batch.count * task / taskCount..<batch.count * (task + 1) / taskCount]
      var gradient = Matrix(rows: 0, columns: 0)
      let losses = objective.lossAndGradient(
        examples, prompt: prompt, scale: 1 / Float(batch.count), gradient: &gradient, workers[worker])
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

  /// The examples dealt out by length, forth and back, so that tasks of consecutive ones have about as many tokens each.
  private func evenly(_ batch: [Int], over taskCount: Int) -> [Int] {
    let ordered = batch.sorted {
      (objective.tokenCount($0), $0) > (objective.tokenCount($1), $1)
    }
    return (0..<taskCount).flatMap { task in
      ordered.indices.filter { index in
        let place = index % (2 * taskCount)
        return min(place, 2 * taskCount - 1 - place) == task
      }.map { ordered[$0] }
    }
  }

  /// Scores the prompt and keeps it when it is the best so far; nil when interrupted, or with nothing to score it on.
  private mutating func score(shouldStop: @escaping @Sendable () -> Bool) throws(TransferError)
    -> TuningScore?
  {
    guard objective.canScore, let score = try objective.score(prompt, shouldStop: shouldStop) else {
      return nil
    }
    if best.map({ $0.score < score }) ?? true { best = (prompt, score) }
    return score
  }
}
