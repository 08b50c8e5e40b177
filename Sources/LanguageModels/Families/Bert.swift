/// BERT and those of its shape: `modeling_bert.py`, `modeling_roberta.py`, `modeling_electra.py` of transformers.
extension Architecture {
  private static let bertLayer = LayerNames(
    queryKeyValue: ["attention.self.query", "attention.self.key", "attention.self.value"],
    attentionOutput: "attention.output.dense", attentionNorm: "attention.output.LayerNorm",
    inner: "intermediate.dense", output: "output.dense", outputNorm: "output.LayerNorm")

  static let bert = Architecture(
    bodyPrefixes: ["bert.", "", "base_model.model.bert.", "module.bert."],
    layerPrefix: { group, _ in "encoder.layer.\(group)." }, layer: bertLayer,
    head: HeadNames(
      transform: ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"),
      decoder: "cls.predictions.decoder", bias: "cls.predictions.bias"))

  /// RoBERTa, XLM-RoBERTa and CamemBERT, which share names. The head's activation is GELU whatever the configuration
  /// says (`RobertaLMHead`).
  static let roberta = Architecture(
    bodyPrefixes: ["roberta.", "", "base_model.model.roberta.", "module.roberta."],
    layerPrefix: { group, _ in "encoder.layer.\(group)." }, layer: bertLayer,
    head: HeadNames(
      transform: ("lm_head.dense", "lm_head.layer_norm"), decoder: "lm_head.decoder", bias: "lm_head.bias",
      fixedActivation: .gelu),
    positionsFollowPadding: true)

  /// The generator. Its head's activation is GELU whatever the configuration says (`ElectraGeneratorPredictions`).
  static let electra = Architecture(
    bodyPrefixes: ["electra.", "", "base_model.model.electra.", "module.electra."],
    keys: ConfigurationKeys(embeddingWidth: "embedding_size"),
    embeddingProjection: "embeddings_project",
    layerPrefix: { group, _ in "encoder.layer.\(group)." }, layer: bertLayer,
    head: HeadNames(
      transform: ("generator_predictions.dense", "generator_predictions.LayerNorm"),
      decoder: "generator_lm_head", bias: "generator_lm_head.bias", fixedActivation: .gelu))
}
