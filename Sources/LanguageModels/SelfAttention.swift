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

  /// Q is the number of query rows, T that of tokens.
  struct Activations {
    var spans: [AttentionSpan] = []
    var q = Matrix(rows: 0, columns: 0)  // (Q, C)
    var kv = Matrix(rows: 0, columns: 0)  // (T, 2C)
    var probabilities = Matrix(rows: 0, columns: 0)  // (1, sum of H*queries*keys)
    var context = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  struct Gradients {
    var dq = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dkv = Matrix(rows: 0, columns: 0)  // (T, 2C)
    var dContext = Matrix(rows: 0, columns: 0)  // (Q, C)
    var scratch = Matrix(rows: 0, columns: 0)
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
  ///   - x: (T, C), what keys and values are made of
  ///   - rows: (Q, C), what queries are made of
  ///   - y: (Q, C), without the output's bias
  func forward(
    _ x: Matrix, rows: Matrix, spans: [AttentionSpan], _ a: inout Activations, into y: inout Matrix
  ) {
    a.spans = spans
    a.q.resize(rows: rows.rows, columns: query.outputs)
    a.kv.resize(rows: x.rows, columns: 2 * key.outputs)
    query.forward(rows, into: &a.q)
    key.forward(x, into: &a.kv)
    value.forward(x, into: &a.kv, column: key.outputs)
    attention.forward(q: a.q, kv: a.kv, spans: spans, probabilities: &a.probabilities, context: &a.context)
    y.resize(rows: rows.rows, columns: output.outputs)
    output.productForward(a.context, into: &y)
  }

  /// - Parameters:
  ///   - dy: (Q, C)
  ///   - dx: (T, C), overwritten
  ///   - dRows: (Q, C), overwritten, or added to when `accumulating`
  func backward(
    _ dy: Matrix, _ a: Activations, dx: inout Matrix, dRows: inout Matrix, accumulating: Bool,
    _ g: inout Gradients
  ) {
    g.dContext.resize(rows: dy.rows, columns: output.inputs)
    output.backward(dy, into: &g.dContext)
    attention.backward(
      g.dContext, q: a.q, kv: a.kv, spans: a.spans, probabilities: a.probabilities,
      dq: &g.dq, dkv: &g.dkv, scratch: &g.scratch)
    if !accumulating { dRows.resize(rows: dy.rows, columns: query.inputs) }
    query.backward(g.dq, into: &dRows, accumulating: accumulating)
    dx.resize(rows: a.kv.rows, columns: key.inputs)
    key.backward(g.dkv, into: &dx)
    value.backward(g.dkv, column: key.outputs, into: &dx, accumulating: true)
  }
}
