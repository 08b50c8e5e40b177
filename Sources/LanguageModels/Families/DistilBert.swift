import Checkpoints

/// DistilBERT: `modeling_distilbert.py` of transformers. No token types; the norms' epsilon is fixed.
enum DistilBert: Family {
  static let types = ["distilbert"]
  static let architectures = ["DistilBert"]
  static let roots = ["distilbert.", "", "base_model.model.distilbert.", "module.distilbert."]
  static let words = "distilbert.embeddings.word_embeddings.weight"
  static let isCausal = false

  private static let names = BertParts.Names(
    query: "attention.q_lin", key: "attention.k_lin", value: "attention.v_lin",
    attentionOutput: "attention.out_lin", attentionNorm: "sa_layer_norm", inner: "ffn.lin1",
    output: "ffn.lin2",
    outputNorm: "output_layer_norm")

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try BertParts(
      fields,
      keys: BertParts.Keys(
        width: "dim", heads: "n_heads", inner: "hidden_dim", layers: "n_layers", activation: "activation",
        epsilon: nil))
    let layers = try (0..<parts.layerCount()).map {
      parts.layer("distilbert.transformer.layer.\($0).", names)
    }
    return parts.compose(
      "distilbert", try parts.embeddings("distilbert.", hasTokenTypes: false), layers,
      try parts.head(
        dense: "vocab_transform", norm: "vocab_layer_norm", decoder: "vocab_projector",
        bias: "vocab_projector.bias"))
  }
}
