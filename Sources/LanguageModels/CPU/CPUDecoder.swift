import Checkpoints
import Tensors

/// The decoder with its weights. Of each sequence it has its start, the mask, and what may follow, and answers from the second token on.
struct CPUDecoder: Sendable {
  private let start: Int
  private let memoryNorm: CPUNorm
  private let layers: [CPUDecoderLayer]

  var maps: [Linear] { layers.flatMap(\.maps) }

  /// Sequences with T tokens that were read, D tokens of the decoder's own and R predictions.
  struct Activations {
    fileprivate var rows = DecoderRows([])
    fileprivate var memorySaved = CPUNorm.Saved()
    fileprivate var memory = Matrix(rows: 0, columns: 0)  // (T, C)
    fileprivate var input = Matrix(rows: 0, columns: 0)  // (D, C)
    fileprivate var layers: [CPUDecoderLayer.Activations] = []
    fileprivate var scratch = CPUDecoderLayer.Scratch()
    fileprivate var gradient = Matrix(rows: 0, columns: 0)  // (D, C)
    fileprivate var nextGradient = Matrix(rows: 0, columns: 0)  // (D, C)
    fileprivate(set) var output = Matrix(rows: 0, columns: 0)  // (R, C)
  }

  init(_ block: Decoder, _ reader: inout WeightReader, _ rotations: RotationStore) throws(CheckpointError) {
    start = block.start
    memoryNorm = try reader.norm(block.memoryNorm)
    var layers: [CPUDecoderLayer] = []
    for layer in block.layers { layers.append(try CPUDecoderLayer(layer, &reader, rotations)) }
    self.layers = layers
  }

  /// - Parameters:
  ///   - x: what the layers below made of every token, (T, C)
  ///   - embeddings: what the decoder's own tokens are looked up in
  func forward(_ x: Matrix, _ batch: RaggedBatch, _ embeddings: CPUEmbeddings, _ a: inout Activations) {
    a.rows = DecoderRows(batch.inputs)
    memoryNorm.forward(x, saving: &a.memorySaved, into: &a.memory)
    embeddings.look(
      up: DecoderRows.tokens(batch.inputs, start: start), into: &a.input)
    while a.layers.count < layers.count { a.layers.append(CPUDecoderLayer.Activations()) }
    for index in layers.indices {
      let input = index == 0 ? a.input : a.layers[index - 1].output
      let isLast = index == layers.count - 1
      layers[index].forward(
        input, a.memory, isLast ? a.rows.last : a.rows.all, &a.layers[index], &a.scratch)
    }
    if let last = a.layers.indices.last { a.output.copy(a.layers[last].output) }
  }

  /// From the gradient of the output, (R, C), to that of what was read, (T, C), in the same matrix.
  func backward(_ a: inout Activations, _ gradient: inout Matrix) {
    a.gradient.copy(gradient)
    gradient.resize(rows: a.memory.rows, columns: a.memory.columns)
    gradient.fill(0)
    for index in layers.indices.reversed() {
      let isLast = index == layers.count - 1
      // What the first layer reads depends on no prompt.
      layers[index].backward(
        isLast ? a.rows.last : a.rows.all, a.layers[index], dOutput: a.gradient, addingTo: &gradient,
        dx: &a.nextGradient, isFirst: index == 0, &a.scratch)
      swap(&a.gradient, &a.nextGradient)
    }
    memoryNorm.backward(&gradient, a.memorySaved)
  }
}

/// One layer of it.
struct CPUDecoderLayer: Sendable {
  private let attention, crossAttention: CPUAttention
  private let feedForward: CPUFeedForward
  private let attentionNorm, crossNorm, feedForwardNorm: CPUNorm

  var maps: [Linear] { attention.maps + crossAttention.maps + feedForward.maps }

