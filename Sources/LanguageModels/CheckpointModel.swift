import Checkpoints
import Tensors

/// A checkpoint with what its family makes of it: what a network begins with, wherever it runs.
struct CheckpointModel {
  let composition: Composition
  let embeddingTable: EmbeddingTable
  private let checkpoint: Checkpoint
  private let names: TensorNames

  init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    let file = checkpoint.folder.appendingPathComponent("config.json")
    composition = try Composition(checkpoint.configuration, file: file)
    embeddingTable = try EmbeddingTable(checkpoint)
    names = TensorNames(try Families.find(checkpoint.configuration, file: file).roots)
    self.checkpoint = checkpoint
  }

  func reader(_ precision: Precision) -> WeightReader {
    WeightReader(
      checkpoint, names, precision, stands: [composition.embeddings.words: embeddingTable.name])
  }
}
