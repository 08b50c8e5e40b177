import Checkpoints
import Foundation
import Tensors

/// The shape of a masked language model, from its `config.json`.
public struct ModelConfiguration: Sendable {
  public let family: ModelFamily
  public let vocabularySize: Int  // V
  public let width: Int  // C
  public let layerCount: Int  // L
  public let headCount: Int  // H
  public let innerWidth: Int
  public let positionCount: Int
  public let tokenTypeCount: Int
  /// The position number of a sequence's first token: `pad_token_id + 1` for RoBERTa, else 0.
  public let firstPosition: Int
  public let layerNormEpsilon: Float
  public let activationName: String
  /// Whether the output matrix is the word-embedding table.
  public let tiesWordEmbeddings: Bool
  package let activation: ActivationFunction

  /// The longest sequence the model can take, in tokens.
  public var longestSequence: Int { positionCount - firstPosition }

  /// Reads `config.json`; absent fields take the defaults of `transformers`' configuration class.
  public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    let json = checkpoint.configuration
    let file = checkpoint.folder.appendingPathComponent("config.json")
    family = try ModelFamily(configuration: json, file: file)

    func size(_ key: String, default value: Int? = nil, atLeast least: Int = 1) throws(CheckpointError) -> Int
    {
      guard let found = json[key], !found.isNull else {
        guard let value else { throw CheckpointError(file: file, item: key, "is missing") }
        return value
      }
      guard let number = found.int, number >= least, number <= 1 << 30 else {
        throw CheckpointError(file: file, item: key, "is not a whole number from \(least) up")
      }
      return number
    }
    func value<Value>(
      _ key: String, default value: Value, _ kind: String, _ read: (JSON) -> Value?
    ) throws(CheckpointError) -> Value {
      guard let found = json[key], !found.isNull else { return value }
      guard let value = read(found) else { throw CheckpointError(file: file, item: key, "is not \(kind)") }
      return value
    }
    vocabularySize = try size("vocab_size")
    width = try size("hidden_size")
    layerCount = try size("num_hidden_layers")
    headCount = try size("num_attention_heads")
    innerWidth = try size("intermediate_size")
    positionCount = try size("max_position_embeddings", default: 512)
    tokenTypeCount = try size("type_vocab_size", default: 2)
    firstPosition =
      family.positionsFollowPadding ? try size("pad_token_id", default: 1, atLeast: 0) + 1 : 0
    layerNormEpsilon = try value("layer_norm_eps", default: 1e-12, "a number from 0 up") {
      $0.double.flatMap { $0 >= 0 ? Float($0) : nil }
    }
    tiesWordEmbeddings = try value("tie_word_embeddings", default: true, "true or false", \.bool)
    activationName = try value("hidden_act", default: "gelu", "a name", \.string)
    guard width % headCount == 0 else {
      throw CheckpointError(
        file: file, item: "num_attention_heads", "\(headCount) does not divide hidden_size \(width)")
    }
    guard positionCount > firstPosition else {
      throw CheckpointError(file: file, item: "max_position_embeddings", "leaves no position for a token")
    }
    guard let activation = ActivationFunction(name: activationName) else {
      throw CheckpointError(
        file: file, item: "hidden_act", "\(activationName) is not supported",
        hint: "Known: gelu, gelu_new, relu")
    }
    self.activation = activation
    if let kind = json["position_embedding_type"]?.string, kind != "absolute" {
      throw CheckpointError(
        file: file, item: "position_embedding_type", "\(kind) is not supported", hint: "Known: absolute")
    }
  }
}
