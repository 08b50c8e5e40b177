import Tensors

/// Several sequences laid end to end, without padding.
struct RaggedBatch {
  let inputs: ArraySlice<PromptedInput>
  /// The rows of the embeddings.
  let embeddings: DistinctRows
  private let first: LayerRows
  private let middle: LayerRows
  private let last: LayerRows

  init(_ inputs: ArraySlice<PromptedInput>) {
    self.inputs = inputs
    embeddings = DistinctRows(inputs)
    var (all, read): ([AttentionSpan], [AttentionSpan]) = ([], [])
    var readRows: [Int] = []
    var end = 0
    for (index, input) in inputs.enumerated() {
      let rows = end..<end + input.elements.count
      all.append(AttentionSpan(queries: rows, keys: rows))
      read.append(AttentionSpan(queries: index..<index + 1, keys: rows, firstPlace: input.readPosition))
      readRows.append(end + input.readPosition)
      end = rows.upperBound
    }
    first = LayerRows(tokens: embeddings.rowOfToken, queries: nil, spans: all, height: embeddings.vectorCount)
    middle = LayerRows(tokens: nil, queries: nil, spans: all, height: end)
    last = LayerRows(tokens: nil, queries: readRows, spans: read, height: end)
  }

  /// What a layer of a model works on.
  func rows(ofLayer index: Int, of count: Int) -> LayerRows {
    guard index == count - 1 else { return index == 0 ? first : middle }
    guard index == 0, let queries = last.queries, let tokens = first.tokens else { return last }
    return LayerRows(
      tokens: tokens, queries: queries.map { tokens[$0] }, spans: last.spans, height: first.height)
  }
}

/// The rows that a layer reads and the rows that it goes on with.
struct LayerRows {
  /// For each token its row of the layer's input; nil where that has one row for each token, in order.
  let tokens: [Int]?
  /// The rows of the input that go on, the rest being keys and values only; nil for all tokens.
  let queries: [Int]?
  let spans: [AttentionSpan]
  /// How many rows of the input, the first ones, get a gradient.
  let height: Int

  /// For each row that goes on its row of the input; nil where they are the same.
  var residual: [Int]? { queries ?? tokens }
}

/// The embeddings' rows that differ: an element at a position has the same row in every sequence, and so the same query,
/// key and value in the first layer. Prompt vectors come first: only they get gradients.
struct DistinctRows {
  let rows: [(element: PromptedInput.Element, position: Int)]
  let vectorCount: Int
  let rowOfToken: [Int]  // (T)

  init(_ inputs: ArraySlice<PromptedInput>) {
    var rows: [(element: PromptedInput.Element, position: Int)] = []
    var places: [Place: Int] = [:]
    func collect(_ isWanted: (PromptedInput.Element) -> Bool) {
      for input in inputs {
        for (position, element) in input.elements.enumerated() where isWanted(element) {
          let place = Place(element: element, position: position)
          guard places[place] == nil else { continue }
          places[place] = rows.count
          rows.append((element, position))
        }
      }
    }
    collect { if case .vector = $0 { true } else { false } }
    vectorCount = rows.count
    collect { if case .token = $0 { true } else { false } }
    self.rows = rows
    rowOfToken = inputs.flatMap { input in
      input.elements.enumerated().compactMap { places[Place(element: $1, position: $0)] }
    }
  }

  private struct Place: Hashable {
    let element: PromptedInput.Element
    let position: Int
  }
}
