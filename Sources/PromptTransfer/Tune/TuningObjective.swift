import LanguageModels
import Tensors

/// What a prompt is tuned for: a loss on training examples, and a score that chooses among prompts.
protocol TuningObjective: Sendable {
  var exampleCount: Int { get }
  /// Whether there is anything to score a prompt on; else the last prompt is the result.
  var canScore: Bool { get }
  /// How long an example is.
  func tokenCount(_ example: Int) -> Int
  /// Whether parts of several tunings may share a pass through the model: it must not change their results.
  var joinsParts: Bool { get }
  var network: any Network { get }
  /// Losses and gradient of each part. More than one only where `joinsParts`, and then of objectives for one model with the
  /// same candidates.
  static func lossesAndGradients(_ parts: [TuningPart<Self>], _ workspace: Workspace) -> [PartResult]
  /// Nil when interrupted.
  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore?
}

/// Some of the examples of a step.
struct TuningPart<Objective: TuningObjective>: Sendable {
  let objective: Objective
  let examples: ArraySlice<Int>
  let prompt: Matrix  // (P, C)
  /// What the gradient is multiplied by.
  let scale: Float
}

struct PartResult: Sendable {
  /// Of each example.
  let losses: [Float]
  /// (P, C), of the scaled sum of the losses.
  let gradient: Matrix
}

/// How good a prompt is, the more the better; among equals the tie-break decides.
struct TuningScore: Comparable, Sendable, Codable {
  private var exactValue, exactTieBreak: TuningState.Exact
  var value: Double { exactValue.value }
  var tieBreak: Double { exactTieBreak.value }

  init(value: Double, tieBreak: Double = 0) {
    (exactValue, exactTieBreak) = (.init(value), .init(tieBreak))
  }

  static func < (left: TuningScore, right: TuningScore) -> Bool {
    (left.value, left.tieBreak) < (right.value, right.tieBreak)
  }
}
