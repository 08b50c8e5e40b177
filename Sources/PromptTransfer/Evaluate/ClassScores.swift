/// How well the classes of a task are told apart.
public struct ClassScores: Sendable, Codable, Equatable {
  public struct Class: Sendable, Codable, Equatable {
    public let label: String
    public let word: String
    /// How many examples are of this class.
    public let count: Int
    /// How many were said to be.
    public let predicted: Int
    public let correct: Int
    /// `correct / predicted`; 0 where none was predicted.
    public let precision: Double
    /// `correct / count`; 0 where there is none.
    public let recall: Double
    /// The harmonic mean of both, `2 correct / (count + predicted)`.
    public let f1: Double
  }

  /// The mean of `f1` over the classes that occur among examples or predictions, as scikit-learn takes it.
  public let macroF1: Double
  /// In the labels' order.
  public let classes: [Class]

  public init(_ predictions: [Prediction], labels: [TaskDescription.Label]) {
    func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
    classes = labels.map { label in
      let count = predictions.count { $0.object == label.word }
      let predicted = predictions.count { $0.prediction == label.word }
      let correct = predictions.count { $0.object == label.word && $0.prediction == label.word }
      return Class(
        label: label.name, word: label.word, count: count, predicted: predicted, correct: correct,
        precision: ratio(correct, predicted), recall: ratio(correct, count),
        f1: ratio(2 * correct, count + predicted))
    }
    let present = classes.filter { $0.count + $0.predicted > 0 }
    macroF1 = present.reduce(0) { $0 + $1.f1 } / Double(max(1, present.count))
  }
}
