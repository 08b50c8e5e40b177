import LanguageModels
import Tensors

/// The state of one tuning, whatever it is for. `JointTuning` takes its steps.
struct TuningRun<Objective: TuningObjective> {
  private let objective: Objective
  private let settings: TuningSettings
  private let stepsPerEpoch: Int
  private let schedule: LinearSchedule
  private let start: Matrix  // (P, C)
  private var prompt: Matrix  // (P, C)
  private var optimizer: AdamW
  private var shuffle: RandomStream
  private var order: [Int] = []
  private var progress = TuningState.Progress()
  private var keeper: TuningKeeper?
  /// The best prompt so far, the first of equals. The start counts.
  private var bestVectors: Matrix?  // (P, C)

  /// - Parameters:
  ///   - rate: the peak of the learning rate, as the settings have it on the model
  ///   - start: (P, C)
  ///   - keeper: where it stood when it was stopped before, and where that is kept
  init(
    _ objective: Objective, settings: TuningSettings, rate: Float, start: Matrix, keeper: TuningKeeper? = nil
  ) {
    self.objective = objective
    self.settings = settings
    stepsPerEpoch = (objective.exampleCount + settings.batchSize - 1) / settings.batchSize
    let total = stepsPerEpoch * max(1, settings.epochs)
    schedule = LinearSchedule(
      peak: rate, warmupSteps: Int(Double(total) * settings.warmupShare), totalSteps: total)
    (self.start, prompt) = (start, start)
    optimizer = AdamW(parameterCount: start.count, weightDecay: settings.weightDecay)
    shuffle = RandomStream(seed: settings.seed, name: "tune.shuffle")
    progress.isScoreDue = objective.canScore
    self.keeper = keeper
    if let state = keeper.flatMap({ TuningState($0.file) }), state.fits(start, stepCount: total) {
      restore(state)
    }
  }

  private mutating func restore(_ state: TuningState) {
    (prompt, bestVectors, progress) = (state.prompt, state.best, state.progress)
    optimizer = AdamW(
      firstMoment: Array(state.firstMoment.elements), secondMoment: Array(state.secondMoment.elements),
      stepCount: stepsDone, weightDecay: settings.weightDecay)
    for _ in 0..<(stepsDone + stepsPerEpoch - 1) / stepsPerEpoch { drawOrder() }
  }

  private var state: TuningState {
    func matrix(_ values: [Float]) -> Matrix { Matrix(rows: prompt.rows, columns: prompt.columns, values) }
    return TuningState(
      prompt: prompt, firstMoment: matrix(optimizer.firstMoment),
      secondMoment: matrix(optimizer.secondMoment), best: bestVectors, progress: progress)
  }

  /// Keeps where it stands, if it is asked to: when it is stopped, and now and then.
  mutating func keep(isStopped: Bool) {
    guard keeper?.isDue(isStopped: isStopped) == true else { return }
    let state = state
    keeper?.keep(state)
  }

  var network: any Network { objective.network }
  var stepCount: Int { schedule.totalSteps }
  var stepsDone: Int { progress.stepsDone }
  var examplesDone: Int { progress.examplesDone }
  var epochs: [TuningRunEpoch] { progress.epochs }
  /// The score of the best prompt.
  var bestScore: TuningScore? { progress.bestScore }
  /// The latest score, whatever epoch it is of.
  private(set) var latestScore: TuningScore?
  /// Over the epoch's examples so far; nil before the first step.
  var meanLoss: Double? {
    guard stepsDone > 0 else { return nil }
    let steps = (stepsDone - 1) % stepsPerEpoch + 1
    return progress.lossSum.value / Double(min(steps * settings.batchSize, objective.exampleCount))
  }
  var isDone: Bool { stepsDone == stepCount }
  var isInterrupted: Bool { !isDone || progress.isScoreDue }
  /// Whether a prompt was scored that is better than the start.
  var isBetterThanStart: Bool { bestVectors.map { $0 != start } ?? false }
  /// The best prompt, or the last one where nothing was scored.
  var vectors: Matrix { bestVectors ?? prompt }

  /// The next step's examples, in parts of about as many tokens each. Parts are of a fixed size, so that results do not
  /// depend on the number of threads.
  mutating func nextParts() -> [TuningPart<Objective>] {
    let step = stepsDone % stepsPerEpoch
    if step == 0 {
      drawOrder()
      (progress.lossSum.value, progress.lastScore) = (0, nil)
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

  private mutating func drawOrder() {
    order = Array(0..<objective.exampleCount).shuffled(using: &shuffle)
  }

  /// One optimiser step on the mean loss of the parts. What follows from it is for ``settle(shouldStop:)``.
  mutating func update(_ results: [PartResult]) throws(TransferError) {
    var gradient = Matrix(rows: prompt.rows, columns: prompt.columns)
    for result in results {
      gradient.add(result.gradient)
      progress.examplesDone += result.losses.count
      progress.lossSum.value += result.losses.reduce(0.0) { $0 + Double($1) }
    }
    optimizer.update(&prompt, gradient: gradient, learningRate: schedule.learningRate(at: stepsDone))
    try requireFinite()
    let step = stepsDone % stepsPerEpoch + 1
    progress.stepsDone += 1
    let evaluations = max(1, min(settings.evaluationsPerEpoch, stepsPerEpoch))
    progress.isScoreDue =
      objective.canScore && step * evaluations / stepsPerEpoch > (step - 1) * evaluations / stepsPerEpoch
  }

  /// Scores the prompt when that is due and keeps it when it is the best so far, then closes the epoch when it is at its end.
  /// - Returns: false when it was stopped before; the same is due then as before
  mutating func settle(shouldStop: @escaping @Sendable () -> Bool) throws(TransferError) -> Bool {
    if progress.isScoreDue {
      guard let score = try objective.score(prompt, shouldStop: shouldStop) else { return false }
      if bestScore.map({ $0 < score }) ?? true { (bestVectors, progress.bestScore) = (prompt, score) }
      (progress.lastScore, progress.isScoreDue, latestScore) = (score, false, score)
    }
    if stepsDone / stepsPerEpoch > epochs.count {
      progress.epochs.append(
        TuningRunEpoch(
          trainLoss: progress.lossSum.value / Double(objective.exampleCount), score: progress.lastScore))
    }
    return true
  }

  private func requireFinite() throws(TransferError) {
    try network.requireDevice("tuning")
    let epoch = stepsDone / stepsPerEpoch + 1
    for (name, isFinite) in [
      ("loss", progress.lossSum.value.isFinite), ("prompt", prompt.elements.allSatisfy { $0.isFinite }),
    ] where !isFinite {
      throw TransferError(
        "tuning", "the \(name) is no longer finite in epoch \(epoch)",
        hint: network.hintForBrokenNumbers("Lower the learning rate"))
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
