import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct EvaluationTests {
  private func prediction(_ relation: String, rank: Int) -> Prediction {
    Prediction(relation: relation, subject: "s", object: "o", prediction: "p", rank: rank, logProbability: -1)
  }

  @Test func scoresAreAsDefined() {
    let evaluation = Evaluation(
      [1, 1, 3, 20].map { prediction("a", rank: $0) } + [7].map { prediction("b", rank: $0) })
    #expect(evaluation.factCount == 5)
    #expect(evaluation.microAccuracy == 0.4)
    #expect(evaluation.macroAccuracy == 0.25)
    #expect(evaluation.precisionAt == ["1": 0.4, "5": 0.6, "10": 0.8])
    expectClose(
      [evaluation.meanReciprocalRank], [(1 + 1 + 1.0 / 3 + 1.0 / 20 + 1.0 / 7) / 5], absolute: 1e-12)
    #expect(evaluation.relations.map(\.correct) == [2, 0])
  }

  @Test func noFactsGiveZeros() {
    let evaluation = Evaluation([])
    #expect(evaluation.factCount == 0 && evaluation.microAccuracy == 0 && evaluation.macroAccuracy == 0)
  }

  /// Ranks and probabilities against the logits themselves, and the same whatever the threads.
  @Test func predictionsFollowFromTheLogits() throws {
    let model = try TinyWorld().model("model")
    let facts = (0..<40).map { TinyWorld.facts[$0 % 3] }
    let evaluator = try TinyWorld.evaluator(model)
    let set = try evaluator.prepare(facts, template: .vectors(3))
    let prompt = TinyWorld.prompt(model).vectors
    let predictions = try #require(try evaluator.predictions(set, prompt: prompt))
    #expect(try predictions == TinyWorld.evaluator(model, threads: 3).predictions(set, prompt: prompt))
    let words = try CandidateVocabulary(TinyWorld.words, tokenizer: model.tokenizer)
    for (index, found) in predictions.prefix(3).enumerated() {
      let logits = model.network.logits(
        set.inputs[index..<index + 1], prompt: prompt, candidates: model.network.candidates(words.ids),
        .init()
      ).elements
      let own = logits[set.labels[index]]
      #expect(found.rank == 1 + logits.count { $0 > own })
      #expect(found.prediction == words.words[logits.indices.max { logits[$0] < logits[$1] } ?? 0])
      expectClose(
        [found.logProbability], [-Naive.crossEntropy(logits.wide, label: set.labels[index])], absolute: 1e-5)
    }
  }
}