  /// D is the number of the decoder's tokens, Q that of rows that go on: all D, or those that are read in the last layer.
  struct Activations {
    var normalizedInput = Matrix(rows: 0, columns: 0)  // (D, C)
    var attention = CPUAttention.Activations()
    var attentionSaved = CPUNorm.Saved()
    var attended = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedAttended = Matrix(rows: 0, columns: 0)  // (Q, C)
    var crossAttention = CPUAttention.Activations()
    var crossSaved = CPUNorm.Saved()
    var middle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedMiddle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var feedForward = CPUFeedForward.Activations()
    var feedForwardSaved = CPUNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  struct Scratch {
    var attention = CPUAttention.Scratch()
    var feedForward = CPUFeedForward.Scratch()
    var residual = Matrix(rows: 0, columns: 0)  // (Q, C)
    var projected = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dPart = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dMiddle = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  init(_ block: DecoderLayer, _ reader: inout WeightReader, _ rotations: RotationStore)
    throws(CheckpointError)
  {
    attention = try CPUAttention(block.attention, &reader, rotations)
    crossAttention = try CPUAttention(block.crossAttention, &reader, rotations)
    feedForward = try CPUFeedForward(block.feedForward, &reader)
    attentionNorm = try reader.norm(block.attentionNorm)
    crossNorm = try reader.norm(block.crossNorm)
    feedForwardNorm = try reader.norm(block.feedForwardNorm)
  }

  /// - Parameters:
  ///   - x: (D, C)
  ///   - memory: what was read, (T, C)
  fileprivate func forward(
    _ x: Matrix, _ memory: Matrix, _ rows: DecoderRows.LayerPart, _ a: inout Activations,
    _ scratch: inout Scratch
  ) {
    attentionNorm.forward(x, saving: &a.attentionSaved, into: &a.normalizedInput)
    if let places = rows.own.queries { scratch.residual.gather(places, of: a.normalizedInput) }
    attention.forward(
      a.normalizedInput, residual: rows.own.queries == nil ? a.normalizedInput : scratch.residual, rows.own,
      &a.attention, &scratch.attention, into: &scratch.projected)
    attention.output.addBias(to: &scratch.projected)
    if let places = rows.own.queries { a.attended.gather(places, of: x) } else { a.attended.copy(x) }
    a.attended.scatterAdd(scratch.projected)

    crossNorm.forward(a.attended, saving: &a.crossSaved, into: &a.normalizedAttended)
    crossAttention.forward(
      memory, residual: a.normalizedAttended, rows.crossing, &a.crossAttention, &scratch.attention,
      into: &scratch.projected)
    crossAttention.output.addBias(to: &scratch.projected)
    a.middle.copy(a.attended)
    a.middle.scatterAdd(scratch.projected)

    feedForwardNorm.forward(a.middle, saving: &a.feedForwardSaved, into: &a.normalizedMiddle)
    feedForward.forward(a.normalizedMiddle, &a.feedForward, into: &scratch.projected)
    feedForward.output.addBias(to: &scratch.projected)
    a.output.copy(a.middle)
    a.output.scatterAdd(scratch.projected)
  }

  /// - Parameters:
  ///   - dOutput: (Q, C)
  ///   - dMemory: (T, C), added to
  ///   - dx: (D, C), overwritten unless `isFirst`: nobody wants it then
  fileprivate func backward(
    _ rows: DecoderRows.LayerPart, _ a: Activations, dOutput: Matrix, addingTo dMemory: inout Matrix,
    dx: inout Matrix, isFirst: Bool, _ scratch: inout Scratch
  ) {
    scratch.dMiddle.copy(dOutput)
    feedForward.backward(&scratch.dMiddle, a.feedForward, &scratch.feedForward, runs: nil, isAdding: false)
    feedForwardNorm.backward(&scratch.dMiddle, a.feedForwardSaved)
    scratch.dMiddle.scatterAdd(dOutput)

    crossAttention.backward(
      scratch.dMiddle, rows.crossing, a.crossAttention, dQueries: &scratch.dPart, addingTo: &dMemory,
      &scratch.attention)
    if isFirst { return }
    crossNorm.backward(&scratch.dPart, a.crossSaved)
    scratch.dMiddle.scatterAdd(scratch.dPart)

    attention.backward(scratch.dMiddle, rows.own, a.attention, dx: &dx, &scratch.attention)
    attentionNorm.backward(&dx, a.attentionSaved)
    dx.scatterAdd(scratch.dMiddle, to: rows.own.residualPlaces)
  }
}
