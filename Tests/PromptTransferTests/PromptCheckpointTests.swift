import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// A model with tokens for a prompt's vectors answers as the model does with the prompt.
@Suite struct PromptCheckpointTests {
  static let facts = [
    Example(relation: "city", subject: "Oslo", object: "Norway"),
    Example(relation: "city", subject: "São Paulo", object: "Brazil"),
  ]

  private func prompt(_ model: LanguageModel, _ template: String) throws -> SoftPrompt {
    SoftPrompt(
      vectors: Samples.matrix(5, model.space.table.width, "prompt", deviation: 0.1),
      template: try Template(template), modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint)
  }

  @Test(arguments: [
    ("bert-tiny", "[X] [V]*5 [Y] ."), ("bert-tiny", "[V]*2 [X] , [V]*3 is in [Y]"),
    ("roberta-tiny", "[X] [V]*5 [Y] ."), ("roberta-tiny", "The [V]*2 of [X] [V]*3 [Y] ."),
    ("albert-tiny", "[X] [V]*5 [Y] ."), ("gpt2-small", "[X] [V]*5 [Y]"),
    ("gpt2-small", "[V]*5 [X] is in [Y]"),
  ])
  func tokensStandForVectors(_ name: String, _ template: String) throws {
    let model = try LanguageModel(folder: ZooFixture.folder(name))
    let prompt = try prompt(model, template)
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "grown")
    let text = try prompt.writeCheckpoint(to: url, model: ZooFixture.folder(name))
    let grown = try LanguageModel(folder: url)
    let first = model.tokenizer.vocabularySize
    #expect(grown.tokenizer.vocabularySize == first + 5)
    #expect(grown.network.unusedTensors == model.network.unusedTensors)

    let set = try Evaluator(
      model: model, candidates: try CandidateVocabulary(tokenizer: model.tokenizer), parallelism: .granted
    ).prepare(Self.facts, template: prompt.template)
    let inputs = try zip(set.examples, set.inputs).map { fact, input in
      let ids = try grown.tokenizer.encode(text.replacing("[X]", with: fact.subject))
      let expected = input.elements.map { element in
        switch element {
        case .token(let id): id
        case .vector(let index): first + index
        }
      }
      #expect(ids == expected)
      return PromptedInput(elements: ids.map { .token($0) }, readPosition: input.readPosition)
    }
    let words = Array(0..<first)
    let theirs = model.network.logits(
      set.inputs[...], prompt: prompt.vectors, candidates: model.network.candidates(words), Workspace())
    let ours = grown.network.logits(
      inputs[...], prompt: Matrix(rows: 0, columns: prompt.vectors.columns),
      candidates: grown.network.candidates(words), Workspace())
    expectClose(ours, theirs, absolute: 1e-5)
  }

  /// The added tokens take no probability from the others, where the model has an output bias.
  @Test func addedTokensAreNoAnswers() throws {
    let model = try LanguageModel(folder: ZooFixture.folder("bert-tiny"))
    let prompt = try prompt(model, "[X] [V]*5 [Y] .")
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "grown")
    _ = try prompt.writeCheckpoint(to: url, model: ZooFixture.folder("bert-tiny"))
    let network = try FrozenModel(folder: url)
    let first = model.tokenizer.vocabularySize
    let input = PromptedInput(elements: [.token(first), .token(7), .token(first + 4)], readPosition: 1)
    let logits = network.logits(
      [input], prompt: Matrix(rows: 0, columns: prompt.vectors.columns),
      candidates: network.candidates(Array(first..<first + 5)), Workspace())
    #expect(logits.elements.allSatisfy { $0 < -9000 })
  }

  @Test func refusesTokensThatAreThere() throws {
    let model = try LanguageModel(folder: ZooFixture.folder("bert-tiny"))
    let folder = try TemporaryFolder()
    let url = folder.url.appending(path: "grown")
    _ = try prompt(model, "[X] [V]*5 [Y] .").writeCheckpoint(to: url, model: ZooFixture.folder("bert-tiny"))
    let grown = try LanguageModel(folder: url)
    let error = #expect(throws: TransferError.self) {
      try prompt(grown, "[X] [V]*5 [Y] .")
        .writeCheckpoint(to: folder.url.appending(path: "twice"), model: url)
    }
    #expect(error?.description.contains("has a token [V1] already") == true)
    #expect(try folder.contents == ["grown"])
  }
}
