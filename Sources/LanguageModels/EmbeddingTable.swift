import Checkpoints
import Foundation
import Tensors

/// A model's word embeddings without the model: all that transfer needs of it.
public struct EmbeddingTable: Sendable {
  public let folder: URL
  public let vectors: Matrix  // (V, C)
  /// SHA-256 of the table's bytes as stored.
  public let fingerprint: String
  /// Mean and population standard deviation over every entry.
  public let mean: Double
  public let deviation: Double

  /// Reads the one tensor from the checkpoint's folder.
  public init(folder: URL) throws(CheckpointError) {
    let checkpoint = try Checkpoint(folder: folder)
    let configuration = try ModelConfiguration(checkpoint)
    var reader = WeightReader(checkpoint)
    let vectors = try reader.matrix(
      EmbeddingLayer.wordName, under: configuration.family.encoderPrefixes,
      rows: configuration.vocabularySize, columns: configuration.width)
    self.init(
      folder: folder, vectors: vectors, fingerprint: try Self.fingerprint(checkpoint, configuration))
  }

  /// The table of a model that is already there.
  public init(_ model: MaskedLanguageModel) {
    self.init(
      folder: model.folder, vectors: model.wordEmbeddings, fingerprint: model.embeddingFingerprint)
  }

  package init(folder: URL, vectors: Matrix, fingerprint: String) {
    self.folder = folder
    self.vectors = vectors
    self.fingerprint = fingerprint
    let count = Double(max(1, vectors.count))
    var sum = 0.0
    for row in 0..<vectors.rows { sum += vectors.row(row).reduce(0.0) { $0 + Double($1) } }
    let mean = sum / count
    var squares = 0.0
    for row in 0..<vectors.rows {
      squares += vectors.row(row).reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    }
    self.mean = mean
    deviation = (squares / count).squareRoot()
  }

  static func fingerprint(
    _ checkpoint: Checkpoint, _ configuration: ModelConfiguration
  ) throws(CheckpointError) -> String {
    let prefixes = configuration.family.encoderPrefixes
    guard let name = WeightReader(checkpoint).find(EmbeddingLayer.wordName, under: prefixes),
      let hash = try checkpoint.sha256(name)
    else {
      throw CheckpointError(
        file: checkpoint.folder, item: prefixes[0] + EmbeddingLayer.wordName, "is not in the checkpoint")
    }
    return hash
  }
}
