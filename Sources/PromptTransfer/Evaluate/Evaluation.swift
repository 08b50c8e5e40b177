/// The scores of a prompt on a set of facts.
///
/// `microAccuracy` is correct over facts, `macroAccuracy` the mean over relations. (The published code of the paper
/// swaps the two words.)
public struct Evaluation: Sendable, Codable, Equatable {
  public struct Relation: Sendable, Codable, Equatable {
    public let relation: String
    public let factCount: Int
    public let correct: Int
    public let accuracy: Double
  }

  public let factCount: Int
  public let microAccuracy: Double
  public let macroAccuracy: Double
  /// The share of facts whose object is among the first 1, 5 and 10 candidates.
  public let precisionAt: [String: Double]
  public let meanReciprocalRank: Double
  public let meanLogProbability: Double
  /// By name.
  public let relations: [Relation]

  /// All scores are 0 when there are no predictions.
  public init(_ predictions: [Prediction]) {
    let count = Double(max(1, predictions.count))
    func share(_ rank: Int) -> Double { Double(predictions.count { $0.rank <= rank }) / count }
    factCount = predictions.count
    microAccuracy = share(1)
    precisionAt = ["1": share(1), "5": share(5), "10": share(10)]
    meanReciprocalRank = predictions.reduce(0) { $0 + 1 / Double($1.rank) } / count
    meanLogProbability = predictions.reduce(0) { $0 + Double($1.logProbability) } / count
    relations = Dictionary(grouping: predictions, by: \.relation)
      .sorted { $0.key < $1.key }
      .map { name, members in
        let correct = members.count { $0.rank == 1 }
        return Relation(
          relation: name, factCount: members.count, correct: correct,
          accuracy: Double(correct) / Double(members.count))
      }
    macroAccuracy = relations.reduce(0) { $0 + $1.accuracy } / Double(max(1, relations.count))
  }
}
