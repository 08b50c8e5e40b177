import Tensors

/// Scaled dot-product attention over the sequences of a ragged batch, every sequence by itself.
package struct DeviceAttention: Sendable {
  package let heads, keyHeads, headWidth: Int
  private let scale: Float
  private let cap: Float
  private let before, after: Int
  private let bias: DeviceMatrix?  // (H, 2 * reach + 1)

  package var width: Int { heads * headWidth }
  package var keyWidth: Int { keyHeads * headWidth }

  /// As ``Attention`` has them.
  package init(
    heads: Int, keyHeads: Int, headWidth: Int, scale: Float, cap: Float?, before: Int?, after: Int?,
    bias: DeviceMatrix?
  ) {
    let all = 1 << 30
    (self.heads, self.keyHeads, self.headWidth) = (heads, keyHeads, headWidth)
    (self.scale, self.cap, self.before, self.after) = (scale, cap ?? 0, before ?? all, after ?? all)
    self.bias = bias
  }

  /// Where queries, keys and values are.
  package struct Operands {
    package let q, k, v: DeviceMatrix.View

    package init(q: DeviceMatrix.View, k: DeviceMatrix.View, v: DeviceMatrix.View) {
      (self.q, self.k, self.v) = (q, k, v)
    }
  }

  private var reach: Int { ((bias?.columns ?? 1) - 1) / 2 }

  /// - Parameters:
  ///   - probabilities: resized to hold (H, queries, keys) for each sequence
  ///   - context: (Q, H * D), operands
  package func forward(
    _ x: Operands, _ spans: DeviceSpans, _ indices: DeviceIndices, probabilities: DeviceMatrix,
    context: DeviceMatrix, _ queue: DeviceQueue
  ) throws(DeviceError) {
    try probabilities.resize(rows: 1, columns: heads * spans.pairs)
    try context.resize(rows: spans.queries, columns: width)
    try queue.launch(
      "attend", warps: spans.queries * heads, .address(indices.address(spans.table)),
      .address(indices.address(spans.ofQueries)), .address(x.q.address), .int(x.q.stride),
      .address(x.k.address), .int(x.k.stride), .address(x.v.address), .int(x.v.stride), .int(heads),
      .int(keyHeads),
      .int(headWidth), .float(scale), .float(cap), .int(before), .int(after), .address(bias), .int(reach),
      .address(probabilities), .address(context), .int(spans.queries))
  }

  /// Overwrites `dx`, of whose parts keys and values have the same stride.
  package func backward(
    _ dContext: DeviceMatrix, _ x: Operands, _ spans: DeviceSpans, _ indices: DeviceIndices,
    probabilities: DeviceMatrix, dScores: DeviceMatrix, into dx: Operands, _ queue: DeviceQueue
  ) throws(DeviceError) {
    try dScores.resize(rows: 1, columns: probabilities.columns)
    let table = indices.address(spans.table)
    try queue.launch(
      "attend_backward_queries", warps: spans.queries * heads, .address(table),
      .address(indices.address(spans.ofQueries)), .address(x.q.address), .int(x.q.stride),
      .address(x.k.address), .int(x.k.stride), .address(x.v.address), .int(x.v.stride), .int(heads),
      .int(keyHeads),
      .int(headWidth), .float(scale), .float(cap), .int(before), .int(after), .address(probabilities),
      .address(dContext), .address(dScores), .address(dx.q.address), .int(dx.q.stride), .int(spans.queries))
    try queue.launch(
      "attend_backward_keys", warps: spans.keys * keyHeads, .address(table),
      .address(indices.address(spans.ofKeys)), .address(x.q.address), .int(x.q.stride), .int(heads),
      .int(keyHeads), .int(headWidth), .int(before), .int(after), .address(probabilities),
      .address(dScores), .address(dContext), .address(dx.k.address), .address(dx.v.address),
      .int(dx.k.stride), .int(spans.keys))
  }
}

/// The sequences of a batch, as kernels read them.
package struct DeviceSpans {
  package let queries, keys: Int
  /// Query and key pairs of all sequences.
  let pairs: Int
  let table, ofQueries, ofKeys: DeviceIndices.Part

  package init(_ spans: [AttentionSpan], _ indices: DeviceIndices) {
    queries = spans.last?.queries.upperBound ?? 0
    keys = spans.last?.keys.upperBound ?? 0
    var pairs = 0
    table = indices.add(
      spans.flatMap { span in
        defer { pairs += span.queries.count * span.keys.count }
        return [
          span.queries.lowerBound, span.queries.count, span.keys.lowerBound, span.keys.count, span.firstPlace,
          pairs,
        ]
      })
    self.pairs = pairs
    ofQueries = indices.add(spans.enumerated().flatMap { index, span in span.queries.map { _ in index } })
    ofKeys = indices.add(spans.enumerated().flatMap { index, span in span.keys.map { _ in index } })
  }
}
