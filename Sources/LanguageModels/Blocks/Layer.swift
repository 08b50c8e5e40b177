/// Attention `A` and feed-forward `F` with their residuals and norms.
struct Layer: Sendable {
  /// What layers that share their weights have in common: the prefix of their tensors.
  let id: String
  let attention: SelfAttention
  let feedForward: FeedForward
  let order: LayerOrder<Norm>
}

/// Where the norms `N` stand.
enum LayerOrder<Norm: Sendable>: Sendable {
  /// `m = N(x + A(x)); y = N(m + F(m))`: BERT.
  case post(attention: Norm, feedForward: Norm)
  /// `m = x + A(N(x)); y = m + F(N(m))`: GPT-2, Llama. ModernBERT's first layer has only the second norm.
  case pre(attention: Norm?, feedForward: Norm)
  /// `m = x + N(A(N(x))); y = m + N(F(N(m)))`: Gemma 2 and 3.
  case sandwich(attention: Norm, afterAttention: Norm, feedForward: Norm, afterFeedForward: Norm)
  /// `m = x + N(A(x)); y = m + N(F(m))`: OLMo 2.
  case inside(attention: Norm, feedForward: Norm)
  /// `y = x + A(N(x)) + F(N(x))`: GPT-NeoX.
  case parallel(attention: Norm, feedForward: Norm)

  /// The same order of other norms.
  func map<Other: Sendable, Failure>(_ make: (Norm) throws(Failure) -> Other) throws(Failure) -> LayerOrder<
    Other
  > {
    switch self {
    case .post(let first, let second): return .post(attention: try make(first), feedForward: try make(second))
    case .pre(nil, let second): return .pre(attention: nil, feedForward: try make(second))
    case .pre(let first?, let second): return .pre(attention: try make(first), feedForward: try make(second))
    case .sandwich(let first, let second, let third, let fourth):
      return .sandwich(
        attention: try make(first), afterAttention: try make(second), feedForward: try make(third),
        afterFeedForward: try make(fourth))
    case .inside(let first, let second):
      return .inside(attention: try make(first), feedForward: try make(second))
    case .parallel(let first, let second):
      return .parallel(attention: try make(first), feedForward: try make(second))
    }
  }
}
