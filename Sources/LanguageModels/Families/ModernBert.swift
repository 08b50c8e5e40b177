import Checkpoints

/// ModernBERT: `modeling_modernbert.py` of transformers. An encoder with norms first, gates, rotary positions, and a window
/// in two of three layers, which have a base of their own.
enum ModernBert: Family {
  static let types = ["modernbert"]
  static let roots = ["model.", "", "base_model.model.model.", "module.model."]
  static let words = "model.embeddings.tok_embeddings.weight"
  static let isCausal = false

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let (vocabulary, width) = (try fields.size("vocab_size"), try fields.size("hidden_size"))
    let layerCount = try fields.size("num_hidden_layers", atMost: 4096)
    let heads = try fields.size("num_attention_heads")
    let inner = try fields.size("intermediate_size")
    let longest = try fields.size("max_position_embeddings", default: 8192)
    let epsilon = try fields.epsilon("norm_eps", default: 1e-5)
    let normBias = try fields.flag("norm_bias", default: false)
    let attentionBias = try fields.flag("attention_bias", default: false)
    let innerBias = try fields.flag("mlp_bias", default: false)
    let activation = try fields.activation("hidden_activation", default: "gelu")
    let headActivation = try fields.activation("classifier_activation", default: "gelu")
    let headBias = try fields.flag("classifier_bias", default: false)
    let hasBias = try fields.flag("decoder_bias", default: true)
    let isTied = try fields.flag("tie_word_embeddings", default: true)
    guard width % heads == 0 else {
      throw fields.error("num_attention_heads", "\(heads) does not divide hidden_size \(width)")
    }
    let every = try fields.size("global_attn_every_n_layers", default: 3)
    let isLocal = try fields.slidingLayers(layerCount) { $0 % every != 0 }
    let window = try fields.size("local_attention", default: 128)
    let headWidth = width / heads
    let global = try fields.rotary(
      headWidth: headWidth, longest: longest, layerType: "full_attention", baseKey: "global_rope_theta",
      base: 160_000)
    let local = try fields.rotary(
      headWidth: headWidth, longest: longest, layerType: "sliding_attention", baseKey: "local_rope_theta")

    func norm(_ name: String) -> Norm {
      Norm(name: name, kind: .layer(hasBias: normBias), width: width, epsilon: epsilon)
    }
    let layers = (0..<layerCount).map { index in
      let place = "model.layers.\(index)."
      let maps = StoredMap.fused(
        place + "attn.Wqkv", outputs: [width, width, width], inputs: width, hasBias: attentionBias)
      let gated = StoredMap.fused(
        place + "mlp.Wi", outputs: [inner, inner], inputs: width, hasBias: innerBias)
      return Layer(
        id: place,
        attention: SelfAttention(
          shape: AttentionShape(
            heads: heads, keyHeads: heads, headWidth: headWidth, scale: 1 / Double(headWidth).squareRoot(),
            view: isLocal[index] ? .near(window / 2) : .all, rotary: isLocal[index] ? local : global),
          query: maps[0], key: maps[1], value: maps[2],
          output: StoredMap(name: place + "attn.Wo", outputs: width, inputs: width, hasBias: attentionBias)),
        feedForward: FeedForward(
          gate: gated[0], inner: gated[1],
          output: StoredMap(name: place + "mlp.Wo", outputs: width, inputs: inner, hasBias: innerBias),
          activation: activation.function),
        order: .pre(
          attention: index == 0 ? nil : norm(place + "attn_norm"), feedForward: norm(place + "mlp_norm")))
    }
    return Composition(
      ModelConfiguration(
        family: "modernbert", vocabularySize: vocabulary, width: width, layerCount: layerCount,
        headCount: heads, innerWidth: inner, longestSequence: longest, activationName: activation.name,
        isCausal: false),
      Embeddings(
        words: words, rows: vocabulary, width: width, norm: norm("model.embeddings.norm")),
      layers,
      Head(
        steps: [
          .norm(norm("model.final_norm")),
          .map(StoredMap(name: "head.dense", outputs: width, inputs: width, hasBias: headBias)),
          .activation(headActivation.function), .norm(norm("head.norm")),
        ],
        output: Head.Output("decoder.weight", isTied: isTied),
        bias: hasBias ? "decoder.bias" : nil))
  }
}
