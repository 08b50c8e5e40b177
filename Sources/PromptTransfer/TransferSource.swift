import LanguageModels
import Tensors

/// A prompt on one of the models it comes from.
public struct TransferSource: Sendable {
  public let space: EmbeddingSpace
  public let prompt: SoftPrompt
  /// Its share among several sources: of the objective, or of the mean of what they carry.
  public let weight: Float

  /// Throws when the prompt is not the model's, or the weight not positive.
  public init(space: EmbeddingSpace, prompt: SoftPrompt, weight: Float = 1) throws(TransferError) {
    try prompt.requireMatch(
      space.table, name: space.name, hint: "Give the model that the prompt was made for")
    guard weight > 0, weight.isFinite else {
      throw TransferError(
        "prompt for \(space.name)", "has the weight \(weight)", hint: "Weights are positive")
    }
    self.space = space
    self.prompt = prompt
    self.weight = weight
  }

  /// The same model with other vectors.
  func carrying(_ vectors: Matrix) throws(TransferError) -> TransferSource {
    try TransferSource(
      space: space,
      prompt: SoftPrompt(
        vectors: vectors, template: .vectors(vectors.rows), modelName: prompt.modelName,
        embeddingFingerprint: prompt.embeddingFingerprint), weight: weight)
  }
}

extension SoftPrompt {
  /// An order of weighted prompts that depends on nothing but what they are.
  static func precedes(
    _ left: (prompt: SoftPrompt, weight: Float), _ right: (prompt: SoftPrompt, weight: Float)
  ) -> Bool {
    let (a, b) = (left.prompt, right.prompt)
    if a.embeddingFingerprint != b.embeddingFingerprint {
      return a.embeddingFingerprint < b.embeddingFingerprint
    }
    if left.weight != right.weight { return left.weight < right.weight }
    return a.vectors.elements.lexicographicallyPrecedes(b.vectors.elements)
  }
}
