import Checkpoints
import Formats
import Foundation

/// What is worth knowing of a language model above its blocks.
public struct ModelConfiguration: Sendable {
  /// Its name in `model_type`.
  public let family: String
  public let vocabularySize: Int  // V
  public let width: Int  // C
  /// The width of the embeddings, where prompts live: C, but for ALBERT, ELECTRA and OPT-350m.
  public let embeddingWidth: Int  // E
  /// How many layers are run, counting shared ones each time.
  public let layerCount: Int  // L
  /// Layers that transformers counts as one (ALBERT's inner groups).
  package let layersPerGroup: Int
  public let headCount: Int  // H
  public let innerWidth: Int  // I
  /// In tokens.
  public let longestSequence: Int
  public let activationName: String
  /// Whether a token sees only what came before it, and the model's answer is the next token.
  public let isCausal: Bool

  /// Numbers in the maps of a layer: what a row is multiplied with.
  package struct LayerMaps: Sendable {
    package var query = 0
    package var keyAndValue = 0
    package var output = 0
    package var feedForward = 0
    package var all: Int { query + keyAndValue + output + feedForward }
  }
  package internal(set) var layerMaps = LayerMaps()
  /// Numbers in the maps below the output matrix.
  package internal(set) var headMaps = 0

  init(
    family: String, vocabularySize: Int, width: Int, embeddingWidth: Int? = nil, layerCount: Int,
    layersPerGroup: Int = 1, headCount: Int, innerWidth: Int, longestSequence: Int, activationName: String,
    isCausal: Bool
  ) {
    self.family = family
    self.vocabularySize = vocabularySize
    self.width = width
    self.embeddingWidth = embeddingWidth ?? width
    self.layerCount = layerCount
    self.layersPerGroup = layersPerGroup
    self.headCount = headCount
    self.innerWidth = innerWidth
    self.longestSequence = longestSequence
    self.activationName = activationName
    self.isCausal = isCausal
  }
}

extension ModelConfiguration {
  /// Whether activations of its family are known to pass 65,504, where Float16 ends: they were trained in BFloat16.
  /// (transformers keeps T5's `wo` in Float32 for it.)
  package var passesFloat16: Bool { family.hasPrefix("gemma") || family.hasSuffix("t5") }

  /// Of a `config.json` without its weights. Throws for what cannot be run.
  package init(_ json: JSON, file: URL) throws(CheckpointError) {
    self = try Composition(json, file: file).configuration
  }
}
