/// What a model answered to the examples of a split.
public struct Answers: Sendable {
  /// One for each example that could be asked, in order.
  public let predictions: [Prediction]
  public let evaluation: Evaluation
  /// How well a task's labels are told apart; nil where the answers are words.
  public let classScores: ClassScores?
  /// Examples that were left out, and why.
  public let skipped: ProbingSet.Skipped
  /// How many texts were cut to the model's positions.
  public let truncatedCount: Int
  /// How many words, or texts at most, answers were looked for among.
  public let candidateCount: Int

  init(
    _ predictions: [Prediction], to set: ProbingSet, of evaluator: Evaluator,
    labels: [TaskDescription.Label]
  ) {
    self.predictions = predictions
    evaluation = Evaluation(predictions)
    classScores = labels.isEmpty ? nil : ClassScores(predictions, labels: labels)
    (skipped, truncatedCount) = (set.skipped, set.truncatedCount)
    candidateCount = evaluator.candidateCount
  }

  /// How many examples were asked.
  public var count: Int { predictions.count }
  /// Correct ones over all that were asked.
  public var microAccuracy: Double { evaluation.microAccuracy }
  /// The mean over the relations.
  public var macroAccuracy: Double { evaluation.macroAccuracy }
}
