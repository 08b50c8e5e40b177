import Checkpoints
import Tensors

/// Queries, keys, values, attention and the map after it. Keys and values are made for every token, the rest only for the
/// query rows: all rows in most layers, the rows that are read in the last one.
struct SelfAttention: Sendable {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let attention: Attention
  let output: Linear

  var maps: [Linear] { [query, key, value, output] }

  /// Q is the number of query rows, T that of tokens, R that of the input's rows.
  struct Activations {
    var q = Matrix(rows: 0, columns: 0)  // (Q, C)
    var kv = Matrix(rows: 0, columns: 0)  // (T, 2C)
    var probabilities = Matrix(rows: 0, columns: 0)  // (1, sum of H*queries*keys)
    var context = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  /// Buffers shared by all layers.
  struct Scratch {
    var ofInput = Matrix(rows: 0, columns: 0)  // (R, C) or (R, 2C)
    var dq = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dkv = Matrix(rows: 0, columns: 0)  // (T, 2C)
    var dContext = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dScores = Matrix(rows: 0, columns: 0)
  }

  init(
    _ names: LayerNames, under prefixes: [String], _ reader: inout WeightReader,
    _ configuration: ModelConfiguration
  ) throws(CheckpointError) {
    let c = configuration.width
    let maps =
      names.queryKeyValue.count == 1
      ? try reader.fusedLinears(names.queryKeyValue[0], under: prefixes, count: 3, outputs: c, inputs: c)
      : try reader.linears(names.queryKeyValue, under: prefixes, outputs: c, inputs: c)
    (query, key, value) = (maps[0], maps[1], maps[2])
    output = try reader.linear(names.attentionOutput, under: prefixes, outputs: c, inputs: c)
    attention = Attention(
      heads: configuration.headCount, headWidth: c / configuration.headCount,
      isCausal: configuration.family.isCausal)
  }

  /// - Parameters:
  ///   - x: (R, C), what keys and values are made of
  ///   - residual: (Q, C), the rows that go on
  ///   - y: (Q, C), without the output's bias
  func forward(
    _ x: Matrix, residual: Matrix, _ rows: LayerRows, _ a: inout Activations, _ scratch: inout Scratch,
    into y: inout Matrix
  ) {
    let c = key.outputs
    if let tokens = rows.tokens, rows.queries == nil {
      scratch.ofInput.resize(rows: x.rows, columns: c)
      query.forward(x, into: &scratch.ofInput)
      a.q.gather(tokens, of: scratch.ofInput)
    } else {
      a.q.resize(rows: residual.rows, columns: c)
      query.forward(residual, into: &a.q)
    }
    if let tokens = rows.tokens {
      keysAndValues(x, into: &scratch.ofInput)
      a.kv.gather(tokens, of: scratch.ofInput)
    } else {
      keysAndValues(x, into: &a.kv)
    }
    attention.forward(
      q: a.q, kv: a.kv, spans: rows.spans, probabilities: &a.probabilities, context: &a.context)
    y.resize(rows: residual.rows, columns: output.outputs)
    output.productForward(a.context, into: &y)
  }

  private func keysAndValues(_ x: Matrix, into kv: inout Matrix) {
    kv.resize(rows: x.rows, columns: 2 * key.outputs)
    key.forward(x, into: &kv)
    value.forward(x, into: &kv, column: key.outputs)
  }

  /// - Parameters:
  ///   - dy: (Q, C)
  ///   - dx: (`rows.height`, C), overwritten
  func backward(
    _ dy: Matrix, _ rows: LayerRows, _ a: Activations, dx: inout Matrix, _ scratch: inout Scratch
  ) {
    scratch.dContext.resize(rows: dy.rows, columns: output.inputs)
    output.backward(dy, into: &scratch.dContext)
    attention.backward(
      scratch.dContext, q: a.q, kv: a.kv, spans: rows.spans, probabilities: a.probabilities,
      dq: &scratch.dq, dkv: &scratch.dkv, scratch: &scratch.dScores)
    dx.resize(rows: rows.height, columns: key.inputs)
    if let places = rows.tokens {
      scratch.ofInput.sumRows(scratch.dkv, by: places, height: rows.height)
      swap(&scratch.ofInput, &scratch.dkv)
    }
    key.backward(scratch.dkv, into: &dx)
    value.backward(scratch.dkv, column: key.outputs, into: &dx, accumulating: true)
    if let queries = rows.queries {
      scratch.ofInput.resize(rows: scratch.dq.rows, columns: query.inputs)
      query.backward(scratch.dq, into: &scratch.ofInput)
      dx.scatterAdd(scratch.ofInput, to: queries)
      return
    }
    if let places = rows.tokens {
      scratch.ofInput.sumRows(scratch.dq, by: places, height: rows.height)
      swap(&scratch.ofInput, &scratch.dq)
    }
    query.backward(scratch.dq, into: &dx, accumulating: true)
  }
}
