import PromptTransfer

/// The result of a cell. It holds no times and no dates: the same inputs give the same bytes.
public struct CellResult: Sendable, Codable, Equatable {
  public struct NearestWord: Sendable, Codable, Equatable {
    public let word: String
    public let cosine: Float

    package init(word: String, cosine: Float) { (self.word, self.cosine) = (word, cosine) }
  }

  public private(set) var cell: Cell
  /// What it rests on; nil in results of version 0.1.0, which did not record it.
  public var inputs: CellInputs?
  /// Why the method does not apply to these models; there is nothing else then.
  public var refusal: String?
  public var anchorCount: Int?
  /// The matching objective of each vector.
  public var objective: [Double]?
  /// The settings that a selection chose, by name.
  public var chosen: [String: String]?
  /// Accuracy on the target's development facts, where a selection or training looked at them.
  public var devAccuracy: Double?
  /// Of the target's test facts.
  public var evaluation: Evaluation?
  /// Of a task's test examples.
  public var classScores: ClassScores?
  public var predictions: [Prediction] = []
  public var skipped: ProbingSet.Skipped?
  /// The words nearest to each vector, in the first source before and in the target after.
  public var nearestBefore: [[NearestWord]]?
  public var nearestAfter: [[NearestWord]]?

  package init(_ cell: Cell, inputs: CellInputs? = nil) { (self.cell, self.inputs) = (cell, inputs) }

  /// The same for a cell that rests on the same, by that one's names: results are shared between labels.
  func named(as cell: Cell) -> CellResult {
    var result = self
    result.cell = cell
    return result
  }

  /// Mean over the vectors.
  public var meanObjective: Double? {
    objective.map { $0.reduce(0, +) / Double(max(1, $0.count)) }
  }
}

/// How long a cell took: kept apart, as it differs from run to run.
public struct CellTiming: Sendable, Codable, Equatable {
  /// Seconds to find the target's vectors, tuning of source prompts and what several prompts share not counted; on one thread.
  public let seconds: Double
  /// Nil in results of version 0.1.0.
  public var conditions: RunConditions?

  package init(seconds: Double, conditions: RunConditions? = nil) {
    (self.seconds, self.conditions) = (seconds, conditions)
  }
}
