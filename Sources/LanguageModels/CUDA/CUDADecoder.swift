import CUDA
import Checkpoints
import Tensors

/// The decoder with its weights on a device, as ``CPUDecoder`` has it.
struct CUDADecoder: Sendable {
  private let start: Int
  private let memoryNorm: DeviceNorm
  private let layers: [CUDADecoderLayer]

  final class Activations {
    fileprivate let memory: DevicePair  // (T, C)
    fileprivate let memorySaved: DeviceNorm.Saved
    fileprivate let input: DeviceMatrix  // (D, C)
    fileprivate var layers: [CUDADecoderLayer.Activations] = []
    fileprivate let scratch: CUDADecoderLayer.Scratch
    fileprivate let dMemory, nextGradient: DeviceMatrix
    let output: DevicePair  // (R, C)

    init(_ queue: DeviceQueue) {
      (memory, output) = (queue.pair(), queue.pair())
      memorySaved = DeviceNorm.Saved(queue)
      (input, dMemory, nextGradient) = (queue.floats(), queue.floats(), queue.floats())
      scratch = CUDADecoderLayer.Scratch(queue)
    }
  }

  /// Who attends to whom, as kernels read it.
  struct Rows {
    fileprivate let tokens: DeviceIndices.Part
    fileprivate let all, last: Part

    fileprivate struct Part {
      let own, crossing: CUDARows
    }
  }

  init(_ block: Decoder, _ weights: inout CUDAWeights) throws(CheckpointError) {
    start = block.start
    memoryNorm = try weights.norm(block.memoryNorm)
    var layers: [CUDADecoderLayer] = []
    for layer in block.layers { layers.append(try CUDADecoderLayer(layer, &weights)) }
    self.layers = layers
  }

  func rows(_ batch: RaggedBatch, goesBack: Bool, _ indices: DeviceIndices) -> Rows {
    let rows = DecoderRows(batch.inputs)
    func part(_ part: DecoderRows.LayerPart) -> Rows.Part {
      let made = [part.own, part.crossing].map {
        CUDARows($0, rotaries: [], goesBack: goesBack, indices) { _, _ in 0 }
      }
      return Rows.Part(own: made[0], crossing: made[1])
    }
    return Rows(
      tokens: indices.add(DecoderRows.tokens(batch.inputs, start: start)), all: part(rows.all),
      last: part(rows.last))
  }

  /// - Parameter x: what the layers below made of every token, (T, C)
  func forward(
    _ x: DevicePair, _ rows: Rows, _ embeddings: CUDAEmbeddings, _ run: CUDARun, _ a: Activations
  ) throws(DeviceError) -> DevicePair {
    try memoryNorm.forward(x.values, saving: a.memorySaved, into: a.memory, run.queue)
    try embeddings.look(up: rows.tokens, run, into: a.input)
    while a.layers.count < layers.count { a.layers.append(CUDADecoderLayer.Activations(run.queue)) }
    for index in layers.indices {
      let input = index == 0 ? a.input : a.layers[index - 1].output
      let part = index == layers.count - 1 ? rows.last : rows.all
      try layers[index].forward(
        input, a.memory.operand, part.own, part.crossing, run, a.layers[index], a.scratch)
    }
    let values = a.layers.last?.output ?? a.input
    try run.queue.copy(values, into: a.output.values)
    if a.output.operand !== a.output.values { try run.queue.round(values, into: a.output.operand) }
    return a.output
  }

  /// From the gradient of the output, (R, C), which is used up, to that of what was read, (T, C).
  func backward(
    _ x: DevicePair, _ rows: Rows, dOutput: DeviceMatrix, _ run: CUDARun, _ a: Activations
  ) throws(DeviceError) -> DeviceMatrix {
    try a.dMemory.resize(rows: a.memory.values.rows, columns: a.memory.values.columns)
    try run.queue.clear(a.dMemory)
    var (d, next) = (dOutput, a.nextGradient)
    for index in layers.indices.reversed() {
      let part = index == layers.count - 1 ? rows.last : rows.all
      // What the first layer reads depends on no prompt.
      try layers[index].backward(
        index == 0 ? a.input : a.layers[index - 1].output, part.own, part.crossing, run, a.layers[index],
        dOutput: d, addingTo: a.dMemory, dx: index == 0 ? nil : next, a.scratch)
      swap(&d, &next)
    }
    try memoryNorm.backward(
      a.dMemory, of: x.values, a.memorySaved, values: a.dMemory, operand: nil, run.queue)
    return a.dMemory
  }
}

/// One layer of it.
struct CUDADecoderLayer: Sendable {
  private let attention, crossAttention: CUDAAttention
  private let feedForward: CUDAFeedForward
  private let attentionNorm, crossNorm, feedForwardNorm: DeviceNorm

  /// D is the number of the decoder's tokens, Q that of rows that go on.
  final class Activations {
    fileprivate let normalizedInput, normalizedAttended, normalizedMiddle: DeviceMatrix  // operands
    fileprivate let attention, crossAttention: CUDAAttention.Activations
    fileprivate let feedForward: CUDAFeedForward.Activations
    fileprivate let residual, attended, middle: DeviceMatrix  // (Q, C)
    fileprivate let saved: [DeviceNorm.Saved]
    let output: DeviceMatrix  // (Q, C)

