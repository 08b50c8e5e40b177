import Checkpoints

/// Phi-3: `modeling_phi3.py` of transformers. Llama with queries, keys and values in one stored weight and gates and the rest
/// in another.
enum Phi3: Family {
  static let types = ["phi3"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try LlamaParts(fields, epsilon: 1e-5, longest: 4096)
    let window = try fields.window("sliding_window", absent: nil)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    switch rotary.scaling {
    case .none, .longRoPE: break
    default: throw fields.error("rope_scaling", "is not supported", hint: "Known for phi3: default, longrope")
    }
    let shape = parts.shape(.past(window: window), rotary)
    return try parts.compose("phi3", isTied: false) { layer in
      let place = parts.prefix(layer)
      let maps = StoredMap.fused(
        place + "self_attn.qkv_proj", outputs: [shape.width, shape.keyWidth, shape.keyWidth],
        inputs: parts.width, hasBias: false)
      let inner = StoredMap.fused(
        place + "mlp.gate_up_proj", outputs: [parts.inner, parts.inner], inputs: parts.width, hasBias: false)
      return (
        SelfAttention(
          shape: shape, query: maps[0], key: maps[1], value: maps[2],
          output: parts.attention(layer, shape).output),
        FeedForward(
          gate: inner[0], inner: inner[1], output: parts.feedForward(layer).output,
          activation: parts.activation.function),
        parts.preNorms(layer)
      )
    }
  }
}
