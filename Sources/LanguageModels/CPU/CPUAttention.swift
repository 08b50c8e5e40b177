import Checkpoints
import Tensors

/// Queries, keys, values, attention and the map after it. Keys and values are made for every token, the rest only for the
/// query rows: all rows in most layers, the rows that are read in the last one.
struct CPUAttention: Sendable {
  private let query, key, value: Linear
  private let queryNorm, keyNorm: CPUNorm?
  private let attention: Attention
  private let rotary: Rotary?
  private let rotations: RotationStore
  let output: Linear

  var maps: [Linear] { [query, key, value, output] }

  /// Q is the number of query rows, T that of tokens, R that of the input's rows; D is the width of a head.
  struct Activations {
    var q = Matrix(rows: 0, columns: 0)  // (Q, H*D)
    var k = Matrix(rows: 0, columns: 0)  // (T, key heads * D)
    var v = Matrix(rows: 0, columns: 0)  // (T, key heads * D)
    var querySaved = CPUNorm.Saved()
    var keySaved = CPUNorm.Saved()
    var probabilities = Matrix(rows: 0, columns: 0)  // (1, sum of H*queries*keys)
    var context = Matrix(rows: 0, columns: 0)  // (Q, H*D)
  }

  /// Buffers shared by all layers.
  struct Scratch {
    var ofInput = Matrix(rows: 0, columns: 0)  // (R, width of queries, of keys or C)
    var dq = Matrix(rows: 0, columns: 0)  // (Q, H*D)
    var dk = Matrix(rows: 0, columns: 0)  // (T, key heads * D)
    var dv = Matrix(rows: 0, columns: 0)  // (T, key heads * D)
    var dContext = Matrix(rows: 0, columns: 0)  // (Q, H*D)
    var dScores = Matrix(rows: 0, columns: 0)
  }

  init(
    _ block: SelfAttention, _ reader: inout WeightReader, _ rotations: RotationStore
  ) throws(CheckpointError) {
    query = try reader.linear(block.query)
    key = try reader.linear(block.key)
    value = try reader.linear(block.value)
    output = try reader.linear(block.output)
    queryNorm = try block.queryNorm.map { (norm) throws(CheckpointError) in try reader.norm(norm) }
    keyNorm = try block.keyNorm.map { (norm) throws(CheckpointError) in try reader.norm(norm) }
    let shape = block.shape
    let (before, after) = shape.view.reach
    let bias = try shape.bias.map { (bias) throws(CheckpointError) in
      try reader.bias(bias, heads: shape.heads)
    }
    attention = Attention(
      heads: shape.heads, keyHeads: shape.keyHeads, headWidth: shape.headWidth, scale: Float(shape.scale),
      cap: shape.cap.map { Float($0) }, before: before, after: after, bias: bias)
    rotary = shape.rotary
    self.rotations = rotations
  }

  /// - Parameters:
  ///   - x: (R, C), what keys and values are made of
  ///   - residual: (Q, C), the rows that go on
  ///   - y: (Q, C), without the output's bias
  func forward(
    _ x: Matrix, residual: Matrix, _ rows: LayerRows, _ a: inout Activations, _ scratch: inout Scratch,
    into y: inout Matrix
  ) {
    project(
      query, rows.queries == nil ? x : residual, rows.queries == nil ? rows.tokens : nil, &scratch, into: &a.q
    )
    project(key, x, rows.tokens, &scratch, into: &a.k)
    project(value, x, rows.tokens, &scratch, into: &a.v)
    queryNorm?.forward(&a.q, saving: &a.querySaved)
    keyNorm?.forward(&a.k, saving: &a.keySaved)
    turn(&a.q, &a.k, rows.spans) { rotation, x, rows, first in
      rotation.forward(&x, rows: rows, firstPosition: first, headWidth: attention.headWidth)
    }
    attention.forward(
      q: a.q, k: a.k, v: a.v, spans: rows.spans, probabilities: &a.probabilities, context: &a.context)
    y.resize(rows: a.q.rows, columns: output.outputs)
    output.productForward(a.context, into: &y)
  }

