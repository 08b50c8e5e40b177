import Tensors

/// One sequence for a frozen model: tokens of its vocabulary with prompt vectors spliced in by position.
public struct PromptedInput: Sendable, Equatable {
  public enum Element: Sendable, Equatable {
    case token(Int)
    /// A row of the prompt.
    case vector(Int)
  }

  public let elements: [Element]
  /// The position whose prediction is read: the mask, or the last token before the answer of a causal model.
  public let readPosition: Int

  public init(elements: [Element], readPosition: Int) {
    precondition(elements.indices.contains(readPosition))
    self.elements = elements
    self.readPosition = readPosition
  }
}

/// Several sequences laid end to end, without padding.
struct RaggedBatch {
  let inputs: ArraySlice<PromptedInput>
  let tokenCount: Int
  /// The rows of each sequence.
  let rows: [Range<Int>]
  /// The row that is read of each sequence.
  let readRows: [Int]

  init(_ inputs: ArraySlice<PromptedInput>) {
    self.inputs = inputs
    var end = 0
    rows = inputs.map { input in
      defer { end += input.elements.count }
      return end..<end + input.elements.count
    }
    tokenCount = end
    readRows = zip(inputs, rows).map { $1.lowerBound + $0.readPosition }
  }

  /// Spans of attention from every token to every token of its sequence.
  var fullSpans: [AttentionSpan] { rows.map { AttentionSpan(queries: $0, keys: $0) } }

  /// Spans from the row that is read, alone, to every token of its sequence.
  var readSpans: [AttentionSpan] {
    zip(inputs, rows).enumerated().map { index, sequence in
      AttentionSpan(queries: index..<index + 1, keys: sequence.1, firstPlace: sequence.0.readPosition)
    }
  }
}
