import Checkpoints
import Formats
import Foundation

/// A model as its family composes it from `config.json`: blocks and the names of their tensors, no weights. What runs it
/// makes its own of every block.
struct Composition: Sendable {
  let configuration: ModelConfiguration
  let embeddings: Embeddings
  /// As they are run: those that share weights come as often as they run.
  let layers: [Layer]
  /// Between layers and head, where the model answers with one.
  let decoder: Decoder?
  let head: Head

  /// Throws for a family, and for values of its members, that cannot be run.
  init(_ json: JSON, file: URL) throws(CheckpointError) {
    let family = try Families.find(json, file: file)
    let fields = ConfigurationFields(json, file: file)
    try fields.refuse("quantization_config", unless: \.isNull)
    self = try family.compose(fields)
  }

  init(
    _ configuration: ModelConfiguration, _ embeddings: Embeddings, _ layers: [Layer], _ head: Head,
    decoder: Decoder? = nil
  ) {
    var configuration = configuration
    if let layer = layers.first {
      configuration.layerMaps = ModelConfiguration.LayerMaps(
        query: layer.attention.query.count,
        keyAndValue: layer.attention.key.count + layer.attention.value.count,
        output: layer.attention.output.count,
        feedForward: (layer.feedForward.gate?.count ?? 0) + layer.feedForward.inner.count
          + layer.feedForward.output.count)
    }
    configuration.headMaps = head.steps.reduce(0) {
      if case .map(let map) = $1 { $0 + map.count } else { $0 }
    }
    self.configuration = configuration
    self.embeddings = embeddings
    self.layers = layers
    self.decoder = decoder
    self.head = head
  }
}
