import Checkpoints

/// ELECTRA's generator: `modeling_electra.py` of transformers. Embeddings may be narrower than the model; the head's activation
/// is GELU whatever the configuration says (`ElectraGeneratorPredictions`).
enum Electra: Family {
  static let types = ["electra"]
  static let architectures = ["Electra"]
  static let roots = ["electra.", "", "base_model.model.electra.", "module.electra."]
  static let words = "electra.embeddings.word_embeddings.weight"
  static let isCausal = false

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try BertParts(fields)
    let width = try fields.size("embedding_size", default: 128)
    var embeddings = try parts.embeddings("electra.", width: width)
    // Only where the widths differ (`ElectraModel.__init__`).
    if width != parts.width {
      embeddings.projection = StoredMap(
        name: "electra.embeddings_project", outputs: parts.width, inputs: width)
    }
    let layers = try (0..<parts.layerCount()).map { parts.layer("electra.encoder.layer.\($0).") }
    return parts.compose(
      "electra", embeddings, layers,
      try parts.head(
        dense: "generator_predictions.dense", norm: "generator_predictions.LayerNorm",
        decoder: "generator_lm_head", bias: "generator_lm_head.bias", activation: .gelu, embeddingWidth: width
      ))
  }
}
