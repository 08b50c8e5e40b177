/// GPT-2 and DistilGPT-2: `modeling_gpt2.py` of transformers. Causal, norms first, weights of its own `Conv1D` layout; the
/// official files have no prefix.
extension Architecture {
  static let gpt2 = Architecture(
    bodyPrefixes: ["transformer.", "", "base_model.model.transformer.", "module.transformer."],
    keys: ConfigurationKeys(
      width: "n_embd", layers: "n_layer", heads: "n_head", innerWidth: "n_inner", innerWidthMayBeNull: true,
      positions: "n_positions", defaultPositions: 1024, tokenTypes: nil, epsilon: "layer_norm_epsilon",
      defaultEpsilon: 1e-5, activation: "activation_function", defaultActivation: "gelu_new",
      refused: ["scale_attn_by_inverse_layer_idx", "add_cross_attention"],
      required: ["scale_attn_weights"]),
    words: "wte.weight", positions: "wpe.weight", tokenTypes: nil, embeddingNorm: nil,
    layerPrefix: { group, _ in "h.\(group)." },
    layer: LayerNames(
      queryKeyValue: ["attn.c_attn"], attentionOutput: "attn.c_proj", attentionNorm: "ln_1",
      inner: "mlp.c_fc", output: "mlp.c_proj", outputNorm: "ln_2"),
    head: HeadNames(finalNorm: "ln_f", decoder: "lm_head"),
    isCausal: true, normalizesFirst: true, weightLayout: .inputsByOutputs)
}
