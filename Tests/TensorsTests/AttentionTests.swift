import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct AttentionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let queries, keys, place: Int
    let form: Naive.AttentionForm
    var row: Int { form.heads * form.width }
    var keyRow: Int { form.keyHeads * form.width }
    var testDescription: String {
      "\(queries) queries, \(keys) keys, \(form.heads)/\(form.keyHeads) heads of \(form.width), "
        + "before \(form.before ?? -1), after \(form.after ?? -1), cap \(form.cap ?? 0)"
    }
    func withNative<Result>(_ body: (AttentionForm) -> Result) -> Result {
      let bias = form.bias?.map { Float($0) }
      func call(_ bias: UnsafePointer<Float>?) -> Result {
        body(
          AttentionForm(
            heads: form.heads, key_heads: form.keyHeads, width: form.width, scale: Float(form.scale),
            cap: Float(form.cap ?? 0), before: form.before ?? .max / 4, after: form.after ?? .max / 4,
            bias: bias,
            reach: form.reach))
      }
      return bias.map { $0.withUnsafeBufferPointer { call($0.baseAddress) } } ?? call(nil)
    }
    /// The last query stands at the last key.
    init(_ queries: Int, _ keys: Int, _ form: Naive.AttentionForm) {
      (self.queries, self.keys, self.form) = (queries, keys, form)
      place = max(0, keys - queries)
    }
    func naive(_ q: [Double], _ k: [Double], _ v: [Double]) -> (probabilities: [Double], context: [Double]) {
      Naive.attention(form, q: q, k: k, v: v, queries: queries, keys: keys, place: place)
    }
  }

  static let shapes =
    [
      (1, 1, 1, 1), (1, 17, 2, 3), (3, 3, 1, 17), (17, 65, 3, 8), (5, 64, 2, 65), (0, 3, 2, 4), (3, 64, 1, 2),
    ].map { Shape($0.0, $0.1, Naive.AttentionForm(heads: $0.2, width: $0.3)) }
    + [(1, 1, 1, 1), (1, 9, 2, 3), (5, 5, 3, 8), (4, 9, 2, 17)]
    .map { Shape($0.0, $0.1, Naive.AttentionForm(heads: $0.2, width: $0.3, after: 0)) }

  /// Shared keys, windows, caps and scales, by themselves and together.
  static let forms = [
    Naive.AttentionForm(heads: 6, keyHeads: 2, width: 5),
    Naive.AttentionForm(heads: 3, keyHeads: 1, width: 17, after: 0),
    Naive.AttentionForm(heads: 2, width: 4, before: 2, after: 0),
    Naive.AttentionForm(heads: 2, width: 4, before: 0, after: 0),
    Naive.AttentionForm(heads: 2, width: 3, before: 2, after: 2),
    Naive.AttentionForm(heads: 2, width: 9, cap: 0.7),
    Naive.AttentionForm(heads: 6, keyHeads: 2, width: 5, scale: 0.9, cap: 1.5, before: 3, after: 0),
    Naive.AttentionForm(heads: 2, width: 5, scale: 1, bias: Samples.normal(2 * 7, "bias").wide),
    Naive.AttentionForm(heads: 3, width: 4, scale: 1, after: 0, bias: Samples.normal(3 * 25, "bias").wide),
  ]
  static let formShapes = forms.flatMap { [Shape(9, 9, $0), Shape(3, 7, $0), Shape(1, 8, $0)] }

  /// 2e-6 on probabilities, as a softmax whose inputs carry the noise of a dot product; the context is a mean of
  /// values of size 1.
  @Test(arguments: shapes + formShapes, KernelSet.allCases)
  func forward(_ shape: Shape, _ set: KernelSet) {
    let q = Samples.normal(shape.queries * shape.row, "q")
    let (k, v) = (
      Samples.normal(shape.keys * shape.keyRow, "k"), Samples.normal(shape.keys * shape.keyRow, "v")
    )
    let expected = shape.naive(q.wide, k.wide, v.wide)
    var probabilities = [Float](repeating: .nan, count: max(1, expected.probabilities.count))
    let context = filling(expected.context.count) { context in
      shape.withNative {
        set.table.attention_forward(
          $0, q, shape.row, shape.queries, shape.place, k, v, shape.keyRow, shape.keys, &probabilities,
          context, shape.row)
      }
    }
    let found = Array(probabilities.prefix(expected.probabilities.count))
    expectClose(found, expected.probabilities, absolute: 1e-6, relative: 3e-6, "probabilities")
    expectClose(context, expected.context, absolute: 3e-6, relative: 3e-6, "context")
  }

  static let smallShapes = [
    (1, 1, 1, 1), (1, 17, 2, 3), (3, 3, 1, 17), (5, 9, 3, 8), (2, 4, 1, 65), (3, 17, 1, 2),
  ].map { Shape($0.0, $0.1, Naive.AttentionForm(heads: $0.2, width: $0.3)) }

  @Test(arguments: smallShapes + formShapes, KernelSet.allCases)
  func backward(_ shape: Shape, _ set: KernelSet) {
    let (queries, keys, row, keyRow) = (shape.queries, shape.keys, shape.row, shape.keyRow)
    let q = Samples.normal(queries * row, "q")
    let (k, v) = (Samples.normal(keys * keyRow, "k"), Samples.normal(keys * keyRow, "v"))
    let dcontext = Samples.normal(queries * row, "dcontext")
    var probabilities = [Float](repeating: 0, count: shape.form.heads * queries * keys)
    _ = filling(q.count) { context in
      shape.withNative {
        set.table.attention_forward(
          $0, q, row, queries, shape.place, k, v, keyRow, keys, &probabilities, context, row)
      }
    }
    var (dq, dk, dv) = (q, k, v)  // their old contents must not matter
    var scratch = [Float](repeating: .nan, count: keys)
    shape.withNative {
      set.table.attention_backward(
        $0, dcontext, row, q, row, queries, shape.place, k, v, keyRow, keys, probabilities, &dq, row, &dk,
        &dv,
        keyRow, &scratch)
    }
    func loss(_ q: [Double], _ k: [Double], _ v: [Double]) -> Double {
      weightedSum(shape.naive(q, k, v).context, dcontext.wide)
    }
    let (Q, K, V) = (q.wide, k.wide, v.wide)
    expectGradient(dq, at: Q, absolute: 1e-5, relative: 1e-5, "dq") { loss($0, K, V) }
    expectGradient(dk, at: K, absolute: 1e-5, relative: 1e-5, "dk") { loss(Q, $0, V) }
    expectGradient(dv, at: V, absolute: 1e-5, relative: 1e-5, "dv") { loss(Q, K, $0) }
  }

  /// Each of the form's members counts: without it the context is another one.
  @Test func everyMemberCounts() {
    let form = forms6
    let (q, k, v) = (
      Samples.normal(9 * 30, "q").wide, Samples.normal(9 * 10, "k").wide, Samples.normal(9 * 10, "v").wide
    )
    let whole = Shape(9, 9, form).naive(q, k, v).context
    var others = [form, form, form, form, form]
    others[0].cap = nil
    others[1].before = nil
    others[2].after = nil
    others[3].scale = 1
    others[4].bias = Samples.normal(6 * 5, "bias").wide
    for other in others {
      let context = Shape(9, 9, other).naive(q, k, v).context
      #expect(zip(whole, context).contains { abs($0 - $1) > 1e-2 })
    }
  }

  private var forms6: Naive.AttentionForm { Self.forms[6] }

  /// A ragged batch through the wrapper equals each sequence by itself, forward and backward: all rows as queries,
  /// and one row of each.
  @Test(arguments: [false, true])
  func raggedBatches(_ onlyOneQuery: Bool) {
    let attention = Attention(heads: 4, keyHeads: 2, headWidth: 3, scale: 0.5, cap: 2, before: 4, after: 1)
    let lengths = [4, 1, 7]
    let keys = lengths.indices.map { index in
      let start = lengths[..<index].reduce(0, +)
      return start..<start + lengths[index]
    }
    let spans = keys.enumerated().map { index, range in
      AttentionSpan(queries: onlyOneQuery ? index..<index + 1 : range, keys: range)
    }
    let q = Samples.matrix(onlyOneQuery ? 3 : 12, 12, "q")
    let (k, v) = (Samples.matrix(12, 6, "k"), Samples.matrix(12, 6, "v"))
    let dcontext = Samples.matrix(q.rows, 12, "dcontext")
    var out = Outputs()
    out.run(attention, q, k, v, dcontext, spans)
    for span in spans {
      let rows = span.queries
      let count = span.keys.count
      var own = Outputs()
      own.run(
        attention, q.gathering(rows), k.gathering(span.keys), v.gathering(span.keys),
        dcontext.gathering(rows),
        [AttentionSpan(queries: 0..<rows.count, keys: 0..<count)])
      #expect(own.context == out.context.gathering(rows))
      #expect(own.dq == out.dq.gathering(rows))
      #expect(own.dk == out.dk.gathering(span.keys) && own.dv == out.dv.gathering(span.keys))
    }
  }

  private struct Outputs {
    var (probabilities, context) = (Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0))
    var (dq, dk, dv, scratch) = (
      Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0),
      Matrix(rows: 0, columns: 0)
    )

    mutating func run(
      _ attention: Attention, _ q: Matrix, _ k: Matrix, _ v: Matrix, _ dcontext: Matrix,
      _ spans: [AttentionSpan]
    ) {
      attention.forward(q: q, k: k, v: v, spans: spans, probabilities: &probabilities, context: &context)
      attention.backward(
        dcontext, q: q, k: k, v: v, spans: spans, probabilities: probabilities, dq: &dq, dk: &dk, dv: &dv,
        scratch: &scratch)
    }
  }

  @Test func noSequences() {
    var out = Outputs()
    let empty = Matrix(rows: 0, columns: 4)
    out.run(Attention(heads: 2, keyHeads: 2, headWidth: 2, scale: 1), empty, empty, empty, empty, [])
    #expect((out.context.rows, out.dk.rows) == (0, 0))
  }
}
