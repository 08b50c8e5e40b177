/// Scaled dot-product attention over the sequences of a ragged batch: no padding, every sequence by itself; to all of
/// it, or to what came before (causal).
package struct Attention: Sendable {
  package let heads: Int
  package let headWidth: Int
  package let isCausal: Bool

  package init(heads: Int, headWidth: Int, isCausal: Bool = false) {
    self.heads = heads
    self.headWidth = headWidth
    self.isCausal = isCausal
  }

  private var width: Int { heads * headWidth }
  private var scale: Float { 1 / Float(headWidth).squareRoot() }

  /// How many keys the first query of a sequence sees, and how many more each later one.
  private func visibility(_ span: AttentionSpan) -> (first: Int, growth: Int) {
    isCausal ? (span.firstPlace + 1, 1) : (span.keys.count, 0)
  }

  /// For each sequence `softmax(q k^T / sqrt(headWidth)) v`, head by head.
  /// - Parameters:
  ///   - q: (sum of queries, C)
  ///   - kv: (sum of keys, 2C), keys in the left half and values in the right
  ///   - spans: the rows of each sequence
  ///   - probabilities: resized to hold (H, queries, keys) for each sequence, one after the other
  ///   - context: (sum of queries, C)
  package func forward(
    q: Matrix, kv: Matrix, spans: [AttentionSpan], probabilities: inout Matrix, context: inout Matrix
  ) {
    precondition(q.columns == width && kv.columns == 2 * width)
    probabilities.resize(rows: 1, columns: spans.reduce(0) { $0 + heads * $1.queries.count * $1.keys.count })
    context.resize(rows: q.rows, columns: width)
    var probs = probabilities.mutablePointer()
    let output = context.mutablePointer()
    for span in spans {
      let keys = kv.pointer + span.keys.lowerBound * 2 * width
      let visible = visibility(span)
      kernels.attention_forward(
        q.pointer + span.queries.lowerBound * width, width, span.queries.count,
        keys, keys + width, 2 * width, span.keys.count, visible.first, visible.growth, heads, headWidth,
        scale,
        probs, output + span.queries.lowerBound * width, width)
      probs += heads * span.queries.count * span.keys.count
    }
  }

  /// Overwrites `dq` (sum of queries, C) and `dkv` (sum of keys, 2C) with the gradients of `q` and `kv`.
  package func backward(
    _ dcontext: Matrix, q: Matrix, kv: Matrix, spans: [AttentionSpan], probabilities: Matrix,
    dq: inout Matrix, dkv: inout Matrix, scratch: inout Matrix
  ) {
    dq.resize(rows: q.rows, columns: width)
    dkv.resize(rows: kv.rows, columns: 2 * width)
    scratch.resize(rows: 1, columns: spans.reduce(0) { max($0, $1.keys.count) })
    var probs = probabilities.pointer
    let (queryGradient, keyGradient) = (dq.mutablePointer(), dkv.mutablePointer())
    let row = scratch.mutablePointer()
    for span in spans {
      let (query, key) = (span.queries.lowerBound * width, span.keys.lowerBound * 2 * width)
      let visible = visibility(span)
      kernels.attention_backward(
        dcontext.pointer + query, width, q.pointer + query, width, span.queries.count,
        kv.pointer + key, kv.pointer + key + width, 2 * width, span.keys.count, visible.first, visible.growth,
        heads, headWidth, scale,
        probs, queryGradient + query, width, keyGradient + key, keyGradient + key + width, 2 * width, row)
      probs += heads * span.queries.count * span.keys.count
    }
  }
}

/// The rows that one sequence has among the queries and among the keys of a ragged batch.
package struct AttentionSpan: Sendable {
  package let queries: Range<Int>
  package let keys: Range<Int>
  /// The place of the first query among the keys.
  package let firstPlace: Int

  package init(queries: Range<Int>, keys: Range<Int>, firstPlace: Int = 0) {
    precondition(firstPlace + queries.count <= keys.count)
    self.queries = queries
    self.keys = keys
    self.firstPlace = firstPlace
  }
}
