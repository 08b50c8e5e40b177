import LanguageModels
import Tensors

/// What a prompt is tuned for: a loss on training examples, and a score that chooses among prompts.
protocol TuningObjective: Sendable {
  var exampleCount: Int { get }
  /// Whether there is anything to score a prompt on; else the last prompt is the result.
  var canScore: Bool { get }
  /// How long an example is.
  func tokenCount(_ example: Int) -> Int
  /// The loss of each of these examples.
  /// - Parameter gradient: (P, C), overwritten with that of `scale` times their sum
  func lossAndGradient(
    _ examples: ArraySlice<Int>, prompt: Matrix, scale: Float, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float]
  /// Nil when interrupted.
  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore?
}

/// How good a prompt is, the more the better; among equals the tie-break decides.
struct TuningScore: Comparable, Sendable {
  let value: Double
  var tieBreak = 0.0

  static func < (left: TuningScore, right: TuningScore) -> Bool {
    (left.value, left.tieBreak) < (right.value, right.tieBreak)
  }
}
