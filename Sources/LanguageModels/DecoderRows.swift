import Tensors

/// A decoder's rows: who attends to whom.
struct DecoderRows {
  let all: LayerPart
  /// Of the last layer, which only the second token of each sequence leaves.
  let last: LayerPart

  struct LayerPart {
    let own: LayerRows
    /// Keys and values are all that was read.
    let crossing: LayerRows
  }

  /// What it reads of each sequence: its start, what stands for the answer, and what may follow.
  static func tokens(_ inputs: ArraySlice<PromptedInput>, start: Int) -> [Int] {
    inputs.flatMap { [start, $0.readToken] + ($0.continuations?.tokens ?? []) }
  }

  init(_ inputs: ArraySlice<PromptedInput>) {
    var end = 0
    let read = inputs.map { input in
      defer { end += input.elements.count }
      return end..<end + input.elements.count
    }
    let layout = TreeLayout(
      inputs.map { TreeLayout.Part(length: 2, reads: 1..<2, continuations: $0.continuations) })
    let height = layout.rows.last?.upperBound ?? 0
    func part(_ spans: [AttentionSpan], _ queries: [Int]?, rowCounts: [Int]) -> LayerPart {
      var first = 0
      let crossing = zip(read, rowCounts).map { keys, count in
        defer { first += count }
        return AttentionSpan(queries: first..<first + count, allOf: keys)
      }
      // No row of what was read goes on: the queries that look at it are the decoder's own.
      return LayerPart(
        own: LayerRows(tokens: layout.keys, queries: queries, spans: spans, height: height),
        crossing: LayerRows(tokens: nil, queries: [], spans: crossing, height: end))
    }
    all = part(
      layout.all, layout.keys.map { _ in Array(0..<height) }, rowCounts: layout.rows.map(\.count))
    last = part(layout.read, layout.readRows, rowCounts: layout.rows.map { $0.count - 1 })
  }
}
