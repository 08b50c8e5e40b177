import Checkpoints

/// OPT: `modeling_opt.py` of transformers. Learned positions whose table starts with two unused rows; norms first. In the model
/// of 350 million norms come after, and embeddings are narrower than the model.
enum OPT: Family {
  static let types = ["opt"]
  static let roots = [
    "model.decoder.", "decoder.", "base_model.model.model.decoder.", "module.model.decoder.",
  ]
  static let words = "model.decoder.embed_tokens.weight"

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let (vocabulary, width) = (try fields.size("vocab_size"), try fields.size("hidden_size"))
    let layerCount = try fields.size("num_hidden_layers", atMost: 4096)
    let heads = try fields.size("num_attention_heads")
    let inner = try fields.size("ffn_dim")
    let longest = try fields.size("max_position_embeddings", default: 2048)
    let activation = try fields.activation("activation_function", default: "relu")
    let isFirst = try fields.flag("do_layer_norm_before", default: true)
    let isWithoutFinal = try fields.flag("_remove_final_layer_norm", default: false)
    let biases = try fields.flag("enable_bias", default: true)
    let isTied = try fields.flag("tie_word_embeddings", default: true)
    guard width % heads == 0 else {
      throw fields.error("num_attention_heads", "\(heads) does not divide hidden_size \(width)")
    }
    let embeddingWidth = try fields.size("word_embed_proj_dim", default: width)
    let isProjected = embeddingWidth != width
    try fields.refuse("layer_norm_elementwise_affine") { $0.bool == true }

    let (inward, outward) = (
      StoredMap(name: "model.decoder.project_in", outputs: width, inputs: embeddingWidth, hasBias: false),
      StoredMap(name: "model.decoder.project_out", outputs: embeddingWidth, inputs: width, hasBias: false)
    )
    func norm(_ name: String) -> Norm {
      Norm(name: name, kind: .layer(hasBias: true), width: width, epsilon: 1e-5)
    }
    func map(_ name: String, _ outputs: Int, _ inputs: Int) -> StoredMap {
      StoredMap(name: name, outputs: outputs, inputs: inputs, hasBias: biases)
    }
    let shape = AttentionShape(
      heads: heads, keyHeads: heads, headWidth: width / heads,
      scale: 1 / Double(width / heads).squareRoot(), view: .past(window: nil))
    let layers = (0..<layerCount).map { index in
      let place = "model.decoder.layers.\(index)."
      let norms = (norm(place + "self_attn_layer_norm"), norm(place + "final_layer_norm"))
      return Layer(
        id: place,
        attention: SelfAttention(
          shape: shape, query: map(place + "self_attn.q_proj", width, width),
          key: map(place + "self_attn.k_proj", width, width),
          value: map(place + "self_attn.v_proj", width, width),
          output: map(place + "self_attn.out_proj", width, width)),
        feedForward: FeedForward(
          inner: map(place + "fc1", inner, width), output: map(place + "fc2", width, inner),
          activation: activation.function),
        order: isFirst
          ? .pre(attention: norms.0, feedForward: norms.1) : .post(attention: norms.0, feedForward: norms.1))
    }
    return Composition(
      ModelConfiguration(
        family: "opt", vocabularySize: vocabulary, width: width, embeddingWidth: embeddingWidth,
        layerCount: layerCount, headCount: heads, innerWidth: inner, longestSequence: longest,
        activationName: activation.name, isCausal: true),
      Embeddings(
        words: words, rows: vocabulary, width: embeddingWidth,
        positions: LearnedPositions(
          name: "model.decoder.embed_positions.weight", count: longest + 2, first: 2,
          followProjection: isProjected),
        projection: isProjected ? inward : nil),
      layers,
      Head(
        steps: (isFirst && !isWithoutFinal ? [.norm(norm("model.decoder.final_layer_norm"))] : [])
          + (isProjected ? [.map(outward)] : []),
        output: Head.Output("lm_head.weight", isTied: isTied)))
  }
}
