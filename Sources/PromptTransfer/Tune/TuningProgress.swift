/// How far a tuning or distilling is; of several prompts together, the mean of theirs.
public struct TuningProgress: Sendable, Equatable {
  /// Steps done, of all.
  public let done, total: Int
  /// The mean loss over this epoch's examples so far, in nats; nil before the first step.
  public let loss: Double?
  /// The latest score on the development examples, and the best: of tuning the accuracy, of distilling the mean divergence in nats. Nil
  /// where nothing was scored yet.
  public let score, best: Double?

  init(_ runs: [TuningRun<some TuningObjective>]) {
    done = runs.reduce(0) { $0 + $1.stepsDone }
    total = runs.reduce(0) { $0 + $1.stepCount }
    func mean(_ values: [Double?]) -> Double? {
      let known = values.compactMap { $0 }
      return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }
    loss = mean(runs.map(\.meanLoss))
    score = mean(runs.map { $0.latestScore?.value })
    best = mean(runs.map { $0.bestScore?.value })
  }

  private init(_ other: TuningProgress, score: Double?, best: Double?) {
    (done, total, loss) = (other.done, other.total, other.loss)
    (self.score, self.best) = (score, best)
  }

  /// The same with the scores' sign changed: what is the better the lower is scored by what is below 0.
  var negated: TuningProgress { TuningProgress(self, score: score.map { -$0 }, best: best.map { -$0 }) }
}
