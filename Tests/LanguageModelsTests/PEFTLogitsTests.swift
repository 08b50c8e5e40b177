import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// What `peft` computes with its own adapters on the tiny GPT-2.
@Suite struct PEFTLogitsTests {
  static let folder = Fixtures.folder.appending(path: "prompts")

  private func logits(_ name: String, place: (Int, Int) -> [PromptedInput.Element]) throws -> Matrix {
    let model = try FrozenModel(folder: Fixtures.model("gpt2-odd"))
    let vectors = try PEFTAdapter(folder: Self.folder.appending(path: name)).vectors
    let sequences = try #require(
      try Fixtures.json(Self.folder.appending(path: "golden.json"))["sequences"]?.array)
    let inputs = sequences.map { sequence in
      let ids = sequence.array?.compactMap(\.int) ?? []
      let elements = ids.enumerated().flatMap { place($0, $1) }
      return PromptedInput(elements: elements, readPosition: elements.count - 1)
    }
    return model.logits(inputs[...], prompt: vectors, candidates: model.allWords, Workspace())
  }

  private func golden(_ name: String) throws -> Matrix {
    try #require(
      try GoldenTensors(Self.folder.appending(path: "golden.safetensors")).matrix("\(name).logits"))
  }

  /// 1e-4: F32 on both sides, logits of order 1.
  @Test(arguments: ["prompt-tuning", "p-tuning", "p-tuning-bin"])
  func prependedVectorsGiveItsLogits(_ name: String) throws {
    let vectors = (0..<4).map { PromptedInput.Element.vector($0) }
    let found = try logits(name) { $0 == 0 ? vectors + [.token($1)] : [.token($1)] }
    expectClose(found, try golden(name), absolute: 1e-4)
  }

  /// Were the vectors anywhere else, the comparison would notice.
  @Test func vectorsAfterTheFirstTokenDoNot() throws {
    let vectors = (0..<4).map { PromptedInput.Element.vector($0) }
    let found = try logits("prompt-tuning") { $0 == 0 ? [.token($1)] + vectors : [.token($1)] }
    let expected = try golden("prompt-tuning")
    #expect(zip(found.elements, expected.elements).contains { abs($0 - $1) > 1e-2 })
  }
}
