import PromptTransfer
import Tensors

/// The choice of the reference: whatever scores best on the target's development facts.
enum DevSelection {
  /// How many candidates of a gradient search are looked at.
  static let snapshotCount = 40
  /// The ridges that a closed form is tried with.
  static let ridges = [0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]

  /// The first of the best by accuracy, and its place. Nil when stopped, or without candidates.
  static func best(
    _ candidates: [Matrix], of dev: ProbingSet, _ evaluator: Evaluator,
    shouldStop: @escaping @Sendable () -> Bool
  ) throws -> (place: Int, accuracy: Double)? {
    var best: (place: Int, accuracy: Double)?
    for (place, vectors) in candidates.enumerated() {
      guard let answers = try evaluator.predictions(dev, prompt: vectors, shouldStop: shouldStop) else {
        return nil
      }
      let accuracy = Evaluation(answers).microAccuracy
      if accuracy > best?.accuracy ?? -1 { best = (place, accuracy) }
    }
    return best
  }
}
