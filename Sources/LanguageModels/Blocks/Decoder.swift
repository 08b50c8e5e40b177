/// What answers after the layers below have read the text: it begins with a token of its own, then the mask, and predicts what stands for
/// the mask.
struct Decoder: Sendable {
  /// The token that it begins with.
  let start: Int
  /// Of what the layers below give, before it is looked at.
  let memoryNorm: Norm
  let layers: [DecoderLayer]
}

/// `m = x + A(N(x)); n = m + C(N(m)); y = n + F(N(n))`, where the queries of `C` look at what was read.
struct DecoderLayer: Sendable {
  let attention, crossAttention: SelfAttention
  let feedForward: FeedForward
  let attentionNorm, crossNorm, feedForwardNorm: Norm
}
