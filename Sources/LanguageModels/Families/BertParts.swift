import Checkpoints
import Tensors

/// What BERT and its relatives share: learned positions, norms after the residuals, a transform under the output matrix.
struct BertParts {
  let fields: ConfigurationFields
  let vocabulary, width, heads, inner: Int
  /// The members that hold them, for errors.
  let keys: Keys
  let epsilon: Float
  let activation: (name: String, function: ActivationFunction)

  /// Where the sizes stand in `config.json`.
  struct Keys {
    var width = "hidden_size"
    var heads = "num_attention_heads"
    var inner = "intermediate_size"
    var layers = "num_hidden_layers"
    var activation = "hidden_act"
    /// Nil where the code fixes the value.
    var epsilon: String? = "layer_norm_eps"
  }

  /// The names of a layer's parts.
  struct Names {
    var query = "attention.self.query"
    var key = "attention.self.key"
    var value = "attention.self.value"
    var attentionOutput = "attention.output.dense"
    var attentionNorm = "attention.output.LayerNorm"
    var inner = "intermediate.dense"
    var output = "output.dense"
    var outputNorm = "output.LayerNorm"
  }

  init(
    _ fields: ConfigurationFields, keys: Keys = Keys(), activation: String = "gelu"
  ) throws(CheckpointError) {
    self.fields = fields
    self.keys = keys
    vocabulary = try fields.size("vocab_size")
    width = try fields.size(keys.width)
    heads = try fields.size(keys.heads)
    inner = try fields.size(keys.inner)
    epsilon =
      try keys.epsilon.map { (key) throws(CheckpointError) in try fields.epsilon(key, default: 1e-12) }
      ?? 1e-12
    self.activation = try fields.activation(keys.activation, default: activation)
    guard width % heads == 0 else {
      throw fields.error(keys.heads, "\(heads) does not divide \(keys.width) \(width)")
    }
    try fields.refuse("position_embedding_type") { $0.string == "absolute" }
    try fields.refuseOn("is_decoder", "add_cross_attention")
  }

  func layerCount() throws(CheckpointError) -> Int { try fields.size(keys.layers, atMost: 4096) }

  func norm(_ name: String, width: Int? = nil) -> Norm {
    Norm(name: name, kind: .layer(hasBias: true), width: width ?? self.width, epsilon: epsilon)
  }

  /// - Parameter first: the row of a sequence's first token
  func positions(_ name: String, first: Int = 0) throws(CheckpointError) -> LearnedPositions {
    let count = try fields.size("max_position_embeddings", default: 512)
    guard count > first else {
      throw fields.error("max_position_embeddings", "leaves no position for a token")
    }
    return LearnedPositions(name: name, count: count, first: first)
  }

  /// The usual bottom: words, positions and token types, normalised.
  /// - Parameter root: what the names start with
  func embeddings(
    _ root: String, width: Int? = nil, firstPosition: Int = 0, hasTokenTypes: Bool = true
  ) throws(CheckpointError) -> Embeddings {
    let place = root + "embeddings."
    let types = hasTokenTypes ? try fields.size("type_vocab_size", default: 2) : 0
    return Embeddings(
      words: place + "word_embeddings.weight", rows: vocabulary, width: width ?? self.width,
      positions: try positions(place + "position_embeddings.weight", first: firstPosition),
      tokenTypes: hasTokenTypes ? (place + "token_type_embeddings.weight", types) : nil,
      norm: norm(place + "LayerNorm", width: width))
  }

  func layer(_ prefix: String, _ names: Names = Names()) -> Layer {
    func map(_ name: String, _ outputs: Int, _ inputs: Int) -> StoredMap {
      StoredMap(name: prefix + name, outputs: outputs, inputs: inputs)
    }
    let headWidth = width / heads
    return Layer(
      id: prefix,
      attention: SelfAttention(
        shape: AttentionShape(
          heads: heads, keyHeads: heads, headWidth: headWidth, scale: 1 / Double(headWidth).squareRoot(),
          view: .all),
        query: map(names.query, width, width), key: map(names.key, width, width),
        value: map(names.value, width, width), output: map(names.attentionOutput, width, width)),
      feedForward: FeedForward(
        inner: map(names.inner, inner, width), output: map(names.output, width, inner),
        activation: activation.function),
      order: .post(
        attention: norm(prefix + names.attentionNorm), feedForward: norm(prefix + names.outputNorm)))
  }

  /// Dense map, activation and norm, then the output matrix with a bias.
  /// - Parameters:
  ///   - activation: where the configuration has no say in it
  ///   - embeddingWidth: of the output matrix
  func head(
    dense: String, norm normName: String, decoder: String, bias: String,
    activation: ActivationFunction? = nil,
    embeddingWidth: Int? = nil
  ) throws(CheckpointError) -> Head {
    let width = embeddingWidth ?? self.width
    let isTied = try fields.flag("tie_word_embeddings", default: true)
    return Head(
      steps: [
        .map(StoredMap(name: dense, outputs: width, inputs: self.width)),
        .activation(activation ?? self.activation.function), .norm(norm(normName, width: width)),
      ],
      output: Head.Output(decoder + ".weight", isTied: isTied), bias: bias)
  }

  func compose(
    _ family: String, _ embeddings: Embeddings, _ layers: [Layer], _ head: Head, layersPerGroup: Int = 1
  ) -> Composition {
    let positions = embeddings.positions.map { $0.count - $0.first } ?? 0
    return Composition(
      ModelConfiguration(
        family: family, vocabularySize: vocabulary, width: width, embeddingWidth: embeddings.width,
        layerCount: layers.count, layersPerGroup: layersPerGroup, headCount: heads, innerWidth: inner,
        longestSequence: positions, activationName: activation.name, isCausal: false),
      embeddings, layers, head)
  }
}
