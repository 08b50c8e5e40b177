import Checkpoints
import Tensors

/// The bottom of the model: word, position and token-type embeddings, summed and normalised.
struct EmbeddingLayer: Sendable {
  let words: Matrix  // (V, C)
  private let positions: Matrix  // (positions, C)
  private let tokenType: Matrix  // (1, C): type 0, the only one in single sequences
  private let norm: LayerNorm
  private let firstPosition: Int

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (T, C)
    var saved = LayerNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (T, C)
  }

  static let wordName = "embeddings.word_embeddings.weight"

  init(_ reader: inout WeightReader, _ configuration: ModelConfiguration) throws(CheckpointError) {
    let prefixes = configuration.family.encoderPrefixes
    let width = configuration.width
    words = try reader.matrix(
      Self.wordName, under: prefixes, rows: configuration.vocabularySize, columns: width)
    positions = try reader.matrix(
      "embeddings.position_embeddings.weight", under: prefixes, rows: configuration.positionCount,
      columns: width)
    tokenType = try reader.matrix(
      "embeddings.token_type_embeddings.weight", under: prefixes, rows: configuration.tokenTypeCount,
      columns: width
    ).gathering([0])
    norm = try reader.layerNorm("embeddings.LayerNorm", under: prefixes, configuration)
    firstPosition = configuration.firstPosition
  }

  func forward(_ batch: RaggedBatch, prompt: Matrix, _ activations: inout Activations) {
    let width = words.columns
    precondition(prompt.columns == width)
    activations.sum.resize(rows: batch.tokenCount, columns: width)
    var target = activations.sum.mutablePointer()
    for input in batch.inputs {
      for (position, element) in input.elements.enumerated() {
        let vector =
          switch element {
          case .token(let id): words.row(id)
          case .vector(let index): prompt.row(index)
          }
        let place = positions.row(firstPosition + position)
        for column in 0..<width {
          target[column] = vector[column] + tokenType.pointer[column] + place[column]
        }
        target += width
      }
    }
    norm.forward(activations.sum, saving: &activations.saved, into: &activations.output)
  }

  /// Adds to `dPrompt` (P, C) the gradient of its rows; `dOutput` (T, C) is used up.
  func backward(
    _ batch: RaggedBatch, _ activations: Activations, dOutput: inout Matrix, addingTo dPrompt: inout Matrix
  ) {
    norm.backward(dOutput, activations.saved, into: &dOutput)
    let width = words.columns
    let target = dPrompt.mutablePointer()
    for (input, rows) in zip(batch.inputs, batch.rows) {
      for (row, element) in zip(rows, input.elements) {
        guard case .vector(let index) = element else { continue }
        kernels.axpy(1, dOutput.pointer + row * width, target + index * width, width)
      }
    }
  }
}
