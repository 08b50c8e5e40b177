import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// A model whose weights stay as they are stored answers as the one with the same weights in Float32: to the last bit where
/// panels multiply.
@Suite struct StoredWeightsTests {
  @Test(arguments: [
    "gemma", "gemma2", "gemma3", "gpt2", "gptneox", "llama", "olmo2", "phi3", "qwen2", "qwen3",
  ])
  func answersAreTheSame(_ name: String) throws {
    let folder = try TemporaryFolder()
    let model = Fixtures.folder.appending(path: "gguf/\(name)/model.gguf")
    let file = try folder.write(NarrowGGUF.bytes(model), to: "model.gguf")
    let checkpoint = try Checkpoint(folder: file)
    var tensors: [String: Matrix] = [:]
    for tensor in checkpoint.tensorNames {
      let shape = try #require(checkpoint.shape(tensor))
      tensors[tensor] = try checkpoint.matrix(
        tensor, rows: shape.count == 1 ? 1 : shape[0], columns: shape.last ?? 1)
    }
    _ = try folder.write(checkpoint.configuration.text, to: "config.json")
    try SafetensorsFile.serialize(tensors, metadata: [:])
      .write(to: folder.url.appending(path: "model.safetensors"))
    let found = try results(FrozenModel(folder: file))
    let expected = try results(FrozenModel(folder: folder.url))
    for (found, expected) in zip(found, expected) {
      if Linear.keepsRowsApart {
        #expect(found == expected)
      } else {
        expectClose(found, expected, absolute: 2e-5)
      }
    }
  }

  /// Logits of all words and of some, and the gradient.
  private func results(_ model: FrozenModel) throws -> [Matrix] {
    let width = model.configuration.embeddingWidth
    let prompt = Samples.matrix(3, width, "prompt", deviation: 0.3)
    let input = PromptedInput(
      elements: [.token(5), .vector(0), .token(7), .vector(1), .vector(2), .token(30)], readPosition: 5)
    let some = model.candidates([3, 40, 11])
    var gradient = Matrix(rows: 0, columns: 0)
    _ = model.lossAndGradient(
      [input, input], labels: [2, 1], prompt: prompt, candidates: some, scale: 1, gradient: &gradient,
      Workspace())
    return [model.allWords, some].map { model.logits([input], prompt: prompt, candidates: $0, Workspace()) }
      + [gradient]
  }
}
