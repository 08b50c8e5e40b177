/// One sequence for a frozen model: tokens of its vocabulary with prompt vectors spliced in by position.
public struct PromptedInput: Sendable, Equatable {
  public enum Element: Sendable, Hashable {
    case token(Int)
    /// A row of the prompt.
    case vector(Int)
  }

  public let elements: [Element]
  /// The position whose prediction is read: the mask, or the last token before the answer of a causal model.
  public let readPosition: Int

  /// The token that is read, which stands for the answer.
  var readToken: Int {
    guard case .token(let id) = elements[readPosition] else {
      preconditionFailure("a vector stands where the answer is read")
    }
    return id
  }

  public init(elements: [Element], readPosition: Int) {
    precondition(elements.indices.contains(readPosition))
    self.elements = elements
    self.readPosition = readPosition
  }
}
