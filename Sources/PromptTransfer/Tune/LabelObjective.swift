import LanguageModels
import Tensors

/// The cross-entropy of the right answers over the whole vocabulary (over the labels of a task), and the accuracy among the
/// candidates on the development facts; among equally accurate prompts the likelihood decides.
struct LabelObjective: TuningObjective {
  private let evaluator: Evaluator
  private let trainSet: ProbingSet
  private let devSet: ProbingSet
  private let words: CandidateHead
  private let labels: [Int]

  init(_ evaluator: Evaluator, trainSet: ProbingSet, devSet: ProbingSet) {
    self.evaluator = evaluator
    self.trainSet = trainSet
    self.devSet = devSet
    words = Self.words(of: evaluator)
    labels =
      Self.isOverCandidates(evaluator)
      ? trainSet.labels : trainSet.labels.map { evaluator.candidates.ids[$0] }
  }

  /// The words that the right answer is one of.
  static func words(of evaluator: Evaluator) -> CandidateHead {
    isOverCandidates(evaluator) ? evaluator.head : evaluator.model.network.allWords
  }

  private static func isOverCandidates(_ evaluator: Evaluator) -> Bool {
    evaluator.candidates.answers == .labels
  }

  var exampleCount: Int { trainSet.inputs.count }
  var canScore: Bool { !devSet.inputs.isEmpty }

  func tokenCount(_ example: Int) -> Int { trainSet.inputs[example].elements.count }

  var joinsParts: Bool { evaluator.model.network.keepsSequencesApart }

  static func lossesAndGradients(_ parts: [TuningPart<Self>], _ workspace: Workspace) -> [PartResult] {
    guard let first = parts.first?.objective else { return [] }
    let groups = parts.map { part in
      LabelledGroup(
        inputs: part.examples.map { part.objective.trainSet.inputs[$0] },
        labels: part.examples.map { part.objective.labels[$0] }, prompt: part.prompt, scale: part.scale)
    }
    return first.evaluator.model.network.lossesAndGradients(groups, candidates: first.words, workspace)
      .map { PartResult(losses: $0.losses, gradient: $0.gradient) }
  }

  func score(
    _ prompt: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> TuningScore? {
    guard let predictions = try evaluator.predictions(devSet, prompt: prompt, shouldStop: shouldStop) else {
      return nil
    }
    let evaluation = Evaluation(predictions)
    return TuningScore(value: evaluation.microAccuracy, tieBreak: evaluation.meanLogProbability)
  }
}
