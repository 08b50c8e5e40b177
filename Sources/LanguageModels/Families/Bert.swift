import Checkpoints

/// BERT: `modeling_bert.py` of transformers.
enum Bert: Family {
  static let types = ["bert"]
  static let architectures = ["Bert"]
  static let roots = ["bert.", "", "base_model.model.bert.", "module.bert."]
  static let words = "bert.embeddings.word_embeddings.weight"
  static let isCausal = false

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try BertParts(fields)
    let layers = try (0..<parts.layerCount()).map { parts.layer("bert.encoder.layer.\($0).") }
    return parts.compose(
      "bert", try parts.embeddings("bert."), layers,
      try parts.head(
        dense: "cls.predictions.transform.dense", norm: "cls.predictions.transform.LayerNorm",
        decoder: "cls.predictions.decoder", bias: "cls.predictions.bias"))
  }
}
