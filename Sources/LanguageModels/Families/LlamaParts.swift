import Checkpoints
import Tensors

/// What Llama and its many relatives share: the members of `config.json` and the names of the tensors. Each family says
/// with it what it has and what it does differently.
struct LlamaParts {
  static let roots = [
    "model.", "", "base_model.model.model.", "module.model.", "language_model.model.",
    "model.language_model.",
  ]
  static let words = "model.embed_tokens.weight"

  let fields: ConfigurationFields
  let vocabulary, width, layerCount, heads, keyHeads, headWidth, inner, longest: Int
  let epsilon: Float
  let activation: (name: String, function: ActivationFunction)
  var norm = Norm.Kind.rms

  /// What the sizes are where the file leaves them out; nil where it has to state them.
  struct Sizes {
    var vocabulary, width, layers, heads, inner: Int?
  }

  /// - Parameters:
  ///   - keyHeads: how many where the file says nothing; as many as query heads where it says null, or where this is nil
  ///   - headWidth: the same; nil for the model's width by the number of heads
  init(
    _ fields: ConfigurationFields, epsilon: Float = 1e-6, keyHeads: Int? = nil, headWidth: Int? = nil,
    longest: Int, sizes: Sizes = Sizes(), activationKey: String? = "hidden_act", activation: String = "silu"
  ) throws(CheckpointError) {
    self.fields = fields
    vocabulary = try fields.size("vocab_size", default: sizes.vocabulary)
    width = try fields.size("hidden_size", default: sizes.width)
    layerCount = try fields.size("num_hidden_layers", default: sizes.layers, atMost: 4096)
    heads = try fields.size("num_attention_heads", default: sizes.heads)
    self.keyHeads = try fields.size(
      "num_key_value_heads", default: fields.has("num_key_value_heads") ? heads : keyHeads ?? heads)
    guard heads % self.keyHeads == 0 else {
      throw fields.error(
        "num_key_value_heads", "\(self.keyHeads) does not divide num_attention_heads \(heads)")
    }
    if fields["head_dim"] == nil, headWidth == nil, width % heads != 0 {
      throw fields.error("num_attention_heads", "\(heads) does not divide hidden_size \(width)")
    }
    self.headWidth = try fields.size("head_dim", default: headWidth ?? width / heads)
    inner = try fields.size("intermediate_size", default: sizes.inner)
    self.longest = try fields.size("max_position_embeddings", default: longest)
    self.epsilon = try fields.epsilon("rms_norm_eps", default: epsilon)
    self.activation = try fields.activation(activationKey, default: activation)
  }

  func norm(_ name: String, width: Int? = nil) -> Norm {
    Norm(name: name, kind: norm, width: width ?? self.width, epsilon: epsilon)
  }

  func prefix(_ layer: Int) -> String { "model.layers.\(layer)." }

  /// Scores are divided by the root of the head's width, where no other `scale` is given.
  func shape(
    _ view: AttentionShape.View, _ rotary: Rotary, scale: Double? = nil, cap: Double? = nil
  ) -> AttentionShape {
    AttentionShape(
      heads: heads, keyHeads: keyHeads, headWidth: headWidth,
      scale: scale ?? 1 / Double(headWidth).squareRoot(), cap: cap, view: view, rotary: rotary)
  }

  func attention(
    _ layer: Int, _ shape: AttentionShape, biases: Bool = false, outputBias: Bool? = nil,
    queryNorm: Norm? = nil, keyNorm: Norm? = nil
  ) -> SelfAttention {
    let place = prefix(layer) + "self_attn."
    func map(_ name: String, _ outputs: Int) -> StoredMap {
      StoredMap(name: place + name, outputs: outputs, inputs: width, hasBias: biases)
    }
    return SelfAttention(
      shape: shape, query: map("q_proj", shape.width), key: map("k_proj", shape.keyWidth),
      value: map("v_proj", shape.keyWidth),
      output: StoredMap(
        name: place + "o_proj", outputs: width, inputs: shape.width, hasBias: outputBias ?? biases),
      queryNorm: queryNorm, keyNorm: keyNorm)
  }

  func feedForward(_ layer: Int, biases: Bool = false) -> FeedForward {
    let place = prefix(layer) + "mlp."
    return FeedForward(
      gate: StoredMap(name: place + "gate_proj", outputs: inner, inputs: width, hasBias: biases),
      inner: StoredMap(name: place + "up_proj", outputs: inner, inputs: width, hasBias: biases),
      output: StoredMap(name: place + "down_proj", outputs: width, inputs: inner, hasBias: biases),
      activation: activation.function)
  }

  /// Norms before attention and feed-forward, under Llama's names.
  func preNorms(_ layer: Int) -> LayerOrder<Norm> {
    .pre(
      attention: norm(prefix(layer) + "input_layernorm"),
      feedForward: norm(prefix(layer) + "post_attention_layernorm"))
  }

  func compose(
    _ family: String, isTied: Bool, scale: Double = 1, cap: Double? = nil,
    layer: (Int) throws(CheckpointError) -> (
      attention: SelfAttention, feedForward: FeedForward, order: LayerOrder<Norm>
    )
  ) throws(CheckpointError) -> Composition {
    let tied = try fields.flag("tie_word_embeddings", default: isTied)
    var layers: [Layer] = []
    for index in 0..<layerCount {
      let parts = try layer(index)
      layers.append(
        Layer(
          id: prefix(index), attention: parts.attention, feedForward: parts.feedForward, order: parts.order))
    }
    return Composition(
      ModelConfiguration(
        family: family, vocabularySize: vocabulary, width: width, layerCount: layerCount, headCount: heads,
        innerWidth: inner, longestSequence: layers.first?.attention.shape.rotary?.longest(longest) ?? longest,
        activationName: activation.name, isCausal: true),
      Embeddings(words: Self.words, rows: vocabulary, width: width, scale: scale),
      layers,
      Head(
        steps: [.norm(norm("model.norm"))],
        output: Head.Output("lm_head.weight", isTied: tied),
        cap: cap))
  }
}

extension ConfigurationFields {
  /// Which layers see only a window: by `layer_types`, or by a rule where there are none.
  func slidingLayers(_ count: Int, rule: (Int) -> Bool) throws(CheckpointError) -> [Bool] {
    let kind = "a list with sliding_attention or full_attention for each of \(count) layers"
    let stated = try value("layer_types", kind) { json -> [Bool]? in
      let names = json.array?.compactMap(\.string) ?? []
      guard names.count == count, json.array?.count == count,
        names.allSatisfy({ ["sliding_attention", "full_attention"].contains($0) })
      else { return nil }
      return names.map { $0 == "sliding_attention" }
    }
    return stated ?? (0..<count).map(rule)
  }
}
