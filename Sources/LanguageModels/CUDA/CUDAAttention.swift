import CUDA
import Checkpoints
import Tensors

/// Queries, keys, values, attention and the map after it, as ``CPUAttention`` has them; the three maps are one where they have the same
/// rows to work on.
struct CUDAAttention: Sendable {
  private let all: DeviceMap?
  private let query, keyAndValue: DeviceMap
  private let queryNorm, keyNorm: DeviceNorm?
  private let attention: DeviceAttention
  private let rotary: Rotary?
  private let output: DeviceMap

  /// Q is the number of query rows, T that of keys; D is the width of a head.
  final class Activations {
    fileprivate let qkv: DeviceMatrix  // (T, H*D + 2 * key heads * D), where every key is a query
    fileprivate let q: DeviceMatrix  // (Q, H*D), where not
    fileprivate let kv: DeviceMatrix  // (T, 2 * key heads * D)
    fileprivate let normalizedQ, normalizedK: DeviceMatrix
    fileprivate let querySaved, keySaved: DeviceNorm.Saved
    fileprivate let probabilities: DeviceMatrix  // (1, sum of H*queries*keys)
    fileprivate let context: DeviceMatrix  // (Q, H*D)

    init(_ queue: DeviceQueue) {
      (qkv, q, kv) = (queue.operands(), queue.operands(), queue.operands())
      (normalizedQ, normalizedK, context) = (queue.operands(), queue.operands(), queue.operands())
      (querySaved, keySaved) = (DeviceNorm.Saved(queue), DeviceNorm.Saved(queue))
      probabilities = queue.floats()
    }
  }

  /// Buffers shared by all layers.
  final class Scratch {
    fileprivate let ofInput, dqkv, dq, dkv, dContext: DeviceMatrix
    fileprivate let dScores, dInput: DeviceMatrix

    init(_ queue: DeviceQueue) {
      (ofInput, dqkv, dq, dkv) = (queue.operands(), queue.operands(), queue.operands(), queue.operands())
      (dContext, dScores, dInput) = (queue.operands(), queue.floats(), queue.floats())
    }
  }

  /// - Parameter crosses: whether keys and values are made of other rows than queries
  init(_ block: SelfAttention, crosses: Bool = false, _ weights: inout CUDAWeights) throws(CheckpointError) {
    if crosses {
      all = nil
      query = try weights.map(block.query)
      keyAndValue = try weights.maps([block.key, block.value])
    } else {
      let maps = try weights.maps([block.query, block.key, block.value])
      all = maps
      query = try weights.part(0..<block.shape.width, of: maps)
      keyAndValue = try weights.part(block.shape.width..<maps.outputs, of: maps)
    }
    output = try weights.map(block.output)
    queryNorm = try block.queryNorm.map { (norm) throws(CheckpointError) in try weights.norm(norm) }
    keyNorm = try block.keyNorm.map { (norm) throws(CheckpointError) in try weights.norm(norm) }
    let shape = block.shape
    let reach = shape.view.reach
    let bias = try shape.bias.map { (bias) throws(CheckpointError) in
      try weights.floats(weights.reader.bias(bias, heads: shape.heads))
    }
    attention = DeviceAttention(
      heads: shape.heads, keyHeads: shape.keyHeads, headWidth: shape.headWidth, scale: Float(shape.scale),
      cap: shape.cap.map { Float($0) }, before: reach.before, after: reach.after, bias: bias)
    rotary = shape.rotary
  }

  private var width: Int { attention.width }
  private var keyWidth: Int { attention.keyWidth }

  /// `y = A(x)`, or that plus the addend.
  /// - Parameters:
  ///   - x: (R, C), operands, what keys and values are made of
  ///   - queries: (Q, C), operands, where the rows that go on are not all
  ///   - y: (Q, C), in Float32
  func forward(
    _ x: DeviceMatrix, queries: DeviceMatrix?, _ rows: CUDARows, _ run: CUDARun, _ a: Activations,
    _ scratch: Scratch, adding addend: DeviceMatrix?, into y: DeviceMatrix
  ) throws(DeviceError) {
    let queue = run.queue
    if let all, queries == nil {
      try project(all, x, rows.tokens, run, scratch, into: a.qkv)
    } else {
      try query.forward(queries ?? x, into: a.q, queue)
      try project(keyAndValue, x, rows.tokens, run, scratch, into: a.kv)
    }
    let made = operands(queries == nil ? a.qkv : nil, a.q, a.kv)
    if let queryNorm {
      try queryNorm.forward(
        made.q, rows: rows.spans.queries, columns: width, saving: a.querySaved, into: a.normalizedQ, queue)
    }
    if let keyNorm {
      try keyNorm.forward(
        made.k, rows: rows.spans.keys, columns: keyWidth, saving: a.keySaved, into: a.normalizedK, queue)
    }
    let seen = seen(made, a)
    try turn(seen, rows, run, sign: 1)
    try attention.forward(
      seen, rows.spans, run.indices, probabilities: a.probabilities, context: a.context, queue)
    try output.forward(a.context, into: y, adding: addend, queue)
  }

  /// Of what was made the part of queries, of keys and of values.
  private func operands(
    _ joined: DeviceMatrix?, _ q: DeviceMatrix, _ kv: DeviceMatrix
  ) -> DeviceAttention.Operands {
    guard all != nil, let joined else {
      return DeviceAttention.Operands(q: q.view(), k: kv.view(), v: kv.view(column: keyWidth))
    }
    return DeviceAttention.Operands(
      q: joined.view(), k: joined.view(column: width), v: joined.view(column: width + keyWidth))
  }

