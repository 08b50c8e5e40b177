/// One sequence for a frozen model: tokens of its vocabulary with prompt vectors spliced in by position.
public struct PromptedInput: Sendable, Equatable {
  public enum Element: Sendable, Hashable {
    case token(Int)
    /// A row of the prompt.
    case vector(Int)
  }

  public let elements: [Element]
  /// The positions whose predictions are read: masks that stand side by side, or the last tokens before the answer of a causal
  /// model.
  public let reads: Range<Int>
  /// What may follow: after the elements of a causal model, after the mask in the decoder of one that has a decoder. Each of its tokens
  /// is read.
  public let continuations: TokenTree?

  /// The first position that is read.
  public var readPosition: Int { reads.lowerBound }

  /// How many predictions there are: of the positions that are read, then of the continuations' tokens.
  public var readCount: Int { reads.count + (continuations?.tokens.count ?? 0) }

  /// The token that is read first, which stands for the answer.
  var readToken: Int {
    guard case .token(let id) = elements[readPosition] else {
      preconditionFailure("a vector stands where the answer is read")
    }
    return id
  }

  public init(elements: [Element], readPosition: Int) {
    self.init(elements: elements, reads: readPosition..<readPosition + 1)
  }

  public init(elements: [Element], reads: Range<Int>, continuations: TokenTree? = nil) {
    precondition(!reads.isEmpty && reads.lowerBound >= 0 && reads.upperBound <= elements.count)
    self.elements = elements
    self.reads = reads
    self.continuations = continuations.flatMap { $0.tokens.isEmpty ? nil : $0 }
  }

  /// The same with other elements in its place, one for each.
  func with(elements: [Element]) -> PromptedInput {
    PromptedInput(elements: elements, reads: reads, continuations: continuations)
  }
}