  /// The map of the rows, or of those rows that tokens have.
  private func project(
    _ map: Linear, _ x: Matrix, _ tokens: [Int]?, _ scratch: inout Scratch, into y: inout Matrix
  ) {
    guard let tokens else {
      y.resize(rows: x.rows, columns: map.outputs)
      map.forward(x, into: &y)
      return
    }
    scratch.ofInput.resize(rows: x.rows, columns: map.outputs)
    map.forward(x, into: &scratch.ofInput)
    y.gather(tokens, of: scratch.ofInput)
  }

  /// Rotary positions of queries and keys, forward or backward.
  private func turn(
    _ q: inout Matrix, _ k: inout Matrix, _ spans: [AttentionSpan],
    _ body: (Rotation, inout Matrix, Range<Int>, Int) -> Void
  ) {
    guard let rotary else { return }
    for span in spans {
      let rotation = rotations.rotation(rotary, length: span.keys.count)
      body(rotation, &q, span.queries, span.firstPlace)
      body(rotation, &k, span.keys, 0)
    }
  }

  /// - Parameters:
  ///   - dy: (rows of `rows.outputRuns`, C)
  ///   - dx: (`rows.height`, C), overwritten
  func backward(
    _ dy: Matrix, _ rows: LayerRows, _ a: Activations, dx: inout Matrix, _ scratch: inout Scratch
  ) {
    backward(dy, rows, a, &scratch)
    dx.resize(rows: rows.height, columns: key.inputs)
    unproject(key, scratch.dk, rows.keyPlaces, rows.height, &scratch.ofInput, into: &dx, accumulating: false)
    unproject(value, scratch.dv, rows.keyPlaces, rows.height, &scratch.ofInput, into: &dx, accumulating: true)
    if rows.queries != nil {
      scratch.ofInput.resize(rows: scratch.dq.rows, columns: query.inputs)
      query.backward(scratch.dq, into: &scratch.ofInput)
      dx.scatterAdd(scratch.ofInput, to: rows.residualPlaces)
    } else {
      unproject(
        query, scratch.dq, rows.keyPlaces, rows.height, &scratch.ofInput, into: &dx, accumulating: true)
    }
  }

  /// The same where keys and values are made of other rows than queries.
  /// - Parameters:
  ///   - dQueries: (Q, C), overwritten
  ///   - dKeys: (T, C), of what keys and values were made of: added to
  func backward(
    _ dy: Matrix, _ rows: LayerRows, _ a: Activations, dQueries: inout Matrix, addingTo dKeys: inout Matrix,
    _ scratch: inout Scratch
  ) {
    backward(dy, rows, a, &scratch)
    dQueries.resize(rows: scratch.dq.rows, columns: query.inputs)
    query.backward(scratch.dq, into: &dQueries)
    key.backward(scratch.dk, into: &dKeys, accumulating: true)
    value.backward(scratch.dv, into: &dKeys, accumulating: true)
  }

  /// Leaves the gradients of queries, keys and values in the scratch.
  private func backward(_ dy: Matrix, _ rows: LayerRows, _ a: Activations, _ scratch: inout Scratch) {
    scratch.dContext.resize(rows: dy.rows, columns: output.inputs)
    output.backward(dy, into: &scratch.dContext)
    if let places = rows.outputRows {
      // The other rows have no gradient.
      scratch.ofInput.sumRows(scratch.dContext, by: places, height: a.q.rows)
      swap(&scratch.ofInput, &scratch.dContext)
    }
    attention.backward(
      scratch.dContext, q: a.q, k: a.k, v: a.v, spans: rows.spans, probabilities: a.probabilities,
      dq: &scratch.dq, dk: &scratch.dk, dv: &scratch.dv, scratch: &scratch.dScores)
    turn(&scratch.dq, &scratch.dk, rows.spans) { rotation, dx, rows, first in
      rotation.backward(&dx, rows: rows, firstPosition: first, headWidth: attention.headWidth)
    }
    queryNorm?.backward(&scratch.dq, a.querySaved)
    keyNorm?.backward(&scratch.dk, a.keySaved)
  }

  /// The gradient of a map's input, of the rows that get one: from that of each token's output.
  private func unproject(
    _ map: Linear, _ dy: Matrix, _ places: [Int]?, _ height: Int, _ ofInput: inout Matrix,
    into dx: inout Matrix,
    accumulating: Bool
  ) {
    guard let places else { return map.backward(dy, into: &dx, accumulating: accumulating) }
    ofInput.sumRows(dy, by: places, height: height)
    map.backward(ofInput, into: &dx, accumulating: accumulating)
  }
}
