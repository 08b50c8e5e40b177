import Tensors

/// What differs between families: names and a few switches. There is one such table for each family, in `Families/`.
struct Architecture: Sendable {
  /// The prefixes under which the body's tensors may be stored, the usual one first.
  let bodyPrefixes: [String]
  var headPrefixes = ["", "base_model.model.", "module."]

  /// Members of `config.json` and their defaults in transformers.
  var keys = ConfigurationKeys()

  var words = "embeddings.word_embeddings.weight"
  var positions = "embeddings.position_embeddings.weight"
  var tokenTypes: String? = "embeddings.token_type_embeddings.weight"
  var embeddingNorm: String? = "embeddings.LayerNorm"
  /// The map from the embedding's width to the model's, of models that have two.
  var embeddingProjection: String?

  /// The names of a layer's parts under this prefix.
  let layerPrefix: @Sendable (_ group: Int, _ inner: Int) -> String
  let layer: LayerNames
  let head: HeadNames

  /// Positions are numbered from `pad_token_id + 1`.
  var positionsFollowPadding = false
  var isCausal = false
  /// LayerNorm stands before attention and feed-forward, not after their residuals, and once more at the end.
  var normalizesFirst = false
  /// Weights are stored as (inputs, outputs).
  var weightLayout = Linear.Layout.outputsByInputs
}

/// Names of a layer's maps and norms.
struct LayerNames: Sendable {
  /// Query, key and value, or one name where a single weight holds them side by side.
  let queryKeyValue: [String]
  let attentionOutput, attentionNorm, inner, output, outputNorm: String
}

/// Names of the head's parts.
struct HeadNames: Sendable {
  /// Dense map and norm before the output matrix; nil where there are none.
  var transform: (dense: String, norm: String)?
  /// The norm after the last layer of models that normalise first.
  var finalNorm: String?
  let decoder: String
  /// The output bias; nil where there is none.
  var bias: String?
  /// The head's activation where the configuration has no say in it.
  var fixedActivation: ActivationFunction?
}

/// Where the sizes stand in `config.json`.
struct ConfigurationKeys: Sendable {
  var width = "hidden_size"
  /// The width of the embeddings, where it is not the model's.
  var embeddingWidth: String?
  var layers = "num_hidden_layers"
  var heads = "num_attention_heads"
  var innerWidth = "intermediate_size"
  var innerWidthMayBeNull = false
  var positions = "max_position_embeddings"
  var defaultPositions = 512
  var tokenTypes: String? = "type_vocab_size"
  /// Nil where the code fixes the value.
  var epsilon: String? = "layer_norm_eps"
  var defaultEpsilon: Float = 1e-12
  var activation = "hidden_act"
  var defaultActivation = "gelu"
  var groups: String?
  var layersPerGroup: String?
  /// Switches that must be off, and switches that must be on: their other meaning is not implemented.
  var refused = ["is_decoder", "add_cross_attention"]
  var required: [String] = []
}
