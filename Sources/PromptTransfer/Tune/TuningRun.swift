import LanguageModels
import Tensors

/// The state of one tuning, whatever it is for. `JointTuning` takes its steps.
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
  private let stepsPerEpoch: Int
  private let schedule: LinearSchedule
  private var prompt: Matrix  // (P, C)
  private var optimizer: AdamW
  private var shuffle: RandomStream
  private var order: [Int] = []
  private var lossSum = 0.0
  private var lastScore: TuningScore?
  private(set) var stepsDone = 0
  /// Whether a score is missing because it was interrupted.
  private var isCutShort = false
  /// The best prompt so far, the first of equals. The start counts.
  private(set) var best: (vectors: Matrix, score: TuningScore)?
  private(set) var epochs: [Epoch] = []
  private(set) var examplesDone = 0

  /// - Parameters:
  ///   - rate: the peak of the learning rate, as the settings have it on the model
  ///   - start: (P, C)
  init(_ objective: Objective, settings: TuningSettings, rate: Float, start: Matrix) {
    self.objective = objective
    self.settings = settings
    stepsPerEpoch = (objective.exampleCount + settings.batchSize - 1) / settings.batchSize
    let total = stepsPerEpoch * max(1, settings.epochs)
    schedule = LinearSchedule(
      peak: rate, warmupSteps: Int(Double(total) * settings.warmupShare), totalSteps: total)
    prompt = start
    optimizer = AdamW(parameterCount: start.count, weightDecay: settings.weightDecay)
    shuffle = RandomStream(seed: settings.seed, name: "tune.shuffle")
  }

  var stepCount: Int { schedule.totalSteps }
  var isDone: Bool { stepsDone == stepCount }
  var isInterrupted: Bool { !isDone || isCutShort }
  /// The best prompt, or the last one where nothing was scored.
  var vectors: Matrix { best?.vectors ?? prompt }

  /// The next step's examples, in parts of about as many tokens each. Parts are of a fixed size, so that results do not
  /// depend on the number of threads.
  mutating func nextParts() -> [TuningPart<Objective>] {
    let step = stepsDone % stepsPerEpoch
    if step == 0 {
      order = Array(0..<objective.exampleCount).shuffled(using: &shuffle)
      (lossSum, lastScore) = (0, nil)
    }
    let first = step * settings.batchSize
    let batch = Array(order[first..<min(order.count, first + settings.batchSize)])
    let size = TuningSettings.sequencesPerPart
    let count = (batch.count + size - 1) / size
    let dealt = evenly(batch, over: count)
    return (0..<count).map { part in
      TuningPart(
        objective: objective,
        examples: dealt[dealt.count * part / count..<dealt.count * (part + 1) / count], prompt: prompt,
        scale: 1 / Float(batch.count))
    }
  }

  /// One optimiser step on the mean loss of the parts; scores the prompt when that is due.
  mutating func update(
    _ results: [PartResult], shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) {
    var gradient = Matrix(rows: prompt.rows, columns: prompt.columns)
    for result in results {
      gradient.add(result.gradient)
      examplesDone += result.losses.count
      lossSum += result.losses.reduce(0.0) { $0 + Double($1) }
    }
    optimizer.update(&prompt, gradient: gradient, learningRate: schedule.learningRate(at: stepsDone))
    try requireFinite()
    let step = stepsDone % stepsPerEpoch + 1
    stepsDone += 1
    let evaluations = max(1, min(settings.evaluationsPerEpoch, stepsPerEpoch))
    if step * evaluations / stepsPerEpoch > (step - 1) * evaluations / stepsPerEpoch {
      lastScore = try score(shouldStop: shouldStop) ?? lastScore
    }
    if step == stepsPerEpoch {
      epochs.append(Epoch(trainLoss: lossSum / Double(order.count), score: lastScore))
    }
  }

  /// Scores the prompt and keeps it when it is the best so far; nil when interrupted, or with nothing to score it on.
  @discardableResult
  mutating func score(shouldStop: @escaping @Sendable () -> Bool) throws(TransferError) -> TuningScore? {
    guard objective.canScore else { return nil }
    guard let score = try objective.score(prompt, shouldStop: shouldStop) else {
      isCutShort = true
      return nil
    }
    if best.map({ $0.score < score }) ?? true { best = (prompt, score) }
    return score
  }

  private func requireFinite() throws(TransferError) {
    let epoch = stepsDone / stepsPerEpoch + 1
    for (name, isFinite) in [
      ("loss", lossSum.isFinite), ("prompt", prompt.elements.allSatisfy { $0.isFinite }),
    ] where !isFinite {
      throw TransferError(
        "tuning", "the \(name) is no longer finite in epoch \(epoch)", hint: "Lower the learning rate")
    }
  }

  /// The examples shared out among parts by length, first to last and back, so that each part has about as many tokens.
  private func evenly(_ batch: [Int], over count: Int) -> [Int] {
    let ordered = batch.sorted {
      (objective.tokenCount($0), $0) > (objective.tokenCount($1), $1)
    }
    return (0..<count).flatMap { part in
      ordered.indices.filter { index in
        let place = index % (2 * count)
        return min(place, 2 * count - 1 - place) == part
      }.map { ordered[$0] }
    }
  }
}
