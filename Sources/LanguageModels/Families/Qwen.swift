import Checkpoints

/// Qwen 2 and 2.5: `modeling_qwen2.py` of transformers. Llama with biases on queries, keys and values, and a window in the
/// upper layers where `use_sliding_window` says so.
enum Qwen2: Family {
  static let types = ["qwen2"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try LlamaParts(fields, keyHeads: 32, longest: 32_768)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let views = try fields.qwenViews(parts.layerCount)
    return try parts.compose("qwen2", isTied: false) { layer in
      (
        parts.attention(layer, parts.shape(views[layer], rotary), biases: true, outputBias: false),
        parts.feedForward(layer), parts.preNorms(layer)
      )
    }
  }
}

/// Qwen 3: `modeling_qwen3.py`. Queries and keys are normalised head by head; the head's width is its own.
enum Qwen3: Family {
  static let types = ["qwen3"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try LlamaParts(
      fields, keyHeads: 32, headWidth: 128, longest: 32_768)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let views = try fields.qwenViews(parts.layerCount)
    let biases = try fields.flag("attention_bias", default: false)
    return try parts.compose("qwen3", isTied: false) { layer in
      let place = parts.prefix(layer) + "self_attn."
      return (
        parts.attention(
          layer, parts.shape(views[layer], rotary), biases: biases,
          queryNorm: parts.norm(place + "q_norm", width: parts.headWidth),
          keyNorm: parts.norm(place + "k_norm", width: parts.headWidth)),
        parts.feedForward(layer), parts.preNorms(layer)
      )
    }
  }
}

extension ConfigurationFields {
  fileprivate func qwenViews(_ count: Int) throws(CheckpointError) -> [AttentionShape.View] {
    let isUsed = try flag("use_sliding_window", default: false)
    let window = isUsed ? try window("sliding_window", absent: 4096) : nil
    let first = try size("max_window_layers", default: 28, atLeast: 0)
    return try slidingLayers(count) { window != nil && $0 >= first }
      .map { $0 ? .past(window: window) : .past(window: nil) }
  }
}
