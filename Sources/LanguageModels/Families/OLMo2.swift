import Checkpoints

/// OLMo 2: `modeling_olmo2.py` of transformers. Norms stand after attention and feed-forward, inside the residual; queries and
/// keys are normalised over their whole width.
enum OLMo2: Family {
  static let types = ["olmo2"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try LlamaParts(fields, epsilon: 1e-5, longest: 2048)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let shape = parts.shape(.past(window: nil), rotary)
    let biases = try fields.flag("attention_bias", default: false)
    return try parts.compose("olmo2", isTied: false) { layer in
      let place = parts.prefix(layer)
      return (
        parts.attention(
          layer, shape, biases: biases,
          queryNorm: parts.norm(place + "self_attn.q_norm", width: shape.width),
          keyNorm: parts.norm(place + "self_attn.k_norm", width: shape.keyWidth)),
        parts.feedForward(layer),
        .inside(
          attention: parts.norm(place + "post_attention_layernorm"),
          feedForward: parts.norm(place + "post_feedforward_layernorm"))
      )
    }
  }
}
