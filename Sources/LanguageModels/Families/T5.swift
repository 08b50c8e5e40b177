import Checkpoints
import Foundation
import Tensors

/// T5, its version 1.1, Flan-T5 and mT5: `modeling_t5.py` of transformers. An encoder reads the text, where a sentinel stands for the answer;
/// a decoder begins with its start token and the sentinel and predicts what the sentinel stands for. Positions are biases
/// of the scores by distance, which the first layer of each side holds for all of them; scores are not scaled.
enum T5: Family {
  static let types = ["t5", "mt5"]
  static let architectures = ["T5ForConditionalGeneration", "MT5ForConditionalGeneration"]
  static let roots = ["", "model.", "base_model.model.", "module."]
  static let words = "shared.weight"
  static let isCausal = false
  static let answersByDecoder = true

  /// `safetensors.torch.save_model` keeps one name of what is tied, the first by the alphabet.
  static var tables: [String] {
    let names = TensorNames(roots)
    return ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"].flatMap(
      names.variants)
  }

  static func compose(_ fields: ConfigurationFields) throws(CheckpointError) -> Composition {
    let sizes = try Sizes(fields)
    let encoder = (0..<sizes.layers).map { index in
      let place = "encoder.block.\(index).layer."
      return Layer(
        id: place, attention: sizes.attention(place + "0.SelfAttention", "encoder", .all),
        feedForward: sizes.feedForward(place + "1.DenseReluDense"),
        order: .pre(
          attention: sizes.norm(place + "0.layer_norm"), feedForward: sizes.norm(place + "1.layer_norm")))
    }
    let decoder = (0..<sizes.decoderLayers).map { index in
      let place = "decoder.block.\(index).layer."
      return DecoderLayer(
        attention: sizes.attention(place + "0.SelfAttention", "decoder", .past(window: nil)),
        crossAttention: sizes.attention(place + "1.EncDecAttention", nil, .all),
        feedForward: sizes.feedForward(place + "2.DenseReluDense"),
        attentionNorm: sizes.norm(place + "0.layer_norm"), crossNorm: sizes.norm(place + "1.layer_norm"),
        feedForwardNorm: sizes.norm(place + "2.layer_norm"))
    }
    // Saved as false by those that do not scale their output; transformers ties all of them, unless another matrix is stored.
    let isScaled = try fields.flag("tie_word_embeddings", default: true)
    return Composition(
      ModelConfiguration(
        family: fields["model_type"]?.string ?? "t5", vocabularySize: sizes.vocabulary, width: sizes.width,
        layerCount: sizes.layers, headCount: sizes.heads, innerWidth: sizes.inner,
        longestSequence: sizes.longest, activationName: sizes.activation.name, isCausal: false),
      Embeddings(words: words, rows: sizes.vocabulary, width: sizes.width), encoder,
      Head(
        steps: [.norm(sizes.norm("decoder.final_layer_norm"))]
          + (isScaled ? [.scale(1 / Double(sizes.width).squareRoot())] : []),
        output: Head.Output("lm_head.weight", isTied: true)),
      decoder: Decoder(
        start: sizes.start, memoryNorm: sizes.norm("encoder.final_layer_norm"), layers: decoder))
  }

  /// What `config.json` says.
  private struct Sizes {
    let vocabulary, width, headWidth, heads, inner, layers, decoderLayers, buckets, farthest, longest: Int
    let start: Int
    let epsilon: Float
    let isGated: Bool
    let activation: (name: String, function: ActivationFunction)

    init(_ fields: ConfigurationFields) throws(CheckpointError) {
      vocabulary = try fields.size("vocab_size", default: 32128)
      width = try fields.size("d_model")
      headWidth = try fields.size("d_kv", default: 64)
      heads = try fields.size("num_heads")
      inner = try fields.size("d_ff")
      layers = try fields.size("num_layers", atMost: 4096)
      decoderLayers = try fields.size("num_decoder_layers", default: layers, atMost: 4096)
      buckets = try fields.size("relative_attention_num_buckets", default: 32, atLeast: 4, atMost: 4096)
      farthest = try fields.size("relative_attention_max_distance", default: 128, atMost: 1 << 16)
      longest = try fields.size("n_positions", default: 512)
      start = try fields.size(
        "decoder_start_token_id", default: fields.size("pad_token_id", default: 0, atLeast: 0), atLeast: 0)
      epsilon = try fields.epsilon("layer_norm_epsilon", default: 1e-6)
      guard farthest > buckets / 2 else {
        throw fields.error(
          "relative_attention_max_distance",
          "\(farthest) is not beyond the \(buckets / 2) distances with buckets of their own")
      }
      guard start < vocabulary else {
        throw fields.error("decoder_start_token_id", "\(start) is no row of the \(vocabulary) of vocab_size")
      }
      let kind = try fields.value("feed_forward_proj", "a name", \.string) ?? "relu"
      isGated = kind.hasPrefix("gated-")
      let name = isGated ? String(kind.dropFirst("gated-".count)) : kind
      // "gated-gelu" has always meant the approximation by tanh.
      let meant = isGated && name == "gelu" ? "gelu_new" : name
      guard let function = ActivationFunction(name: meant) else {
        throw fields.error(
          "feed_forward_proj", "\(kind) is not supported", hint: "Known: relu, gated-gelu, gated-silu")
      }
      activation = (meant, function)
    }

    func norm(_ name: String) -> Norm { Norm(name: name, kind: .rms, width: width, epsilon: epsilon) }

    private func map(_ name: String, _ outputs: Int, _ inputs: Int) -> StoredMap {
      StoredMap(name: name, outputs: outputs, inputs: inputs, hasBias: false)
    }

    /// - Parameter side: whose biases are added; none where nil
    func attention(_ name: String, _ side: String?, _ view: AttentionShape.View) -> SelfAttention {
      let all = heads * headWidth
      var shape = AttentionShape(heads: heads, keyHeads: heads, headWidth: headWidth, scale: 1, view: view)
      shape.bias = side.map { side in
        RelativeBias(
          name: "\(side).block.0.layer.0.SelfAttention.relative_attention_bias.weight", buckets: buckets,
          longest: farthest, isTwoSided: side == "encoder")
      }
      return SelfAttention(
        shape: shape, query: map(name + ".q", all, width), key: map(name + ".k", all, width),
        value: map(name + ".v", all, width), output: map(name + ".o", width, all))
    }

    func feedForward(_ name: String) -> FeedForward {
      FeedForward(
        gate: isGated ? map(name + ".wi_0", inner, width) : nil,
        inner: map(name + (isGated ? ".wi_1" : ".wi"), inner, width), output: map(name + ".wo", width, inner),
        activation: activation.function)
    }
  }
}
