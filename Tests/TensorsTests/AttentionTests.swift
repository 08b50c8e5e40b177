import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct AttentionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let queries, keys, heads, width: Int
    var isCausal = false
    /// The last query stands at the last key.
    var visible: Int { isCausal ? keys - queries + 1 : keys }
    var growth: Int { isCausal ? 1 : 0 }
    var testDescription: String {
      "\(queries) queries, \(keys) keys, \(heads) heads of \(width)" + (isCausal ? ", causal" : "")
    }
  }

  static let causalShapes = [(1, 1, 1, 1), (1, 9, 2, 3), (5, 5, 3, 8), (4, 9, 2, 17)]
    .map { Shape(queries: $0.0, keys: $0.1, heads: $0.2, width: $0.3, isCausal: true) }

  static let shapes = [
    (1, 1, 1, 1), (1, 17, 2, 3), (3, 3, 1, 17), (17, 65, 3, 8), (5, 64, 2, 65), (0, 3, 2, 4), (64, 3, 1, 2),
  ].map { Shape(queries: $0.0, keys: $0.1, heads: $0.2, width: $0.3) }

  /// 2e-6 on probabilities, as a softmax whose inputs carry the noise of a dot product; the context is a mean of
  /// values of size 1.
  @Test(arguments: shapes + causalShapes, KernelSet.allCases)
  func forward(_ shape: Shape, _ set: KernelSet) {
    let (row, scale) = (shape.heads * shape.width, 1 / Float(shape.width).squareRoot())
    let q = Samples.normal(shape.queries * row, "q")
    let (k, v) = (Samples.normal(shape.keys * row, "k"), Samples.normal(shape.keys * row, "v"))
    let expected = Naive.attention(
      q: q.wide, k: k.wide, v: v.wide, queries: shape.queries, keys: shape.keys, heads: shape.heads,
      width: shape.width, visible: shape.visible, growth: shape.growth)
    var probabilities = [Float](repeating: .nan, count: max(1, expected.probabilities.count))
    let context = filling(expected.context.count) {
      set.table.attention_forward(
        q, row, shape.queries, k, v, row, shape.keys, shape.visible, shape.growth, shape.heads, shape.width,
        scale, &probabilities, $0, row)
    }
    let found = Array(probabilities.prefix(expected.probabilities.count))
    expectClose(found, expected.probabilities, absolute: 1e-6, relative: 3e-6, "probabilities")
    expectClose(context, expected.context, absolute: 3e-6, relative: 3e-6, "context")
  }

  static let smallShapes = [
    (1, 1, 1, 1), (1, 17, 2, 3), (3, 3, 1, 17), (5, 9, 3, 8), (2, 4, 1, 65), (17, 3, 1, 2),
  ]
  .map { Shape(queries: $0.0, keys: $0.1, heads: $0.2, width: $0.3) }

  @Test(arguments: smallShapes + causalShapes, KernelSet.allCases)
  func backward(_ shape: Shape, _ set: KernelSet) {
    let (row, scale) = (shape.heads * shape.width, 1 / Float(shape.width).squareRoot())
    let (queries, keys) = (shape.queries, shape.keys)
    let q = Samples.normal(queries * row, "q")
    let (k, v) = (Samples.normal(keys * row, "k"), Samples.normal(keys * row, "v"))
    let dcontext = Samples.normal(queries * row, "dcontext")
    var probabilities = [Float](repeating: 0, count: shape.heads * queries * keys)
    _ = filling(q.count) {
      set.table.attention_forward(
        q, row, queries, k, v, row, keys, shape.visible, shape.growth, shape.heads, shape.width, scale,
        &probabilities, $0, row)
    }
    var (dq, dk, dv) = (q, k, v)  // their old contents must not matter
    var scratch = [Float](repeating: .nan, count: keys)
    set.table.attention_backward(
      dcontext, row, q, row, queries, k, v, row, keys, shape.visible, shape.growth, shape.heads, shape.width,
      scale, probabilities, &dq, row, &dk, &dv, row, &scratch)
    func loss(_ q: [Double], _ k: [Double], _ v: [Double]) -> Double {
      weightedSum(
        Naive.attention(
          q: q, k: k, v: v, queries: queries, keys: keys, heads: shape.heads, width: shape.width,
          visible: shape.visible, growth: shape.growth
        )
        .context, dcontext.wide)
    }
    let (Q, K, V) = (q.wide, k.wide, v.wide)
    expectGradient(dq, at: Q, absolute: 1e-5, relative: 1e-5, "dq") { loss($0, K, V) }
    expectGradient(dk, at: K, absolute: 1e-5, relative: 1e-5, "dk") { loss(Q, $0, V) }
    expectGradient(dv, at: V, absolute: 1e-5, relative: 1e-5, "dv") { loss(Q, K, $0) }
  }

  /// A ragged batch through the wrapper equals each sequence by itself, forward and backward: all rows as queries,
  /// and one row of each.
  @Test(arguments: [false, true])
  func raggedBatches(_ onlyOneQuery: Bool) {
    let attention = Attention(heads: 2, headWidth: 3)
    let lengths = [4, 1, 7]
    let keys = lengths.indices.map { index in
      let start = lengths[..<index].reduce(0, +)
      return start..<start + lengths[index]
    }
    let spans = keys.enumerated().map { index, range in
      AttentionSpan(queries: onlyOneQuery ? index..<index + 1 : range, keys: range)
    }
    let q = Samples.matrix(onlyOneQuery ? 3 : 12, 6, "q")
    let (kv, dcontext) = (Samples.matrix(12, 12, "kv"), Samples.matrix(q.rows, 6, "dcontext"))
    var out = Outputs()
    out.run(attention, q, kv, dcontext, spans)
    for span in spans {
      let rows = span.queries
      let count = span.keys.count
      var own = Outputs()
      own.run(
        attention, q.gathering(rows), kv.gathering(span.keys), dcontext.gathering(rows),
        [AttentionSpan(queries: 0..<rows.count, keys: 0..<count)])
      #expect(own.context == out.context.gathering(rows))
      #expect(own.dq == out.dq.gathering(rows))
      #expect(own.dkv == out.dkv.gathering(span.keys))
    }
  }

  private struct Outputs {
    var (probabilities, context) = (Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0))
    var (dq, dkv, scratch) = (
      Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0)
    )

    mutating func run(
      _ attention: Attention, _ q: Matrix, _ kv: Matrix, _ dcontext: Matrix, _ spans: [AttentionSpan]
    ) {
      attention.forward(q: q, kv: kv, spans: spans, probabilities: &probabilities, context: &context)
      attention.backward(
        dcontext, q: q, kv: kv, spans: spans, probabilities: probabilities, dq: &dq, dkv: &dkv,
        scratch: &scratch)
    }
  }

  @Test func noSequences() {
    var out = Outputs()
    let empty = Matrix(rows: 0, columns: 4)
    out.run(Attention(heads: 2, headWidth: 2), empty, Matrix(rows: 0, columns: 8), empty, [])
    #expect((out.context.rows, out.dkv.rows) == (0, 0))
  }
}
