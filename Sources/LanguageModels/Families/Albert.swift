import Checkpoints

/// ALBERT: `modeling_albert.py` of transformers. Embeddings are narrower than the model, and layers share weights: layer
/// `i` runs all layers of group `i / (layers / groups)`.
enum Albert: Family {
  static let types = ["albert"]
  static let architectures = ["Albert"]
  static let roots = ["albert.", "", "base_model.model.albert.", "module.albert."]
  static let words = "albert.embeddings.word_embeddings.weight"
  static let isCausal = false

  private static let names = BertParts.Names(
    query: "attention.query", key: "attention.key", value: "attention.value",
    attentionOutput: "attention.dense",
    attentionNorm: "attention.LayerNorm", inner: "ffn", output: "ffn_output",
    outputNorm: "full_layer_layer_norm")

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let parts = try BertParts(fields, activation: "gelu_new")
    let width = try fields.size("embedding_size", default: 128)
    var embeddings = try parts.embeddings("albert.", width: width)
    embeddings.projection = StoredMap(
      name: "albert.encoder.embedding_hidden_mapping_in", outputs: parts.width, inputs: width)
    let count = try parts.layerCount()
    let perGroup = try fields.size("inner_group_num", default: 1, atMost: 64)
    let groups = try fields.size("num_hidden_groups", default: 1)
    guard groups <= count else {
      throw fields.error("num_hidden_groups", "\(groups) is more than the \(count) layers")
    }
    let layers = (0..<count * perGroup).map { index in
      let group = Int(Double(index / perGroup) / (Double(count) / Double(groups)))
      return parts.layer(
        "albert.encoder.albert_layer_groups.\(group).albert_layers.\(index % perGroup).", names)
    }
    return parts.compose(
      "albert", embeddings, layers,
      try parts.head(
        dense: "predictions.dense", norm: "predictions.LayerNorm", decoder: "predictions.decoder",
        bias: "predictions.bias", embeddingWidth: width), layersPerGroup: perGroup)
  }
}
