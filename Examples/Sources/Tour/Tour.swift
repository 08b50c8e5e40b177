import Foundation
import PromptTransfer
import Tensors

/// Tunes a prompt on one model, carries it to another, and asks that one. The argument is `share/promptferry`, with the
/// models and facts that ship with PromptFerry.
@main
struct Tour {
  static func main() throws {
    guard let share = CommandLine.arguments.dropFirst().first.map({ URL(fileURLWithPath: $0) }) else {
      return print("usage: Tour SHARE")
    }
    let zoo = share.appending(path: "zoo")
    let facts = share.appending(path: "atlas/data/city")
    let source = try LanguageModel(folder: zoo.appending(path: "bert-small"))
    let target = try LanguageModel(folder: zoo.appending(path: "roberta-small"))

    let prompt = try tune(source, facts: facts)
    let carried = try carry(prompt, from: source, to: target)
    let manual = try Template("[X] is located in [Y] .")

    print("manual template:", try accuracy(of: nil, manual, on: target, facts: facts))
    print("carried prompt: ", try accuracy(of: carried, carried.template, on: target, facts: facts))

    let nearest = target.space.nearestWords(to: carried.vectors, count: 3)
    for (index, words) in nearest.enumerated() {
      print("V\(index + 1) is near", words.map(\.word).joined(separator: ", "))
    }
  }

  static func tune(_ model: LanguageModel, facts: URL) throws -> SoftPrompt {
    let words = CandidateVocabulary(tokenizer: model.tokenizer)
    let tuner = Tuner(
      evaluator: Evaluator(model: model, candidates: words, parallelism: .granted),
      settings: TuningSettings())
    let template = Template.vectors(5)
    let tuned = try tuner.tune(
      train: ExampleSet(facts, split: .train).facts, dev: ExampleSet(facts, split: .dev).examples,
      template: template, start: tuner.randomStart(vectorCount: template.vectorCount))
    return SoftPrompt(
      vectors: tuned.vectors, template: template, modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint)
  }

  static func carry(
    _ prompt: SoftPrompt, from source: LanguageModel, to target: LanguageModel
  ) throws -> SoftPrompt {
    let transfer = try Transfer(
      sources: [TransferSource(space: source.space, prompt: prompt)], target: target.space,
      anchors: Anchors([source.tokenizer, target.tokenizer]),
      method: .canonical(ridge: TransferMethod.canonicalRidge, shrinkage: TransferMethod.shrinkage),
      normalization: .strength, parallelism: .granted)
    return SoftPrompt(
      vectors: try transfer.run().vectors, template: prompt.template, modelName: target.name,
      embeddingFingerprint: target.space.table.fingerprint)
  }

  /// The share of test facts that the model knows when asked with this template and prompt.
  static func accuracy(
    of prompt: SoftPrompt?, _ template: Template, on model: LanguageModel, facts: URL
  ) throws -> Double {
    let evaluator = Evaluator(
      model: model, candidates: CandidateVocabulary(tokenizer: model.tokenizer), parallelism: .granted)
    let questions = try evaluator.prepare(ExampleSet(facts, split: .test).examples, template: template)
    let vectors = prompt?.vectors ?? Matrix(rows: 0, columns: model.space.table.width)
    return Evaluation(try evaluator.predictions(questions, prompt: vectors) ?? []).microAccuracy
  }
}
