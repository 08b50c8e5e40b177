import Checkpoints
import Tensors

/// The bottom of the model: word, position and token-type embeddings, summed, then normalised and brought to the model's
/// width where the family does so.
struct EmbeddingLayer: Sendable {
  let words: Matrix  // (V, E)
  private let positions: Matrix  // (positions, E)
  private let tokenType: Matrix?  // (1, E): type 0, the only one in single sequences
  private let norm: LayerNorm?
  private let projection: Linear?  // E to C
  private let firstPosition: Int

  var maps: [Linear] { projection.map { [$0] } ?? [] }

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (distinct rows D, E)
    var saved = LayerNorm.Saved()
    var normalized = Matrix(rows: 0, columns: 0)  // (D, E)
    var mapped = Matrix(rows: 0, columns: 0)  // (D, C), where there is a projection
  }

  /// What the first layer reads, (D, C).
  func output(_ activations: Activations) -> Matrix {
    projection == nil ? activations.normalized : activations.mapped
  }

  init(_ reader: inout WeightReader, _ configuration: ModelConfiguration) throws(CheckpointError) {
    let architecture = configuration.family.architecture
    let prefixes = architecture.bodyPrefixes
    let (width, c) = (configuration.embeddingWidth, configuration.width)
    words = try reader.matrix(
      architecture.words, under: prefixes, rows: configuration.vocabularySize, columns: width)
    positions = try reader.matrix(
      architecture.positions, under: prefixes, rows: configuration.positionCount, columns: width)
    if let name = architecture.tokenTypes {
      tokenType = try reader.matrix(
        name, under: prefixes, rows: configuration.tokenTypeCount, columns: width
      ).gathering([0])
    } else {
      tokenType = nil
    }
    if let name = architecture.embeddingNorm {
      norm = try reader.layerNorm(
        name, under: prefixes, width: width, epsilon: configuration.layerNormEpsilon)
    } else {
      norm = nil
    }
    // ELECTRA has the map only where the widths differ; ALBERT always has it.
    if let name = architecture.embeddingProjection,
      width != c || reader.find("\(name).weight", under: prefixes) != nil
    {
      projection = try reader.linear(name, under: prefixes, outputs: c, inputs: width)
    } else {
      projection = nil
    }
    firstPosition = configuration.firstPosition
  }

  /// A row for each of the distinct ones.
  func forward(_ distinct: DistinctRows, prompt: Matrix, _ activations: inout Activations) {
    let width = words.columns
    precondition(prompt.columns == width)
    activations.sum.resize(rows: distinct.rows.count, columns: width)
    var target = activations.sum.mutablePointer()
    for (element, position) in distinct.rows {
      let vector =
        switch element {
        case .token(let id): words.row(id)
        case .vector(let index): prompt.row(index)
        }
      let place = positions.row(firstPosition + position)
      for column in 0..<width { target[column] = vector[column] + place[column] }
      if let tokenType { kernels.axpy(1, tokenType.pointer, target, width) }
      target += width
    }
    if let norm {
      norm.forward(activations.sum, saving: &activations.saved, into: &activations.normalized)
    } else {
      activations.normalized.copy(activations.sum)
    }
    if let projection {
      activations.mapped.resize(rows: distinct.rows.count, columns: projection.outputs)
      projection.forward(activations.normalized, into: &activations.mapped)
    }
  }

  /// Adds to `dPrompt` (P, E) the gradient of its rows; `dOutput` (distinct rows that are vectors, C) is used up.
  func backward(
    _ distinct: DistinctRows, _ activations: Activations, dOutput: inout Matrix, _ scratch: inout Matrix,
    addingTo dPrompt: inout Matrix
  ) {
    if let projection {
      scratch.resize(rows: dOutput.rows, columns: words.columns)
      projection.backward(dOutput, into: &scratch)
      swap(&dOutput, &scratch)
    }
    if let norm { norm.backward(&dOutput, activations.saved) }
    for (row, distinct) in distinct.rows.prefix(distinct.vectorCount).enumerated() {
      guard case .vector(let index) = distinct.element else { continue }
      let width = words.columns
      kernels.axpy(1, dOutput.pointer + row * width, dPrompt.mutablePointer() + index * width, width)
    }
  }
}
