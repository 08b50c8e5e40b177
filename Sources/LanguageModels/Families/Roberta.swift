import Checkpoints

/// RoBERTa, XLM-RoBERTa and CamemBERT, which share names: `modeling_roberta.py` of transformers. Positions are numbered from
/// `pad_token_id + 1`; the head's activation is GELU whatever the configuration says (`RobertaLMHead`).
enum Roberta: Family {
  static let types = ["roberta", "xlm-roberta", "camembert"]
  static let architectures = ["XLMRoberta", "Camembert", "Roberta"]
  static let roots = ["roberta.", "", "base_model.model.roberta.", "module.roberta."]
  static let words = "roberta.embeddings.word_embeddings.weight"
  static let isCausal = false

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try BertParts(fields)
    let padding = try fields.size("pad_token_id", default: 1, atLeast: 0)
    let layers = try (0..<parts.layerCount()).map { parts.layer("roberta.encoder.layer.\($0).") }
    return parts.compose(
      fields["model_type"]?.string ?? "roberta",
      try parts.embeddings("roberta.", firstPosition: padding + 1), layers,
      try parts.head(
        dense: "lm_head.dense", norm: "lm_head.layer_norm", decoder: "lm_head.decoder", bias: "lm_head.bias",
        activation: .gelu))
  }
}
