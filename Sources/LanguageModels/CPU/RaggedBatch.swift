import Tensors

/// Several sequences laid end to end, without padding.
struct RaggedBatch {
  let inputs: ArraySlice<PromptedInput>
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
    embeddings = DistinctRows(inputs)
    var (all, read): ([AttentionSpan], [AttentionSpan]) = ([], [])
    var readRows: [Int] = []
    var live: [Range<Int>] = []
    var end = 0
    for (index, input) in inputs.enumerated() {
      let rows = end..<end + input.elements.count
      all.append(AttentionSpan(queries: rows, keys: rows))
      read.append(AttentionSpan(queries: index..<index + 1, keys: rows, firstPlace: input.readPosition))
      readRows.append(end + input.readPosition)
      let vector = isCausal ? input.elements.firstIndex { if case .vector = $0 { true } else { false } } : 0
      live.append((vector.map { end + $0 } ?? rows.upperBound)..<rows.upperBound)
      end = rows.upperBound
    }
    let rows = LiveRows(live, of: end)
    let tokens = embeddings.rowOfToken
    first = LayerRows(tokens: tokens, queries: nil, spans: all, height: embeddings.vectorCount, output: rows)
    middle = LayerRows(
      tokens: nil, queries: nil, spans: all, height: rows?.rows.count ?? end, input: rows, output: rows)
    last = LayerRows(
      tokens: nil, queries: readRows, spans: read, height: rows?.rows.count ?? end, input: rows)
    only = LayerRows(
      tokens: tokens, queries: readRows.map { tokens[$0] }, spans: read, height: embeddings.vectorCount)
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
