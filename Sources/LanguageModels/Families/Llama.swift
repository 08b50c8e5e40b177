import Checkpoints

/// Llama 2 and 3.x, SmolLM2, TinyLlama and others that say so: `modeling_llama.py` of transformers.
enum Llama: Family {
  static let types = ["llama"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try LlamaParts(fields, longest: 2048)
    let (attentionBias, innerBias) = (
      try fields.flag("attention_bias", default: false), try fields.flag("mlp_bias", default: false)
    )
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let shape = parts.shape(.past(window: nil), rotary)
    return try parts.compose("llama", isTied: false) { layer in
      (
        parts.attention(layer, shape, biases: attentionBias), parts.feedForward(layer, biases: innerBias),
        parts.preNorms(layer)
      )
    }
  }
}
