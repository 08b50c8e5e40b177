import CUDA
import Checkpoints
import Tensors

/// The bottom of a model on a device, as ``CPUEmbeddings`` has it.
struct CUDAEmbeddings: Sendable {
  let words: DeviceMatrix  // (V, E), operands
  private let scale: Float
  private let positions: DeviceMatrix?
  private let firstPosition: Int
  private let positionsFollow: Bool
  private let tokenType: DeviceMatrix?
  private let norm: DeviceNorm?
  private let projection: DeviceMap?

  final class Activations {
    fileprivate let sum: DeviceMatrix  // (distinct rows D, E)
    fileprivate let saved: DeviceNorm.Saved
    fileprivate let normalized: DevicePair  // (D, E), where there is a norm
    fileprivate let mapped: DevicePair  // (D, C), where there is a projection
    fileprivate let scratch, dMapped: DeviceMatrix

    init(_ queue: DeviceQueue) {
      (sum, scratch, dMapped) = (queue.floats(), queue.floats(), queue.operands())
      (normalized, mapped) = (queue.pair(), queue.pair())
      saved = DeviceNorm.Saved(queue)
    }
  }

  /// Where a batch's rows come from.
  struct Rows {
    fileprivate let distinct: DistinctRows
    fileprivate let elements, places: DeviceIndices.Part
    /// For each vector of the prompt the distinct rows that it stands in.
    fileprivate let vectorSums: DeviceSums

    fileprivate init(
      _ distinct: DistinctRows, vectorCount: Int, firstPosition: Int, _ indices: DeviceIndices
    ) {
      self.distinct = distinct
      let numbers = distinct.rows.map { row in
        switch row.element {
        case .token(let id): id
        case .vector(let index): -1 - index
        }
      }
      elements = indices.add(numbers)
      places = indices.add(distinct.rows.map { firstPosition + $0.position })
      vectorSums = DeviceSums(
        numbers.prefix(distinct.vectorCount).map { -1 - $0 }, height: vectorCount, indices)
    }
  }

  func rows(_ distinct: DistinctRows, vectorCount: Int, _ indices: DeviceIndices) -> Rows {
    Rows(distinct, vectorCount: vectorCount, firstPosition: firstPosition, indices)
  }

  /// - Parameter words: the table, on the device
  init(
    _ block: Embeddings, scale: Float, words: DeviceMatrix, _ weights: inout CUDAWeights
  ) throws(CheckpointError) {
    (self.scale, self.words) = (scale, words)
    positionsFollow = block.positions?.followProjection ?? false
    let positionsWidth = positionsFollow ? block.projection?.outputs ?? block.width : block.width
    positions = try block.positions.map { (table) throws(CheckpointError) in
      try weights.floats(weights.reader.matrix(table.name, rows: table.count, columns: positionsWidth))
    }
    firstPosition = block.positions?.first ?? 0
    tokenType = try block.tokenTypes.map { (types) throws(CheckpointError) in
      let table = try weights.reader.matrix(types.name, rows: types.count, columns: block.width)
      return try weights.floats(table.gathering([0]))
    }
    norm = try block.norm.map { (norm) throws(CheckpointError) in try weights.norm(norm) }
    projection = try block.projection.map { (map) throws(CheckpointError) in try weights.map(map) }
  }

  /// What the first layer reads, (D, C).
  func forward(
    _ rows: Rows, prompt: DeviceMatrix, _ run: CUDARun, _ a: Activations
  ) throws(DeviceError) -> DevicePair {
    let queue = run.queue
    let places = run.indices.address(rows.places)
    try queue.embed(
      run.indices.address(rows.elements), count: rows.elements.count, table: words, prompt: prompt,
      scale: scale, positions: positionsFollow ? nil : positions.map { ($0, places) }, type: tokenType,
      into: a.sum)
    if let norm {
      try norm.forward(a.sum, saving: a.saved, into: a.normalized, queue)
    } else {
      try queue.copy(a.sum, into: a.normalized.values)
      if a.normalized.operand !== a.normalized.values {
        try queue.round(a.sum, into: a.normalized.operand)
      }
    }
    guard let projection else { return a.normalized }
    if positionsFollow, let positions {
      try queue.gather(places, count: rows.places.count, of: positions, into: a.scratch)
      try projection.forward(a.normalized.operand, into: a.mapped.values, adding: a.scratch, queue)
    } else {
      try projection.forward(a.normalized.operand, into: a.mapped.values, queue)
    }
    if a.mapped.operand !== a.mapped.values { try queue.round(a.mapped.values, into: a.mapped.operand) }
    return a.mapped
  }

  /// What the first layer read.
  func output(_ a: Activations) -> DevicePair { projection == nil ? a.normalized : a.mapped }

  /// The scaled rows of these tokens as they are: (tokens, E).
  func look(
    up tokens: DeviceIndices.Part, _ run: CUDARun, into rows: DeviceMatrix
  ) throws(DeviceError) {
    try run.queue.embed(
      run.indices.address(tokens), count: tokens.count, table: words, prompt: nil, scale: scale,
      positions: nil, type: nil, into: rows)
  }

  /// The prompt's gradient, (P, E), from that of the distinct rows that are vectors, which is used up.
  func backward(
    _ rows: Rows, dOutput: DeviceMatrix, _ run: CUDARun, _ a: Activations, into dPrompt: DeviceMatrix
  ) throws(DeviceError) {
    let queue = run.queue
    var d = dOutput
    if let projection {
      try projection.backward(queue.operand(d, a.dMapped), into: a.scratch, queue)
      d = a.scratch
    }
    if let norm { try norm.backward(d, of: a.sum, a.saved, values: d, operand: nil, queue) }
    try queue.sumRows(d, rows.vectorSums, run.indices, scale: scale, into: dPrompt)
  }

  /// For tests: what the forward left, (D, E), and brought to the model's width, (D, C).
  func states(_ a: Activations) -> (embeddings: DeviceMatrix, mapped: DeviceMatrix?) {
    (a.normalized.values, projection == nil ? nil : a.mapped.values)
  }
}
