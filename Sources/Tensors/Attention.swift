import CKernels

/// Scaled dot-product attention over the sequences of a ragged batch: no padding, every sequence by itself.
package struct Attention: Sendable {
  /// Query heads.
  package let heads: Int
  /// Key and value heads, a divisor of `heads`: neighbouring query heads share one (Ainslie et al., arXiv 2305.13245).
  package let keyHeads: Int
  package let headWidth: Int
  private let scale: Float
  private let cap: Float?
  private let before, after: Int?
  private let bias: Matrix?  // (H, 2 * reach + 1)

  /// - Parameters:
  ///   - scale: what scores are multiplied by
  ///   - cap: scores become `cap tanh(score / cap)`; nil where they stay as they are
  ///   - before: how many keys before its own place a query sees; nil for all
  ///   - after: how many after it; nil for all
  ///   - bias: what is added to scores by the key's place less the query's, (H, 2 * reach + 1), beyond whose ends the ends count
  package init(
    heads: Int, keyHeads: Int, headWidth: Int, scale: Float, cap: Float? = nil, before: Int? = nil,
    after: Int? = nil, bias: Matrix? = nil
  ) {
    precondition(keyHeads > 0 && heads % keyHeads == 0)
    self.heads = heads
    self.keyHeads = keyHeads
    self.headWidth = headWidth
    precondition(bias.map { $0.rows == heads && $0.columns % 2 == 1 } ?? true)
    (self.scale, self.cap, self.before, self.after, self.bias) = (scale, cap, before, after, bias)
  }

  /// As the kernels have it, for as long as this lives.
  private var form: AttentionForm {
    let all = Int.max / 4
    return AttentionForm(
      heads: heads, key_heads: keyHeads, width: headWidth, scale: scale, cap: cap ?? 0, before: before ?? all,
      after: after ?? all, bias: bias?.pointer, reach: (bias?.columns ?? 1) / 2)
  }

  private var width: Int { heads * headWidth }
  private var keyWidth: Int { keyHeads * headWidth }

  /// For each sequence `softmax(scores) v` with `scores = scale q k^T`, head by head.
  /// - Parameters:
  ///   - q: (sum of queries, H * D)
  ///   - k: (sum of keys, key heads * D), as is `v`
  ///   - spans: the rows of each sequence
  ///   - probabilities: resized to hold (H, queries, keys) for each sequence, one after the other
  ///   - context: (sum of queries, H * D)
  package func forward(
    q: Matrix, k: Matrix, v: Matrix, spans: [AttentionSpan], probabilities: inout Matrix,
    context: inout Matrix
  ) {
    precondition(q.columns == width && k.columns == keyWidth && v.columns == keyWidth)
    probabilities.resize(rows: 1, columns: spans.reduce(0) { $0 + heads * $1.queries.count * $1.keys.count })
    context.resize(rows: q.rows, columns: width)
    var probs = probabilities.mutablePointer()
    let output = context.mutablePointer()
    for span in spans {
      let (query, key) = (span.queries.lowerBound * width, span.keys.lowerBound * keyWidth)
      kernels.attention_forward(
        form, q.pointer + query, width, span.queries.count, span.firstPlace, k.pointer + key, v.pointer + key,
        keyWidth, span.keys.count, probs, output + query, width)
      probs += heads * span.queries.count * span.keys.count
    }
  }

  /// Overwrites `dq`, `dk` and `dv`, which have the shapes of `q`, `k` and `v`, with their gradients.
  package func backward(
    _ dcontext: Matrix, q: Matrix, k: Matrix, v: Matrix, spans: [AttentionSpan], probabilities: Matrix,
    dq: inout Matrix, dk: inout Matrix, dv: inout Matrix, scratch: inout Matrix
  ) {
    dq.resize(rows: q.rows, columns: width)
    dk.resize(rows: k.rows, columns: keyWidth)
    dv.resize(rows: k.rows, columns: keyWidth)
    scratch.resize(rows: 1, columns: spans.reduce(0) { max($0, $1.keys.count) })
    var probs = probabilities.pointer
    let queryGradient = dq.mutablePointer()
    let (keyGradient, valueGradient) = (dk.mutablePointer(), dv.mutablePointer())
    let row = scratch.mutablePointer()
    for span in spans {
      let (query, key) = (span.queries.lowerBound * width, span.keys.lowerBound * keyWidth)
      kernels.attention_backward(
        form, dcontext.pointer + query, width, q.pointer + query, width, span.queries.count, span.firstPlace,
        k.pointer + key, v.pointer + key, keyWidth, span.keys.count, probs, queryGradient + query, width,
        keyGradient + key, valueGradient + key, keyWidth, row)
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

  /// Of queries that have no place among the keys, and see all of them.
  package init(queries: Range<Int>, allOf keys: Range<Int>) {
    (self.queries, self.keys, firstPlace) = (queries, keys, 0)
  }
}
