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
  /// Where answers are texts, what they are chosen among and how the score divides; nil where they are words.
  public let texts: Texts?

  /// More about answers that are texts.
  public struct Texts: Sendable, Codable, Equatable {
    /// Facts whose object has as many tokens.
    public struct Length: Sendable, Codable, Equatable {
      public let tokens: Int
      public let factCount: Int
      public let correct: Int
      public let accuracy: Double
    }

    /// By the number of tokens.
    public let lengths: [Length]
    /// The share of facts whose object comes first by other measures than the sum: `mean`, `byte` and `pmi`. Nil unless asked for.
    public let accuracyBy: [String: Double]?
    /// How many answers there were to choose among, at least and at most.
    public let fewestOptions: Int
    public let mostOptions: Int
  }

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
    texts = Texts(predictions)
    macroAccuracy = relations.reduce(0) { $0 + $1.accuracy } / Double(max(1, relations.count))
  }
}

extension Evaluation.Texts {
  /// Nil where there are none.
  fileprivate init?(_ predictions: [Prediction]) {
    let answers = predictions.compactMap(\.text)
    guard !answers.isEmpty, answers.count == predictions.count else { return nil }
    lengths = Dictionary(grouping: predictions) { $0.text?.tokens ?? 0 }.sorted { $0.key < $1.key }
      .map { tokens, members in
        let correct = members.count { $0.rank == 1 }
        return Length(
          tokens: tokens, factCount: members.count, correct: correct,
          accuracy: Double(correct) / Double(members.count))
      }
    let measures = answers.dropFirst().reduce(Set(answers[0].ranks.map { Array($0.keys) } ?? [])) {
      $0.intersection($1.ranks.map { Array($0.keys) } ?? [])
    }
    accuracyBy =
      measures.isEmpty
      ? nil
      : Dictionary(
        uniqueKeysWithValues: measures.map { measure in
          (measure, Double(answers.count { $0.ranks?[measure] == 1 }) / Double(answers.count))
        })
    let options = answers.map(\.options)
    (fewestOptions, mostOptions) = (options.min() ?? 0, options.max() ?? 0)
  }
}