  /// What attention reads: normalised where there are norms.
  private func seen(_ made: DeviceAttention.Operands, _ a: Activations) -> DeviceAttention.Operands {
    DeviceAttention.Operands(
      q: queryNorm == nil ? made.q : a.normalizedQ.view(), k: keyNorm == nil ? made.k : a.normalizedK.view(),
      v: made.v)
  }

  /// The map of the rows, or of those rows that keys have.
  private func project(
    _ map: DeviceMap, _ x: DeviceMatrix, _ tokens: DeviceIndices.Part?, _ run: CUDARun, _ scratch: Scratch,
    into y: DeviceMatrix
  ) throws(DeviceError) {
    guard let tokens else { return try map.forward(x, into: y, run.queue) }
    try map.forward(x, into: scratch.ofInput, run.queue)
    try run.queue.gather(run.indices.address(tokens), count: tokens.count, of: scratch.ofInput, into: y)
  }

  /// Rotary positions of queries and keys, forward or backward.
  private func turn(
    _ x: DeviceAttention.Operands, _ rows: CUDARows, _ run: CUDARun, sign: Float
  ) throws(DeviceError) {
    guard let rotary else { return }
    let places = rows.places(rotary)
    let table = run.rotations[rotary]
    try run.queue.rotate(
      x.q, rows: rows.spans.queries, heads: attention.heads, headWidth: attention.headWidth,
      places: run.indices.address(places.queries), table, sign: sign)
    try run.queue.rotate(
      x.k, rows: rows.spans.keys, heads: attention.keyHeads, headWidth: attention.headWidth,
      places: run.indices.address(places.keys), table, sign: sign)
  }

  /// - Parameters:
  ///   - dy: operands, of the rows whose gradients there are
  ///   - around: what goes around attention, of the same rows
  ///   - dx: (`rows.height`, C), in Float32, overwritten
  func backward(
    _ dy: DeviceMatrix, around: DeviceMatrix?, isOfAll: Bool, _ rows: CUDARows, _ run: CUDARun,
    _ a: Activations, into dx: DeviceMatrix, _ scratch: Scratch
  ) throws(DeviceError) {
    try backward(dy, isOfAll: isOfAll, rows, run, a, scratch)
    let queue = run.queue
    // Rows that are each other's are added by the product.
    let addend = rows.residualSums == nil ? around : nil
    if let all, isOfAll {
      try all.backward(summed(scratch.dqkv, rows, run, scratch), into: dx, adding: addend, queue)
    } else {
      try keyAndValue.backward(
        summed(scratch.dkv, rows, run, scratch), into: dx, adding: addend, queue)
      try query.backward(scratch.dq, into: scratch.dInput, queue)
      try run.add(scratch.dInput, rows.residualSums, to: dx)
    }
    if let around, addend == nil { try run.add(around, rows.residualSums, to: dx) }
  }

  /// The same where keys and values are made of other rows than queries.
  /// - Parameters:
  ///   - dQueries: (Q, C), overwritten
  ///   - dKeys: (T, C), added to
  func backward(
    _ dy: DeviceMatrix, _ rows: CUDARows, _ run: CUDARun, _ a: Activations, dQueries: DeviceMatrix,
    addingTo dKeys: DeviceMatrix, _ scratch: Scratch
  ) throws(DeviceError) {
    try backward(dy, isOfAll: false, rows, run, a, scratch)
    try query.backward(scratch.dq, into: dQueries, run.queue)
    try keyAndValue.backward(scratch.dkv, into: dKeys, adding: dKeys, run.queue)
  }

  /// What the keys' gradients are for each row of the input that gets one.
  private func summed(
    _ d: DeviceMatrix, _ rows: CUDARows, _ run: CUDARun, _ scratch: Scratch
  ) throws(DeviceError) -> DeviceMatrix {
    guard let sums = rows.keySums else { return d }
    try run.queue.sumRows(d, sums, run.indices, into: scratch.ofInput)
    return scratch.ofInput
  }

  /// Leaves the gradients of queries, keys and values in the scratch.
  private func backward(
    _ dy: DeviceMatrix, isOfAll: Bool, _ rows: CUDARows, _ run: CUDARun, _ a: Activations, _ scratch: Scratch
  ) throws(DeviceError) {
    let queue = run.queue
    try output.backward(dy, into: scratch.dContext, queue)
    var dContext = scratch.dContext
    if let sums = rows.contextSums {
      // The other rows have no gradient.
      try queue.sumRows(dContext, sums, run.indices, into: scratch.ofInput)
      dContext = scratch.ofInput
    }
    let isJoined = isOfAll && all != nil
    if isJoined {
      try scratch.dqkv.resize(rows: rows.spans.keys, columns: width + 2 * keyWidth)
    } else {
      try scratch.dq.resize(rows: rows.spans.queries, columns: width)
      try scratch.dkv.resize(rows: rows.spans.keys, columns: 2 * keyWidth)
    }
    let made = operands(isJoined ? a.qkv : nil, a.q, a.kv)
    let d = operands(isJoined ? scratch.dqkv : nil, scratch.dq, scratch.dkv)
    try attention.backward(
      dContext, seen(made, a), rows.spans, run.indices, probabilities: a.probabilities,
      dScores: scratch.dScores, into: d, queue)
    try turn(d, rows, run, sign: -1)
    if let queryNorm {
      try queryNorm.backward(
        d.q, of: made.q, rows: rows.spans.queries, columns: width, a.querySaved, queue)
    }
    if let keyNorm {
      try keyNorm.backward(d.k, of: made.k, rows: rows.spans.keys, columns: keyWidth, a.keySaved, queue)
    }
  }
}