    init(_ queue: DeviceQueue) {
      (normalizedInput, normalizedAttended, normalizedMiddle) = (
        queue.operands(), queue.operands(), queue.operands()
      )
      (attention, crossAttention) = (CUDAAttention.Activations(queue), CUDAAttention.Activations(queue))
      feedForward = CUDAFeedForward.Activations(queue)
      (residual, attended, middle, output) = (queue.floats(), queue.floats(), queue.floats(), queue.floats())
      saved = (0..<3).map { _ in DeviceNorm.Saved(queue) }
    }
  }

  final class Scratch {
    fileprivate let attention: CUDAAttention.Scratch
    fileprivate let feedForward: CUDAFeedForward.Scratch
    fileprivate let queries, operand: DeviceMatrix
    fileprivate let dMiddle: DevicePair
    fileprivate let dPart: DeviceMatrix

    init(_ queue: DeviceQueue) {
      attention = CUDAAttention.Scratch(queue)
      feedForward = CUDAFeedForward.Scratch(queue)
      (queries, operand, dPart) = (queue.operands(), queue.operands(), queue.floats())
      dMiddle = queue.pair()
    }
  }

  init(_ block: DecoderLayer, _ weights: inout CUDAWeights) throws(CheckpointError) {
    attention = try CUDAAttention(block.attention, &weights)
    crossAttention = try CUDAAttention(block.crossAttention, crosses: true, &weights)
    feedForward = try CUDAFeedForward(block.feedForward, &weights)
    attentionNorm = try weights.norm(block.attentionNorm)
    crossNorm = try weights.norm(block.crossNorm)
    feedForwardNorm = try weights.norm(block.feedForwardNorm)
  }

  /// - Parameters:
  ///   - x: (D, C)
  ///   - memory: what was read, (T, C), operands
  fileprivate func forward(
    _ x: DeviceMatrix, _ memory: DeviceMatrix, _ own: CUDARows, _ crossing: CUDARows, _ run: CUDARun,
    _ a: Activations, _ scratch: Scratch
  ) throws(DeviceError) {
    let queue = run.queue
    try attentionNorm.forward(x, saving: a.saved[0], values: nil, operand: a.normalizedInput, queue)
    let queries =
      own.rows.queries == nil ? nil : try run.residual(a.normalizedInput, own, scratch.queries)
    let residual = try run.residual(x, own, a.residual)
    try attention.forward(
      a.normalizedInput, queries: queries, own, run, a.attention, scratch.attention, adding: residual,
      into: a.attended)
    try crossNorm.forward(a.attended, saving: a.saved[1], values: nil, operand: a.normalizedAttended, queue)
    try crossAttention.forward(
      memory, queries: a.normalizedAttended, crossing, run, a.crossAttention, scratch.attention,
      adding: a.attended, into: a.middle)
    try feedForwardNorm.forward(a.middle, saving: a.saved[2], values: nil, operand: a.normalizedMiddle, queue)
    try feedForward.forward(a.normalizedMiddle, a.feedForward, adding: a.middle, into: a.output, queue)
  }

  /// - Parameters:
  ///   - dOutput: (Q, C)
  ///   - dMemory: (T, C), added to
  ///   - dx: (D, C), overwritten; nil where nobody wants it
  fileprivate func backward(
    _ x: DeviceMatrix, _ own: CUDARows, _ crossing: CUDARows, _ run: CUDARun, _ a: Activations,
    dOutput: DeviceMatrix, addingTo dMemory: DeviceMatrix, dx: DeviceMatrix?, _ scratch: Scratch
  ) throws(DeviceError) {
    let queue = run.queue
    let (dMiddle, dPart) = (scratch.dMiddle, scratch.dPart)
    try feedForward.backward(
      queue.operand(dOutput, scratch.operand), chosen: 0, a.feedForward, scratch.feedForward,
      into: dMiddle.values, accumulating: false, queue)
    try feedForwardNorm.backward(
      dMiddle.values, of: a.middle, a.saved[2], adding: dOutput, values: dMiddle.values,
      operand: dMiddle.operand, queue)
    try crossAttention.backward(
      dMiddle.operand, crossing, run, a.crossAttention, dQueries: dPart, addingTo: dMemory, scratch.attention)
    guard let dx else { return }
    try crossNorm.backward(
      dPart, of: a.attended, a.saved[1], adding: dMiddle.values, values: dMiddle.values,
      operand: dMiddle.operand, queue)
    try attention.backward(
      dMiddle.operand, around: nil, isOfAll: own.rows.queries == nil, own, run, a.attention, into: dx,
      scratch.attention)
    try attentionNorm.backward(dx, of: x, a.saved[0], values: dx, operand: nil, queue)
    try run.add(dMiddle.values, own.residualSums, to: dx)
  }
}
