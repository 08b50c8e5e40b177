import Checkpoints
import Tensors

/// The bottom of the model with its weights: scaled rows of the word table, or the prompt's, with positions and token type,
/// normalised and brought to the model's width.
struct CPUEmbeddings: Sendable {
  let words: FrozenWeight  // (V, E)
  private let scale: Float
  private let positions: Matrix?  // (positions, E), or (positions, C) where they follow the projection
  private let firstPosition: Int
  private let positionsFollow: Bool
  private let tokenType: Matrix?  // (1, E): type 0, the only one in single sequences
  private let norm: CPUNorm?
  private let projection: Linear?  // E to C

  var maps: [Linear] { projection.map { [$0] } ?? [] }

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (distinct rows D, E)
    var saved = CPUNorm.Saved()
    var normalized = Matrix(rows: 0, columns: 0)  // (D, E)
    var mapped = Matrix(rows: 0, columns: 0)  // (D, C), where there is a projection
  }

  /// What the first layer reads, (D, C).
  func output(_ activations: Activations) -> Matrix {
    projection == nil ? activations.normalized : activations.mapped
  }

  /// - Parameter scale: the block's, as the table's type rounds it
  init(_ block: Embeddings, scale: Float, _ reader: inout WeightReader) throws(CheckpointError) {
    self.scale = scale
    words = try reader.table(block.words, rows: block.rows, columns: block.width)
    positionsFollow = block.positions?.followProjection ?? false
    let positionsWidth = positionsFollow ? block.projection?.outputs ?? block.width : block.width
    positions = try block.positions.map { (table) throws(CheckpointError) in
      try reader.matrix(table.name, rows: table.count, columns: positionsWidth)
    }
    firstPosition = block.positions?.first ?? 0
    if let types = block.tokenTypes {
      tokenType = try reader.matrix(types.name, rows: types.count, columns: block.width).gathering([0])
    } else {
      tokenType = nil
    }
    norm = try block.norm.map { (norm) throws(CheckpointError) in try reader.norm(norm) }
    projection = try block.projection.map { (map) throws(CheckpointError) in try reader.linear(map) }
  }

  /// A row for each of the distinct ones.
  func forward(_ distinct: DistinctRows, prompt: Matrix, _ activations: inout Activations) {
    let width = words.columns
    precondition(prompt.columns == width)
    activations.sum.resize(rows: distinct.rows.count, columns: width)
    var target = activations.sum.mutablePointer()
    for (element, position) in distinct.rows {
      switch element {
      case .token(let id): words.copy(row: id, to: target)
      case .vector(let index):
        precondition(index >= 0 && index < prompt.rows)
        target.update(from: prompt.pointer + index * width, count: width)
      }
      for column in 0..<width { target[column] *= scale }
      if !positionsFollow { addPosition(position, to: target) }
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
      guard positionsFollow else { return }
      let mapped = activations.mapped.mutablePointer()
      for (row, distinct) in distinct.rows.enumerated() {
        addPosition(distinct.position, to: mapped + row * projection.outputs)
      }
    }
  }

  /// The scaled rows of these tokens as they are, without positions, type or norm: (tokens, E).
  func look(up tokens: [Int], into rows: inout Matrix) {
    rows.resize(rows: tokens.count, columns: words.columns)
    let target = rows.mutablePointer()
    for (row, token) in tokens.enumerated() { words.copy(row: token, to: target + row * words.columns) }
    if scale != 1 { rows.scale(by: scale) }
  }

  private func addPosition(_ position: Int, to row: UnsafeMutablePointer<Float>) {
    guard let positions else { return }
    kernels.axpy(1, positions.row(firstPosition + position).baseAddress, row, positions.columns)
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
      kernels.axpy(scale, dOutput.pointer + row * width, dPrompt.mutablePointer() + index * width, width)
    }
  }
}
