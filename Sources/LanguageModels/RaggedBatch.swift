import Tensors

/// Several sequences laid end to end, without padding.
struct RaggedBatch {
  let inputs: ArraySlice<PromptedInput>
  /// How many predictions there are.
  let readCount: Int
  /// Whether gradients can be made: not where continuations part.
  let canGoBack: Bool
  /// The rows of the embeddings.
  let embeddings: DistinctRows
  private let first: LayerRows
  private let middle: LayerRows
  private let last: LayerRows
  private let only: LayerRows

  /// - Parameter isCausal: whether tokens see only what came before them: then what stands before a sequence's first vector
  ///   does not depend on the prompt, and needs no gradient
  init(_ inputs: ArraySlice<PromptedInput>, isCausal: Bool) {
    self.inputs = inputs
    embeddings = DistinctRows(inputs, isCausal: isCausal)
    let layout = TreeLayout(
      inputs.map {
        TreeLayout.Part(
          length: $0.elements.count, reads: $0.reads, continuations: isCausal ? $0.continuations : nil)
      })
    readCount = inputs.reduce(0) { $0 + $1.readCount }
    canGoBack = inputs.allSatisfy { ($0.continuations?.branches.count ?? 0) < 2 }
    let live = zip(inputs, layout.rows).map { input, rows in
      let vector = isCausal ? input.elements.firstIndex { if case .vector = $0 { true } else { false } } : 0
      return (vector.map { rows.lowerBound + $0 } ?? rows.upperBound)..<rows.upperBound
    }
    let end = layout.rows.last?.upperBound ?? 0
    let rows = LiveRows(live, of: end)
    let (tokens, keys) = (embeddings.rowOfToken, layout.keys)
    let all = keys.map { _ in Array(0..<end) }
    first = LayerRows(
      tokens: keys?.map { tokens[$0] } ?? tokens, queries: all.map { _ in tokens }, spans: layout.all,
      height: embeddings.vectorCount, output: rows)
    middle = LayerRows(
      tokens: keys, queries: all, spans: layout.all, height: rows?.rows.count ?? end, input: rows,
      output: rows)
    last = LayerRows(
      tokens: keys, queries: layout.readRows, spans: layout.read, height: rows?.rows.count ?? end,
      input: rows)
    only = LayerRows(
      tokens: keys?.map { tokens[$0] } ?? tokens, queries: layout.readRows.map { tokens[$0] },
      spans: layout.read, height: embeddings.vectorCount)
  }

  /// What a layer of a model works on.
  func rows(ofLayer index: Int, of count: Int) -> LayerRows {
    if count == 1 { return only }
    return index == count - 1 ? last : index == 0 ? first : middle
  }
}

/// Those of a batch's tokens whose gradients are needed.
struct LiveRows {
  let runs: [Range<Int>]
  /// The same one by one.
  let rows: [Int]
  /// For each token its place among them; beyond them all where it is none.
  let places: [Int]  // (T)

  /// Nil where all are.
  init?(_ runs: [Range<Int>], of count: Int) {
    let rows = runs.flatMap { Array($0) }
    guard rows.count < count else { return nil }
    self.runs = runs
    self.rows = rows
    var places = [Int](repeating: .max, count: count)
    for (place, row) in rows.enumerated() { places[row] = place }
    self.places = places
  }
}

/// The rows that a layer reads and the rows that it goes on with.
struct LayerRows {
  /// For each token its row of the layer's input; nil where that has one row for each token, in order.
  let tokens: [Int]?
  /// The rows of the input that go on, the rest being keys and values only; nil for all tokens.
  let queries: [Int]?
  let spans: [AttentionSpan]
  /// How many rows the gradient of the input has: the first ones, or those of `inputRuns`.
  let height: Int
  /// For each row of the gradient of the output its row of the gradient of the input, beyond its end where it has none; nil
  /// where they are the same.
  let residualPlaces: [Int]?
  /// The same for each token, of queries, keys and values.
  let keyPlaces: [Int]?
  /// The rows of the input whose gradients are made, where those are not the first ones.
  let inputRuns: [Range<Int>]?
  /// The rows of the output whose gradients there are, and the same one by one; nil for all.
  let outputRuns: [Range<Int>]?
  let outputRows: [Int]?

  init(
    tokens: [Int]?, queries: [Int]?, spans: [AttentionSpan], height: Int, input: LiveRows? = nil,
    output: LiveRows? = nil
  ) {
    (self.tokens, self.queries, self.spans, self.height) = (tokens, queries, spans, height)
    inputRuns = input?.runs
    (outputRuns, outputRows) = (output?.runs, output?.rows)
    keyPlaces = tokens ?? input?.places
    if let queries {
      residualPlaces = input.map { live in queries.map { live.places[$0] } } ?? queries
    } else if let tokens {
      residualPlaces = output.map { live in live.rows.map { tokens[$0] } } ?? tokens
    } else {
      residualPlaces = nil
    }
  }

  /// For each row that goes on its row of the input; nil where they are the same.
  var residual: [Int]? { queries ?? tokens }
}

/// The embeddings' rows that differ: an element at a position has the same row in every sequence, and so the same query,
/// key and value in the first layer. Prompt vectors come first: only they get gradients.
struct DistinctRows {
  let rows: [(element: PromptedInput.Element, position: Int)]
  let vectorCount: Int
  let rowOfToken: [Int]  // (T)

  /// - Parameter isCausal: whether continuations follow the elements, each token at its depth
  init(_ inputs: ArraySlice<PromptedInput>, isCausal: Bool) {
    let all = inputs.map { input in
      let tree = isCausal ? input.continuations : nil
      return input.elements.enumerated().map { Place(element: $1, position: $0) }
        + (tree.map { tree in
          zip(tree.tokens, tree.depths).map {
            Place(element: .token($0), position: input.elements.count + $1)
          }
        } ?? [])
    }
    var rows: [(element: PromptedInput.Element, position: Int)] = []
    var places: [Place: Int] = [:]
    func collect(_ isWanted: (PromptedInput.Element) -> Bool) {
      for sequence in all {
        for place in sequence where isWanted(place.element) && places[place] == nil {
          places[place] = rows.count
          rows.append((place.element, place.position))
        }
      }
    }
    collect { if case .vector = $0 { true } else { false } }
    vectorCount = rows.count
    collect { if case .token = $0 { true } else { false } }
    self.rows = rows
    rowOfToken = all.flatMap { $0.compactMap { places[$0] } }
  }

  private struct Place: Hashable {
    let element: PromptedInput.Element
    let position: Int
  }
}
