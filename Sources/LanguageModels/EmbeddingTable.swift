import Checkpoints
import Foundation
import Synchronization
import Tensors

/// A model's word embeddings without the model: all that transfer needs of it. The table stays in its file; rows are read
/// when they are asked for.
public struct EmbeddingTable: Sendable {
  /// The checkpoint's folder, or GGUF file.
  public let folder: URL
  /// SHA-256 of the table's bytes as stored: what a prompt is bound to.
  public var fingerprint: String { lazyFingerprint.value }
  private let lazyFingerprint: Lazy<String>
  /// What the model multiplies rows by before its first layer: `sqrt(width)` for Gemma, and for BART and its kin where
  /// the configuration says `scale_embedding`; else 1. It is a number of the table's type, as in transformers
  /// (`embed_scale.to(self.weight.dtype)`). Prompts stand in for rows, before this.
  public let inputScale: Double
  /// Whether the model itself can be run, and so tuned on and evaluated.
  public let isOfRunnableFamily: Bool
  /// The model's family, as `model_type` has it.
  package let modelType: String
  /// How the model answers.
  public let modelKind: ModelKind
  private let tensor: StoredTensor

  /// Rows V and columns E of the table.
  public var rowCount: Int { tensor.rows }
  public var width: Int { tensor.columns }
  /// The tensor's name in the checkpoint.
  public var name: String { tensor.name }

  /// Finds the table in a checkpoint of any family: nothing else of it is read, and of a sharded checkpoint only the
  /// shard with the table has to be there.
  public init(folder: URL) throws(CheckpointError) {
    try self.init(Checkpoint(folder: folder, only: EmbeddingNames.mayBeTables))
  }

  init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    folder = checkpoint.folder
    let configuration = checkpoint.configuration
    let shapes = checkpoint.tensorNames.map { ($0, checkpoint.shape($0) ?? []) }
    let name = try EmbeddingNames.find(
      in: Dictionary(uniqueKeysWithValues: shapes), configuration: configuration, folder: folder,
      areOne: checkpoint.areOne)
    guard let tensor = try checkpoint.stored(name) else {
      throw CheckpointError(file: folder, item: name, "is not in the checkpoint")
    }
    let stated = configuration["vocab_size"]?.int ?? configuration["text_config"]?["vocab_size"]?.int
    if let stated, tensor.rows < stated {
      throw CheckpointError(
        file: folder, item: name, "has \(tensor.rows) rows where config.json says vocab_size \(stated)")
    }
    self.tensor = tensor
    lazyFingerprint = Lazy { tensor.sha256() }
    let composition = try? Composition(configuration, file: folder.appendingPathComponent("config.json"))
    // Encoders in GGUF files have no head.
    isOfRunnableFamily = composition.map { $0.configuration.isCausal || checkpoint.gguf == nil } ?? false
    modelKind = ModelKind(configuration, folder: folder)
    let type = configuration["model_type"]?.string ?? ""
    modelType = type
    // These scale unless they say otherwise.
    let isScaled =
      type.contains("gemma")
      || configuration["scale_embedding"]?.bool ?? scalingTypes.contains(type)
    // A configuration that leaves out the width may be of another table.
    let own = composition.flatMap { $0.embeddings.width == tensor.columns ? $0.embeddings.scale : nil }
    let scale = own ?? (isScaled ? Double(tensor.columns).squareRoot() : 1)
    inputScale = tensor.rounded(scale)
  }

  /// The chosen rows, in that order: (rows, E).
  public func rows(_ indices: [Int]) -> Matrix { tensor.gathering(indices) }

  /// The rows, some after the other.
  package func forEachBlock(_ body: (_ rows: Matrix) -> Void) { tensor.forEachBlock(body) }

  /// The mean of the rows, padding rows included: (E).
  package func mean() -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    forEachBlock { block in
      for row in 0..<block.rows {
        for (column, value) in block.row(row).enumerated() { sums[column] += Double(value) }
      }
    }
    return sums.map { $0 / Double(max(1, rowCount)) }
  }

  /// Mean and population standard deviation over every entry, padding rows included (as in the reference).
  public func moments() -> (mean: Double, deviation: Double) {
    let count = Double(max(1, rowCount * width))
    var shift: Double?  // near the mean, or the squares of large numbers would hide small differences
    var (sum, squares) = (0.0, 0.0)
    tensor.forEachBlock { block in
      guard block.count > 0 else { return }
      let near = shift ?? Double(block[0, 0])
      shift = near
      kernels.add_moments(block.pointer, block.count, near, &sum, &squares)
    }
    let offset = sum / count
    return ((shift ?? 0) + offset, max(0, squares / count - offset * offset).squareRoot())
  }
}

/// Whose `scale_embedding` is true in transformers where it is absent.
private let scalingTypes: Set<String> = [
  "m2m_100", "nllb-moe", "xglm", "plbart", "pegasus_x", "bigbird_pegasus", "fsmt", "speech_to_text",
]

/// A value that is worked out once, when it is first asked for.
private final class Lazy<Value: Sendable>: Sendable {
  private let state: Mutex<Value?> = Mutex(nil)
  private let compute: @Sendable () -> Value

  init(_ compute: @escaping @Sendable () -> Value) { self.compute = compute }

  var value: Value {
    state.withLock { known in
      if let known { return known }
      let value = compute()
      known = value
      return value
    }
  }
}
