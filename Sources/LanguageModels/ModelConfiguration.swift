import Checkpoints
import Formats
import Foundation
import Tensors

/// The shape of a language model, from its `config.json`.
public struct ModelConfiguration: Sendable {
  public let family: ModelFamily
  public let vocabularySize: Int  // V
  public let width: Int  // C
  /// The width of the embeddings, where prompts live: C but for ALBERT and ELECTRA.
  public let embeddingWidth: Int  // E
  /// How many layers are run, counting shared ones each time.
  public let layerCount: Int  // L
  /// Sets of layers with weights of their own (ALBERT), and the layers in each; else L and 1.
  let groupCount: Int
  package let layersPerGroup: Int
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

  /// The group whose weights the `layer`-th layer runs, and its place in it.
  func weights(of layer: Int) -> (group: Int, inner: Int) {
    let outer = layer / layersPerGroup
    let layersPerSet = Double(layerCount / layersPerGroup) / Double(groupCount)
    return (Int(Double(outer) / layersPerSet), layer % layersPerGroup)
  }

  /// Reads `config.json`; absent fields take the defaults of `transformers`' configuration class.
  public init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    let file = checkpoint.folder.appendingPathComponent("config.json")
    let fields = ConfigurationFields(checkpoint.configuration, file: file)
    family = try ModelFamily(configuration: checkpoint.configuration, file: file)
    let architecture = family.architecture
    let keys = architecture.keys
    vocabularySize = try fields.size("vocab_size")
    width = try fields.size(keys.width)
    embeddingWidth = try fields.size(keys.embeddingWidth, default: 128, withoutKey: width)
    let outerLayers = try fields.size(keys.layers, atMost: 4096)
    layersPerGroup = try fields.size(keys.layersPerGroup, default: 1, withoutKey: 1, atMost: 64)
    groupCount = try fields.size(keys.groups, default: 1, withoutKey: outerLayers)
    layerCount = outerLayers * layersPerGroup
    headCount = try fields.size(keys.heads)
    innerWidth = try fields.size(keys.innerWidth, default: keys.innerWidthMayBeNull ? 4 * width : nil)
    positionCount = try fields.size(keys.positions, default: keys.defaultPositions)
    tokenTypeCount = try fields.size(keys.tokenTypes, default: 2, withoutKey: 0)
    firstPosition =
      architecture.positionsFollowPadding ? try fields.size("pad_token_id", default: 1, atLeast: 0) + 1 : 0
    if let key = keys.epsilon {
      layerNormEpsilon = try fields.value(key, default: keys.defaultEpsilon, "a number from 0 up") {
        $0.double.flatMap { $0 >= 0 && Float($0).isFinite ? Float($0) : nil }
      }
    } else {
      layerNormEpsilon = keys.defaultEpsilon
    }
    tiesWordEmbeddings = try fields.value("tie_word_embeddings", default: true, "true or false", \.bool)
    activationName = try fields.value(
      keys.activation, default: keys.defaultActivation, "a name", \.string)
    guard let activation = ActivationFunction(name: activationName) else {
      throw CheckpointError(
        file: file, item: keys.activation, "\(activationName) is not supported",
        hint: "Known: gelu, gelu_new, relu")
    }
    self.activation = activation
    guard width % headCount == 0 else {
      throw CheckpointError(
        file: file, item: keys.heads, "\(headCount) does not divide \(keys.width) \(width)")
    }
    guard positionCount > firstPosition else {
      throw CheckpointError(file: file, item: keys.positions, "leaves no position for a token")
    }
    guard groupCount <= outerLayers else {
      throw CheckpointError(
        file: file, item: keys.groups, "\(groupCount) is more than the \(outerLayers) layers")
    }
    for key in keys.refused where checkpoint.configuration[key]?.bool == true {
      throw CheckpointError(file: file, item: key, "is not supported")
    }
    for key in keys.required where checkpoint.configuration[key]?.bool == false {
      throw CheckpointError(file: file, item: key, "being false is not supported")
    }
    if let kind = checkpoint.configuration["position_embedding_type"]?.string, kind != "absolute" {
      throw CheckpointError(
        file: file, item: "position_embedding_type", "\(kind) is not supported", hint: "Known: absolute")
    }
  }
}

/// Typed access to the members of a `config.json`; null counts as absent.
struct ConfigurationFields {
  private let json: JSON
  private let file: URL

  init(_ json: JSON, file: URL) {
    self.json = json
    self.file = file
  }

  func size(
    _ key: String, default value: Int? = nil, atLeast least: Int = 1, atMost most: Int = 1 << 30
  ) throws(CheckpointError) -> Int {
    guard let found = json[key], !found.isNull else {
      guard let value else { throw CheckpointError(file: file, item: key, "is missing") }
      return value
    }
    guard let number = found.int, number >= least, number <= most else {
      throw CheckpointError(file: file, item: key, "is not a whole number from \(least) to \(most)")
    }
    return number
  }

  /// The same for a member that not every family has.
  func size(
    _ key: String?, default value: Int, withoutKey other: Int, atMost most: Int = 1 << 30
  ) throws(CheckpointError) -> Int {
    guard let key else { return other }
    return try size(key, default: value, atMost: most)
  }

  func value<Value>(
    _ key: String, default value: Value, _ kind: String, _ read: (JSON) -> Value?
  ) throws(CheckpointError) -> Value {
    guard let found = json[key], !found.isNull else { return value }
    guard let value = read(found) else { throw CheckpointError(file: file, item: key, "is not \(kind)") }
    return value
  }
}
