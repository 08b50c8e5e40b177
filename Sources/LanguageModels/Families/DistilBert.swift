/// DistilBERT: `modeling_distilbert.py` of transformers. No token types; the norms' epsilon is fixed.
extension Architecture {
  static let distilbert = Architecture(
    bodyPrefixes: ["distilbert.", "", "base_model.model.distilbert.", "module.distilbert."],
    keys: ConfigurationKeys(
      width: "dim", layers: "n_layers", heads: "n_heads", innerWidth: "hidden_dim", tokenTypes: nil,
      epsilon: nil, activation: "activation"),
    tokenTypes: nil,
    layerPrefix: { group, _ in "transformer.layer.\(group)." },
    layer: LayerNames(
      queryKeyValue: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
      attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm", inner: "ffn.lin1",
      output: "ffn.lin2", outputNorm: "output_layer_norm"),
    head: HeadNames(
      transform: ("vocab_transform", "vocab_layer_norm"), decoder: "vocab_projector",
      bias: "vocab_projector.bias"))
}
