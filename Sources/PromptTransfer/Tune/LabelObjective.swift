import LanguageModels
import Tensors

/// The cross-entropy of the right answers, token by token, over the whole vocabulary (over the labels of a task), and the accuracy
/// among the candidates on the development facts; among equally accurate prompts the likelihood decides.
struct LabelObjective: TuningObjective {
  /// What one training example asks: its right answer's tokens, one for each prediction of each input.
  private struct Item {
    let inputs: [PromptedInput]
    /// Columns of `words`.
    let labels: [Int]
  }

  private let evaluator: Evaluator
  private let items: [Item]
  private let devSet: ProbingSet
  private let words: CandidateHead

  init(_ evaluator: Evaluator, trainSet: ProbingSet, devSet: ProbingSet) {
    self.evaluator = evaluator
    self.devSet = devSet
    words = Self.words(of: evaluator)
    switch evaluator.answers {
    case .words(let candidates, _):
      let isOverCandidates = Self.labels(of: evaluator) != nil
      items = zip(trainSet.inputs, trainSet.labels).map { input, column in
        Item(inputs: [input], labels: [isOverCandidates ? column : candidates.ids[column]])
      }
    case .texts:
      items = zip(trainSet.statements, trainSet.labels).map { statements, column in
        let taught = statements.taught(column)
        return Item(inputs: taught.inputs, labels: taught.tokens)
      }
    }
  }

  /// The words that each token of the right answer is one of.
  static func words(of evaluator: Evaluator) -> CandidateHead {
    labels(of: evaluator) ?? evaluator.model.network.allWords
  }

  /// Those of a task; nil where answers are any words.
  private static func labels(of evaluator: Evaluator) -> CandidateHead? {
    guard case .words(let candidates, let head) = evaluator.answers else { return nil }
    return candidates.answers == .labels ? head : nil
  }

  var exampleCount: Int { items.count }
  var canScore: Bool { !devSet.examples.isEmpty }

  func tokenCount(_ example: Int) -> Int {
    items[example].inputs.reduce(0) { $0 + $1.elements.count + ($1.continuations?.tokens.count ?? 0) }
  }

  var network: any Network { evaluator.model.network }
  var joinsParts: Bool { network.keepsSequencesApart }

  static func lossesAndGradients(_ parts: [TuningPart<Self>], _ workspace: Workspace) -> [PartResult] {
    guard let first = parts.first?.objective else { return [] }
    let groups = parts.map { part in
      let items = part.examples.map { part.objective.items[$0] }
      return TaughtGroup(
        inputs: items.flatMap(\.inputs), target: .labels(items.flatMap(\.labels)), prompt: part.prompt,
        scale: part.scale)
    }
    let results = first.evaluator.model.network.lossesAndGradients(
      groups, candidates: first.words, workspace)
    return zip(parts, results).map { part, result in
      var losses = result.losses[...]
      let sums = part.examples.map { example in
        let own = losses.prefix(part.objective.items[example].labels.count)
        losses = losses.dropFirst(own.count)
        return own.reduce(0, +)
      }
      return PartResult(losses: sums, gradient: result.gradient)
    }
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
