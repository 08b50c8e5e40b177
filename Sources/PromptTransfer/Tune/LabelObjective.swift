import LanguageModels
import Tensors

/// The cross-entropy of the right answers over the whole vocabulary (over the labels of a task), and the accuracy among the candidates on the development
/// facts; among equally accurate prompts the likelihood decides.
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
    if evaluator.candidates.areLabels {
      (words, labels) = (evaluator.head, trainSet.labels)
    } else {
      words = evaluator.model.network.allWords
      labels = trainSet.labels.map { evaluator.candidates.ids[$0] }
    }
  }

  var exampleCount: Int { trainSet.inputs.count }
  var canScore: Bool { !devSet.inputs.isEmpty }

  func tokenCount(_ example: Int) -> Int { trainSet.inputs[example].elements.count }

  func lossAndGradient(
    _ examples: ArraySlice<Int>, prompt: Matrix, scale: Float, gradient: inout Matrix, _ workspace: Workspace
  ) -> [Float] {
    evaluator.model.network.lossAndGradient(
      examples.map { trainSet.inputs[$0] }[...], labels: examples.map { labels[$0] }[...], prompt: prompt,
      candidates: words, scale: scale, gradient: &gradient, workspace)
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
