/// ALBERT: `modeling_albert.py` of transformers. Embeddings are narrower than the model, and layers share weights: layer
/// `i` runs all layers of group `i / (layers / groups)`.
extension Architecture {
  static let albert = Architecture(
    bodyPrefixes: ["albert.", "", "base_model.model.albert.", "module.albert."],
    keys: ConfigurationKeys(
      embeddingWidth: "embedding_size", defaultActivation: "gelu_new", groups: "num_hidden_groups",
      layersPerGroup: "inner_group_num"),
    embeddingProjection: "encoder.embedding_hidden_mapping_in",
    layerPrefix: { group, inner in "encoder.albert_layer_groups.\(group).albert_layers.\(inner)." },
    layer: LayerNames(
      queryKeyValue: ["attention.query", "attention.key", "attention.value"],
      attentionOutput: "attention.dense", attentionNorm: "attention.LayerNorm", inner: "ffn",
      output: "ffn_output", outputNorm: "full_layer_layer_norm"),
    head: HeadNames(
      transform: ("predictions.dense", "predictions.LayerNorm"), decoder: "predictions.decoder",
      bias: "predictions.bias"))
}
