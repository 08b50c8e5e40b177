import Checkpoints

/// Mistral: `modeling_mistral.py` of transformers. Llama with a window, which later releases set to null.
enum Mistral: Family {
  static let types = ["mistral"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try LlamaParts(fields, keyHeads: 8, longest: 4096 * 32)
    // Absent is transformers' default, null is none.
    let window = try fields.window("sliding_window", absent: 4096)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let shape = parts.shape(.past(window: window), rotary)
    return try parts.compose("mistral", isTied: false) { layer in
      (parts.attention(layer, shape), parts.feedForward(layer), parts.preNorms(layer))
    }
  }
}
