import Checkpoints

/// GPT-NeoX and Pythia: `modeling_gpt_neox.py` of transformers. Attention and feed-forward side by side, a part of each head
/// turned, queries, keys and values of each head next to each other in one weight.
enum GPTNeoX: Family {
  static let types = ["gpt_neox"]
  static let roots = ["gpt_neox.", "", "base_model.model.gpt_neox.", "module.gpt_neox."]
  static let words = "gpt_neox.embed_in.weight"

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let (vocabulary, width) = (try fields.size("vocab_size"), try fields.size("hidden_size"))
    let layerCount = try fields.size("num_hidden_layers", atMost: 4096)
    let heads = try fields.size("num_attention_heads")
    let inner = try fields.size("intermediate_size")
    let longest = try fields.size("max_position_embeddings", default: 2048)
    let epsilon = try fields.epsilon("layer_norm_eps", default: 1e-5)
    let activation = try fields.activation("hidden_act", default: "gelu")
    let isTied = try fields.flag("tie_word_embeddings", default: false)
    let isParallel = try fields.flag("use_parallel_residual", default: true)
    let biases = try fields.flag("attention_bias", default: true)
    guard width % heads == 0 else {
      throw fields.error("num_attention_heads", "\(heads) does not divide hidden_size \(width)")
    }
    let headWidth = width / heads
    let shape = AttentionShape(
      heads: heads, keyHeads: heads, headWidth: headWidth, scale: 1 / Double(headWidth).squareRoot(),
      view: .past(window: nil),
      rotary: try fields.rotary(
        headWidth: headWidth, longest: longest, baseKey: "rotary_emb_base", partKey: "rotary_pct", part: 0.25)
    )

    func norm(_ name: String) -> Norm {
      Norm(name: name, kind: .layer(hasBias: true), width: width, epsilon: epsilon)
    }
    let layers = (0..<layerCount).map { index in
      let place = "gpt_neox.layers.\(index)."
      // (H, 3, D): queries, keys and values of a head lie together.
      let maps = (0..<3).map { part in
        StoredMap(
          name: place + "attention.query_key_value", outputs: width, inputs: width, hasBias: biases,
          rows: .chosen(
            (0..<width).map { $0 / headWidth * 3 * headWidth + part * headWidth + $0 % headWidth },
            total: 3 * width))
      }
      let norms = (norm(place + "input_layernorm"), norm(place + "post_attention_layernorm"))
      return Layer(
        id: place,
        attention: SelfAttention(
          shape: shape, query: maps[0], key: maps[1], value: maps[2],
          output: StoredMap(
            name: place + "attention.dense", outputs: width, inputs: width, hasBias: biases)),
        feedForward: FeedForward(
          inner: StoredMap(name: place + "mlp.dense_h_to_4h", outputs: inner, inputs: width),
          output: StoredMap(name: place + "mlp.dense_4h_to_h", outputs: width, inputs: inner),
          activation: activation.function),
        order: isParallel
          ? .parallel(attention: norms.0, feedForward: norms.1)
          : .pre(attention: norms.0, feedForward: norms.1))
    }
    return Composition(
      ModelConfiguration(
        family: "gpt_neox", vocabularySize: vocabulary, width: width, layerCount: layerCount,
        headCount: heads, innerWidth: inner, longestSequence: longest, activationName: activation.name,
        isCausal: true),
      Embeddings(words: words, rows: vocabulary, width: width), layers,
      Head(
        steps: [.norm(norm("gpt_neox.final_layer_norm"))],
        output: Head.Output("embed_out.weight", "lm_head.weight", isTied: isTied)))
  }
}
