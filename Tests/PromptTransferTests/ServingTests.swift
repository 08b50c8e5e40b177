import Checkpoints
import Foundation
import LanguageModels
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// What is written for servers is what the model computes with the prompt.
@Suite struct ServingTests {
  static let models = ["gpt2", "llama", "gemma", "gemma2", "gemma3"].map {
    Fixtures.folder.appending(path: "gguf/\($0)/model.gguf")
  }
  static let texts = ["a b", "ab"]

  private func prompt(_ model: LanguageModel, _ template: String) throws -> SoftPrompt {
    SoftPrompt(
      vectors: Samples.matrix(3, model.space.table.width, "prompt", deviation: 0.1),
      template: try Template(template), modelName: model.name,
      embeddingFingerprint: model.space.table.fingerprint)
  }

  /// The logits over all words of a sequence, (1, V).
  private func logits(
    _ model: LanguageModel, _ elements: [PromptedInput.Element], _ prompt: Matrix, _ words: Int
  )
    -> Matrix
  {
    let input = PromptedInput(elements: elements, readPosition: elements.count - 1)
    return model.network.logits(
      [input], prompt: prompt, candidates: model.network.candidates(Array(0..<words)), Workspace())
  }

  /// Rows and vectors in one sequence, each times the scale once.
  @Test(arguments: models, ["[X] [V]*3 [Y] .", "[V]*2 [X] a [V] [Y]"])
  func sequencesAreScaledOnce(_ url: URL, _ template: String) throws {
    let model = try LanguageModel(folder: url)
    let prompt = try prompt(model, template)
    for text in Self.texts {
      let input = try EmbeddedInput(text, prompt: prompt, model: model.space)
      let scale = Float(model.space.table.inputScale)
      #expect((scale != 1) == url.path.contains("gemma"))
      let before = Matrix(
        rows: input.rows.rows, columns: input.rows.columns, input.rows.elements.map { $0 / scale })
      let found = (0..<before.rows).filter { row in
        (0..<3).contains { vector in
          zip(before.row(row), prompt.vectors.row(vector)).allSatisfy { abs($0 - $1) <= 1e-6 }
        }
      }
      #expect(found.count == 3)
      // The model takes them as it takes words and vectors.
      let ids = try model.tokenizer.prefix + model.tokenizer.encode(text, addingSpecialTokens: false)
      guard template.hasPrefix("[X]") else { continue }
      let count = model.space.table.rowCount
      let expected = logits(
        model, ids.map { .token($0) } + (0..<3).map { .vector($0) }, prompt.vectors, count)
      let ours = logits(model, (0..<before.rows).map { .vector($0) }, before, count)
      expectClose(ours, expected, absolute: 1e-4)
    }
  }

  /// A GGUF file with tokens for the vectors answers as the model does with the prompt.
  @Test(arguments: models) func grownFilesAnswerAlike(_ url: URL) throws {
    let model = try LanguageModel(folder: url)
    let prompt = try prompt(model, "[X] [V]*3 [Y] .")
    let folder = try TemporaryFolder()
    let grownURL = folder.url.appending(path: "grown.gguf")
    #expect(try prompt.writeGGUF(to: grownURL, model: url) == "[X][V1][V2][V3]")
    let grown = try LanguageModel(folder: grownURL)
    let count = model.space.table.rowCount
    #expect(grown.space.table.rowCount == count + 3)
    #expect(grown.space.table.inputScale == model.space.table.inputScale)
    let ids = try model.tokenizer.prefix + model.tokenizer.encode("a b", addingSpecialTokens: false)
    let text = "a b[V1][V2][V3]"
    #expect(
      try grown.tokenizer.encode(text, addingSpecialTokens: false).suffix(3) == [count, count + 1, count + 2])
    let none = Matrix(rows: 0, columns: prompt.vectors.columns)
    let found = logits(grown, (ids + [count, count + 1, count + 2]).map { .token($0) }, none, count)
    let expected = logits(model, ids.map { .token($0) } + (0..<3).map { .vector($0) }, prompt.vectors, count)
    expectClose(found, expected, absolute: 1e-4)
    // A prompt of the old file does not belong to the new one, nor can it be grown by it again.
    let error = #expect(throws: TransferError.self) { try prompt.writeGGUF(to: grownURL, model: grownURL) }
    #expect(error?.description.contains("does not belong to") == true)
  }

  /// llama.cpp scales what Gemma 1 and 2 are given, and not what Gemma 3 is.
  @Test(arguments: models) func plainNumbersAreInLlamaCppsSpace(_ url: URL) throws {
    let model = try LanguageModel(folder: url)
    let prompt = try prompt(model, "[X] [V]*3 [Y]")
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "v.f32")
    let (rows, scale) = try prompt.writeEmbeddings(to: place, text: nil, model: model.space)
    #expect(rows == 3 && (scale != 1) == url.path.contains("gemma3"))
    let numbers = try Data(contentsOf: place).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    #expect(numbers == prompt.vectors.elements.map { $0 * Float(scale) })
  }

  @Test func aSequenceBeforeTheScaleHasTheVectorsAsTheyAre() throws {
    let model = try LanguageModel(folder: Fixtures.folder.appending(path: "gguf/gemma2/model.gguf"))
    let prompt = try prompt(model, "[V]*3 [X] [Y]")
    let folder = try TemporaryFolder()
    let place = folder.url.appending(path: "sequence.f32")
    let (_, scale) = try prompt.writeEmbeddings(to: place, text: Self.texts[0], model: model.space)
    let numbers = try Data(contentsOf: place).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    let first = model.tokenizer.prefix.count * model.space.table.width
    #expect(scale == 1 && Array(numbers[first...].prefix(prompt.vectors.count)) == prompt.vectors.elements)
  }

  @Test(arguments: [
    ("[X] [V]*3 [Y] .", "[X][V1][V2][V3]"),
    ("[V]*2 The city of [X] [V] lies in [Y]", "[V1][V2]The city of [X][V3]lies in"),
    (" The [X] is [V]*3 , a [Y]", "The [X] is[V1][V2][V3], a"), ("[X] [V] [V] [V] [Y]", "[X][V1][V2][V3]"),
  ])
  func textsHaveNoSpaceBesideTokens(_ template: String, _ text: String) throws {
    let url = Self.models[0]
    let prompt = try prompt(LanguageModel(folder: url), template)
    let folder = try TemporaryFolder()
    #expect(try prompt.writeGGUF(to: folder.url.appending(path: "g.gguf"), model: url) == text)
  }

  /// The text of a causal checkpoint ends where the answer begins.
  @Test func checkpointsOfCausalModelsEndAtTheAnswer() throws {
    let url = ZooFixture.folder("gpt2-small")
    let prompt = try prompt(LanguageModel(folder: url), "[X] [V]*3 [Y] .")
    let folder = try TemporaryFolder()
    let text = try prompt.writeCheckpoint(to: folder.url.appending(path: "grown"), model: url)
    #expect(text == "[X] [V1] [V2] [V3]")
  }
}
