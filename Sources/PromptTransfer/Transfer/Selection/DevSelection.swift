import Tensors

/// The choice of the reference: whatever answers most of the target's development facts right. It looks at labels of the target.
public struct DevSelection: AnswerSelection {
  let evaluator: Evaluator
  let facts: ProbingSet

  public init(_ evaluator: Evaluator, facts: ProbingSet) {
    self.evaluator = evaluator
    self.facts = facts
  }

  public var judge: FittedTransfer.Choice.Judge { .dev }

  public func score(
    _ vectors: Matrix, shouldStop: @escaping @Sendable () -> Bool
  ) throws(TransferError) -> Double? {
    try evaluator.predictions(facts, prompt: vectors, shouldStop: shouldStop).map {
      Evaluation($0).microAccuracy
    }
  }
}
