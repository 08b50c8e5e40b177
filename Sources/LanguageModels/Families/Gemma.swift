import Checkpoints

/// Gemma 1: `modeling_gemma.py` of transformers. Rows are multiplied by the root of the width, norms by `1 + weight`.
enum Gemma: Family {
  static let types = ["gemma"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    try fields.refuseOn("use_bidirectional_attention")
    let parts = try fields.gemmaParts(keyHeads: 16, longest: 8192)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let shape = parts.shape(.past(window: nil), rotary)
    let biases = try fields.flag("attention_bias", default: false)
    return try parts.compose("gemma", isTied: true, scale: parts.gemmaScale) { layer in
      (parts.attention(layer, shape, biases: biases), parts.feedForward(layer), parts.preNorms(layer))
    }
  }
}

/// Gemma 2: `modeling_gemma2.py`. Norms on both sides, capped scores and logits, a window in every other layer.
enum Gemma2: Family {
  static let types = ["gemma2"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    try fields.refuseOn("use_bidirectional_attention")
    let parts = try fields.gemmaParts(keyHeads: 4, longest: 8192)
    let rotary = try fields.rotary(headWidth: parts.headWidth, longest: parts.longest)
    let scores = try fields.gemmaScores(cap: 50, logitCap: 30)
    let isSliding = try fields.slidingLayers(parts.layerCount) { $0 % 2 == 0 }
    let window = try fields.window("sliding_window", absent: 4096)
    let biases = try fields.flag("attention_bias", default: false)
    return try parts.compose("gemma2", isTied: true, scale: parts.gemmaScale, cap: scores.logitCap) { layer in
      let shape = parts.shape(
        .past(window: isSliding[layer] ? window : nil), rotary, scale: scores.scale, cap: scores.cap)
      return (
        parts.attention(layer, shape, biases: biases), parts.feedForward(layer), parts.gemmaSandwich(layer)
      )
    }
  }
}

/// The language model of Gemma 3: `modeling_gemma3.py`, by itself or inside the one that sees. Windows in five of six
/// layers, which have a base of their own; queries and keys are normalised.
enum Gemma3: Family {
  static let types = ["gemma3_text", "gemma3"]
  static let roots = LlamaParts.roots
  static let words = LlamaParts.words

  /// transformers writes of the nested `text_config` only what differs from these (`PreTrainedConfig.to_diff_dict`): the
  /// published files of 4, 12 and 27 billion leave out most of them.
  private static let sizes = LlamaParts.Sizes(
    vocabulary: 262_208, width: 2304, layers: 26, heads: 8, inner: 9216)

  static func compose(_ whole: ConfigurationFields) throws(CheckpointError) -> Composition {
    let fields = whole.nested("text_config") ?? whole
    try fields.refuseOn("use_bidirectional_attention")
    let parts = try fields.gemmaParts(keyHeads: 4, longest: 131_072, sizes: sizes)
    let scores = try fields.gemmaScores(cap: nil, logitCap: nil)
    let pattern = try fields.size("sliding_window_pattern", default: 6)
    let isSliding = try fields.slidingLayers(parts.layerCount) { ($0 + 1) % pattern != 0 }
    let window = try fields.window("sliding_window", absent: 4096)
    let global = try fields.rotary(
      headWidth: parts.headWidth, longest: parts.longest, layerType: "full_attention", base: 1_000_000)
    let local = try fields.rotary(
      headWidth: parts.headWidth, longest: parts.longest, layerType: "sliding_attention",
      baseKey: "rope_local_base_freq", isScaled: false)
    let biases = try fields.flag("attention_bias", default: false)
    return try parts.compose("gemma3_text", isTied: true, scale: parts.gemmaScale, cap: scores.logitCap) {
      layer in
      let shape = parts.shape(
        .past(window: isSliding[layer] ? window : nil), isSliding[layer] ? local : global,
        scale: scores.scale, cap: scores.cap)
      let place = parts.prefix(layer) + "self_attn."
      return (
        parts.attention(
          layer, shape, biases: biases, queryNorm: parts.norm(place + "q_norm", width: parts.headWidth),
          keyNorm: parts.norm(place + "k_norm", width: parts.headWidth)),
        parts.feedForward(layer), parts.gemmaSandwich(layer)
      )
    }
  }
}

extension ConfigurationFields {
  /// `hidden_act` is "gelu" in the first releases, where the approximation by tanh is meant (transformers, 29402).
  fileprivate func gemmaParts(
    keyHeads: Int, longest: Int, sizes: LlamaParts.Sizes = LlamaParts.Sizes()
  ) throws(CheckpointError) -> LlamaParts {
    let key = self["hidden_activation"] == nil ? "hidden_act" : "hidden_activation"
    let isOld = key == "hidden_act" && self[key]?.string == "gelu"
    var parts = try LlamaParts(
      self, keyHeads: keyHeads, headWidth: 256, longest: longest, sizes: sizes,
      activationKey: isOld ? nil : key, activation: "gelu_pytorch_tanh")
    parts.norm = .rmsOnePlus
    return parts
  }

  fileprivate func gemmaScores(
    cap: Double?, logitCap: Double?
  ) throws(CheckpointError) -> (scale: Double, cap: Double?, logitCap: Double?) {
    let scalar = try positive("query_pre_attn_scalar") ?? 256
    return (
      1 / scalar.squareRoot(), has("attn_logit_softcapping") ? try positive("attn_logit_softcapping") : cap,
      has("final_logit_softcapping") ? try positive("final_logit_softcapping") : logitCap
    )
  }
}

extension LlamaParts {
  fileprivate var gemmaScale: Double { Double(width).squareRoot() }

  fileprivate func gemmaSandwich(_ layer: Int) -> LayerOrder<Norm> {
    let place = prefix(layer)
    return .sandwich(
      attention: norm(place + "input_layernorm"), afterAttention: norm(place + "post_attention_layernorm"),
      feedForward: norm(place + "pre_feedforward_layernorm"),
      afterFeedForward: norm(place + "post_feedforward_layernorm"))
  }
}
