import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// What stands before a causal model's first vector gets no gradient; the prompt's is what it would be.
@Suite struct CausalTests {
  /// Norms before, after, on both sides and inside; windows, caps, parts side by side.
  static let models = [
    "llama-grouped", "gemma2-odd", "olmo2-odd", "neox-odd", "opt-post", "opt-projected", "gpt2-odd",
    "mistral-window",
  ]

  static let inputs = [
    PromptedInput(
      elements: [.token(7), .token(9), .token(11), .vector(0), .token(12), .vector(1)], readPosition: 5),
    PromptedInput(elements: [.vector(1), .token(8), .vector(0)], readPosition: 2),
    PromptedInput(elements: [.token(7), .token(9), .token(30)], readPosition: 2),
    PromptedInput(elements: [.token(7), .token(9), .token(11), .token(5), .vector(0)], readPosition: 4),
    // Read before the prompt: nothing depends on it.
    PromptedInput(elements: [.token(40), .token(9), .vector(1), .vector(0)], readPosition: 1),
  ]
  static let labels = [3, 20, 16, 9, 8]

  private func answer(_ model: FrozenModel, _ range: Range<Int>, _ prompt: Matrix) -> (
    losses: [Float], gradient: Matrix
  ) {
    var gradient = Matrix(rows: 0, columns: 0)
    let losses = model.lossAndGradient(
      Self.inputs[range], labels: Self.labels[range], prompt: prompt, candidates: model.allWords, scale: 0.5,
      gradient: &gradient, Workspace())
    return (losses, gradient)
  }

  /// Central differences of the Float32 losses: with a step of 1e-2 their noise and the third derivatives leave 2e-4.
  @Test(arguments: models)
  func theGradientIsTheSlope(_ name: String) throws {
    let model = try FrozenModel(folder: Fixtures.model(name))
    let width = model.configuration.embeddingWidth
    let prompt = Samples.matrix(2, width, "prompt", deviation: 0.3)
    let whole = answer(model, 0..<5, prompt)
    let indices = Array(stride(from: 0, to: 2 * width, by: 5))
    let slope = centralDifferences(at: prompt.elements, step: 1e-2 as Float, indices: indices) { point in
      answer(model, 0..<5, Matrix(rows: 2, columns: width, point)).losses.reduce(0) { $0 + Double($1) } / 2
    }
    expectClose(indices.map { whole.gradient.elements[$0] }, slope, absolute: 1e-3, relative: 2e-3)
    #expect(whole.gradient.elements.contains { abs($0) > 1e-2 })
  }

  /// By themselves the sequences have other rows without gradient than together.
  @Test(arguments: models)
  func sequencesDoNotSeeEachOther(_ name: String) throws {
    let model = try FrozenModel(folder: Fixtures.model(name))
    let prompt = Samples.matrix(2, model.configuration.embeddingWidth, "prompt", deviation: 0.3)
    let whole = answer(model, 0..<5, prompt)
    var sum = [Float](repeating: 0, count: prompt.count)
    for index in Self.inputs.indices {
      let alone = answer(model, index..<index + 1, prompt)
      expectClose(alone.losses, [whole.losses[index]], absolute: 4e-6)
      sum = zip(sum, alone.gradient.elements).map { $0 + $1 }
      if [2, 4].contains(index) { #expect(alone.gradient.elements.allSatisfy { $0 == 0 }) }
    }
    expectClose(whole.gradient.elements, sum, absolute: 4e-6)
  }
}
