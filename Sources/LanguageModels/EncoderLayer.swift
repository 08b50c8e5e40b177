import Checkpoints
import Tensors

/// One post-norm transformer layer: attention, residual, LayerNorm; feed-forward, residual, LayerNorm.
///
/// Keys and values are made for every token, the rest only for the query rows: all rows in most layers, the rows
/// that are read in the last one.
struct EncoderLayer: Sendable {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let attention: Attention
  private let attentionOutput: Linear
  private let attentionNorm: LayerNorm
  private let inner: Linear
  private let activation: ActivationFunction
  private let output: Linear
  private let outputNorm: LayerNorm

  /// What a forward leaves for the backward. Q is the number of query rows, T that of tokens.
  struct Activations {
    var spans: [AttentionSpan] = []
    var queryRows = Matrix(rows: 0, columns: 0)  // (Q, C): the rows that are read; unused when Q is T
    var q = Matrix(rows: 0, columns: 0)  // (Q, C)
    var kv = Matrix(rows: 0, columns: 0)  // (T, 2C)
    var probabilities = Matrix(rows: 0, columns: 0)  // (1, sum of H*queries*keys)
    var context = Matrix(rows: 0, columns: 0)  // (Q, C)
    var projected = Matrix(rows: 0, columns: 0)  // (Q, C)
    var attentionSaved = LayerNorm.Saved()
    var middle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var innerSum = Matrix(rows: 0, columns: 0)  // (Q, I)
    var innerOutput = Matrix(rows: 0, columns: 0)  // (Q, I)
    var outputSaved = LayerNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  /// Gradients on their way down, shared by all layers.
  struct Gradients {
    var dq = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dkv = Matrix(rows: 0, columns: 0)  // (T, 2C)
    var dMiddle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dInner = Matrix(rows: 0, columns: 0)  // (Q, I)
    var dContext = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dQueryRows = Matrix(rows: 0, columns: 0)  // (Q, C)
    var scratch = Matrix(rows: 0, columns: 0)
  }

  init(
    _ index: Int, _ reader: inout WeightReader, _ configuration: ModelConfiguration
  ) throws(CheckpointError) {
    let (c, i) = (configuration.width, configuration.innerWidth)
    let prefixes = configuration.family.encoderPrefixes
    let root = "encoder.layer.\(index)"
    query = try reader.linear("\(root).attention.self.query", under: prefixes, outputs: c, inputs: c)
    key = try reader.linear("\(root).attention.self.key", under: prefixes, outputs: c, inputs: c)
    value = try reader.linear("\(root).attention.self.value", under: prefixes, outputs: c, inputs: c)
    attentionOutput = try reader.linear(
      "\(root).attention.output.dense", under: prefixes, outputs: c, inputs: c)
    attentionNorm = try reader.layerNorm("\(root).attention.output.LayerNorm", under: prefixes, configuration)
    inner = try reader.linear("\(root).intermediate.dense", under: prefixes, outputs: i, inputs: c)
    output = try reader.linear("\(root).output.dense", under: prefixes, outputs: c, inputs: i)
    outputNorm = try reader.layerNorm("\(root).output.LayerNorm", under: prefixes, configuration)
    attention = Attention(heads: configuration.headCount, headWidth: c / configuration.headCount)
    activation = configuration.activation
  }

  /// - Parameters:
  ///   - x: (T, C)
  ///   - onlyRead: whether only the rows that are read go on
  func forward(_ x: Matrix, _ batch: RaggedBatch, onlyRead: Bool, _ a: inout Activations) {
    a.spans = onlyRead ? batch.readSpans : batch.fullSpans
    if onlyRead { a.queryRows = x.gathering(batch.readRows) }
    let rows = onlyRead ? a.queryRows : x
    a.q.resize(rows: rows.rows, columns: query.outputs)
    a.kv.resize(rows: x.rows, columns: 2 * key.outputs)
    query.productForward(rows, into: &a.q)
    query.addBias(to: &a.q)
    key.productForward(x, into: &a.kv)
    key.addBias(to: &a.kv)
    value.productForward(x, into: &a.kv, column: key.outputs)
    value.addBias(to: &a.kv, column: key.outputs)
    attention.forward(
      q: a.q, kv: a.kv, spans: a.spans, probabilities: &a.probabilities, context: &a.context)

    a.projected.resize(rows: rows.rows, columns: rows.columns)
    attentionOutput.productForward(a.context, into: &a.projected)
    attentionNorm.forward(
      a.projected, bias: attentionOutput.bias, residual: rows, saving: &a.attentionSaved, into: &a.middle)

    a.innerSum.resize(rows: rows.rows, columns: inner.outputs)
    inner.productForward(a.middle, into: &a.innerSum)
    activation.forward(&a.innerSum, bias: inner.bias, into: &a.innerOutput)
    output.productForward(a.innerOutput, into: &a.projected)
    outputNorm.forward(
      a.projected, bias: output.bias, residual: a.middle, saving: &a.outputSaved, into: &a.output)
  }

  /// - Parameters:
  ///   - dOutput: (Q, C), used up
  ///   - dx: (T, C), overwritten; may not be `dOutput`
  func backward(
    _ batch: RaggedBatch, onlyRead: Bool, _ a: Activations, dOutput: inout Matrix, dx: inout Matrix,
    _ g: inout Gradients
  ) {
    outputNorm.backward(dOutput, a.outputSaved, into: &g.dMiddle)
    g.dInner.resize(rows: g.dMiddle.rows, columns: inner.outputs)
    output.productBackward(g.dMiddle, into: &g.dInner)
    activation.backward(a.innerSum, &g.dInner)
    inner.productBackward(g.dInner, into: &g.dMiddle, accumulating: true)

    attentionNorm.backward(g.dMiddle, a.attentionSaved, into: &g.dQueryRows)
    g.dContext.resize(rows: g.dQueryRows.rows, columns: attentionOutput.inputs)
    attentionOutput.productBackward(g.dQueryRows, into: &g.dContext)
    attention.backward(
      g.dContext, q: a.q, kv: a.kv, spans: a.spans, probabilities: a.probabilities,
      dq: &g.dq, dkv: &g.dkv, scratch: &g.scratch)
    query.productBackward(g.dq, into: &g.dQueryRows, accumulating: true)

    dx.resize(rows: batch.tokenCount, columns: key.inputs)
    key.productBackward(g.dkv, into: &dx)
    value.productBackward(g.dkv, column: key.outputs, into: &dx, accumulating: true)
    let width = dx.columns
    let target = dx.mutablePointer()
    if onlyRead {
      for (query, row) in batch.readRows.enumerated() {
        kernels.axpy(1, g.dQueryRows.pointer + query * width, target + row * width, width)
      }
    } else {
      kernels.axpy(1, g.dQueryRows.pointer, target, dx.count)
    }
  }
}
