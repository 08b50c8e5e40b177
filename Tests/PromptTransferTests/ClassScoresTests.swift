import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct ClassScoresTests {
  static let labels = ["a", "b", "c", "d"].map { TaskDescription.Label(name: $0.uppercased(), word: $0) }

  private func predictions(_ pairs: [(gold: String, said: String)]) -> [Prediction] {
    pairs.map {
      Prediction(
        relation: "t", subject: "s", object: $0.gold, prediction: $0.said, rank: $0.gold == $0.said ? 1 : 2,
        logProbability: -1)
    }
  }

  /// From the confusion matrix, class by class.
  private func naiveMacroF1(_ pairs: [(gold: String, said: String)]) -> Double {
    let present = Set(pairs.flatMap { [$0.gold, $0.said] })
    let scores = present.map { name -> Double in
      var (hits, falseAlarms, misses) = (0.0, 0.0, 0.0)
      for pair in pairs {
        if pair.gold == name && pair.said == name { hits += 1 }
        if pair.gold != name && pair.said == name { falseAlarms += 1 }
        if pair.gold == name && pair.said != name { misses += 1 }
      }
      let precision = hits + falseAlarms > 0 ? hits / (hits + falseAlarms) : 0
      let recall = hits + misses > 0 ? hits / (hits + misses) : 0
      return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
    }
    return scores.isEmpty ? 0 : scores.reduce(0, +) / Double(scores.count)
  }

  @Test(arguments: 0..<20) func agreesWithItsNaiveTwin(_ seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), name: "classes")
    let words = Array(["a", "b", "c", "d"].prefix(2 + seed % 3))
    let pairs = (0..<(seed * 3)).map { _ in
      (gold: words.randomElement(using: &stream) ?? "a", said: words.randomElement(using: &stream) ?? "a")
    }
    let scores = ClassScores(predictions(pairs), labels: Self.labels)
    expectClose([scores.macroF1], [naiveMacroF1(pairs)], absolute: 1e-12)
    #expect(scores.classes.reduce(0) { $0 + $1.count } == pairs.count)
    #expect(scores.classes.reduce(0) { $0 + $1.predicted } == pairs.count)
  }

  /// By hand: F1 is 2/3 for each of the three classes that occur.
  @Test func aKnownCase() {
    let pairs = zip(["a", "a", "b", "b", "b", "c"], ["a", "b", "b", "b", "c", "c"]).map {
      (gold: $0, said: $1)
    }
    let scores = ClassScores(predictions(pairs), labels: Self.labels)
    expectClose([scores.macroF1], [2.0 / 3], absolute: 1e-12)
    #expect(scores.classes.map(\.precision) == [1, 2.0 / 3, 0.5, 0])
    #expect(scores.classes.map(\.recall) == [0.5, 2.0 / 3, 1, 0])
    #expect(scores.classes.map(\.label) == ["A", "B", "C", "D"])
  }
}
