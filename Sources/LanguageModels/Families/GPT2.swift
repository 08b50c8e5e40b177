import Checkpoints

/// GPT-2 and DistilGPT-2: `modeling_gpt2.py` of transformers. Causal, norms first, weights of its own `Conv1D` layout; the
/// official files have no prefix.
enum GPT2: Family {
  static let types = ["gpt2"]
  static let architectures = ["GPT2"]
  static let roots = ["transformer.", "", "base_model.model.transformer.", "module.transformer."]
  static let words = "transformer.wte.weight"

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let (vocabulary, width) = (try fields.size("vocab_size"), try fields.size("n_embd"))
    let layerCount = try fields.size("n_layer", atMost: 4096)
    let heads = try fields.size("n_head")
    let inner = try fields.size("n_inner", default: 4 * width)
    let positions = try fields.size("n_positions", default: 1024)
    let epsilon = try fields.epsilon("layer_norm_epsilon", default: 1e-5)
    let activation = try fields.activation("activation_function", default: "gelu_new")
    let isTied = try fields.flag("tie_word_embeddings", default: true)
    guard width % heads == 0 else { throw fields.error("n_head", "\(heads) does not divide n_embd \(width)") }
    try fields.refuseOn("scale_attn_by_inverse_layer_idx", "add_cross_attention")
    try fields.refuse("scale_attn_weights") { $0.bool == true }

    func norm(_ name: String) -> Norm {
      Norm(name: name, kind: .layer(hasBias: true), width: width, epsilon: epsilon)
    }
    func map(_ name: String, _ outputs: Int, _ inputs: Int) -> StoredMap {
      StoredMap(name: name, outputs: outputs, inputs: inputs, layout: .inputsByOutputs)
    }
    let shape = AttentionShape(
      heads: heads, keyHeads: heads, headWidth: width / heads,
      scale: 1 / Double(width / heads).squareRoot(), view: .past(window: nil))
    let layers = (0..<layerCount).map { index in
      let place = "transformer.h.\(index)."
      let maps = StoredMap.fused(
        place + "attn.c_attn", outputs: [width, width, width], inputs: width, hasBias: true,
        layout: .inputsByOutputs)
      return Layer(
        id: place,
        attention: SelfAttention(
          shape: shape, query: maps[0], key: maps[1], value: maps[2],
          output: map(place + "attn.c_proj", width, width)),
        feedForward: FeedForward(
          inner: map(place + "mlp.c_fc", inner, width), output: map(place + "mlp.c_proj", width, inner),
          activation: activation.function),
        order: .pre(attention: norm(place + "ln_1"), feedForward: norm(place + "ln_2")))
    }
    return Composition(
      ModelConfiguration(
        family: "gpt2", vocabularySize: vocabulary, width: width, layerCount: layerCount, headCount: heads,
        innerWidth: inner, longestSequence: positions, activationName: activation.name, isCausal: true),
      Embeddings(
        words: words, rows: vocabulary, width: width,
        positions: LearnedPositions(name: "transformer.wpe.weight", count: positions)),
      layers,
      Head(
        steps: [.norm(norm("transformer.ln_f"))],
        output: Head.Output("lm_head.weight", isTied: isTied)))
  }
}
