import Checkpoints
import Foundation
import Tensors

/// A model's word embeddings without the model: all that transfer needs of it. The table stays in its file; rows are read
/// when they are asked for.
public struct EmbeddingTable: Sendable {
  public let folder: URL
  /// SHA-256 of the table's bytes as stored: what a prompt is bound to.
  public let fingerprint: String
  /// What the model multiplies rows by before its first layer: `sqrt(width)` for Gemma, and for BART and its kin where
  /// the configuration says `scale_embedding`; else 1. Prompts stand in for rows, before this.
  public let inputScale: Double
  /// Whether the model itself can be run, and so tuned on and evaluated.
  public let isOfRunnableFamily: Bool
  private let tensor: StoredTensor

  /// Rows V and columns E of the table.
  public var rowCount: Int { tensor.rows }
  public var width: Int { tensor.columns }
  /// The tensor's name in the checkpoint.
  public var name: String { tensor.name }

  /// Finds the table in a checkpoint of any family: nothing else of it is read, and of a sharded checkpoint only the
  /// shard with the table has to be there.
  public init(folder: URL) throws(CheckpointError) {
    try self.init(Checkpoint(folder: folder, only: EmbeddingNames.mayBeTable))
  }

  init(_ checkpoint: Checkpoint) throws(CheckpointError) {
    folder = checkpoint.folder
    let configuration = checkpoint.configuration
    let name = try EmbeddingNames.find(in: checkpoint)
    guard let tensor = try checkpoint.stored(name) else {
      throw CheckpointError(file: folder, item: name, "is not in the checkpoint")
    }
    let stated = configuration["vocab_size"]?.int ?? configuration["text_config"]?["vocab_size"]?.int
    if let stated, tensor.rows < stated {
      throw CheckpointError(
        file: folder, item: name, "has \(tensor.rows) rows where config.json says vocab_size \(stated)")
    }
    self.tensor = tensor
    fingerprint = tensor.sha256()
    isOfRunnableFamily = EmbeddingNames.family(of: checkpoint) != nil
    let type = configuration["model_type"]?.string ?? ""
    // M2M-100 and XGLM scale unless they say otherwise.
    let isScaled =
      type.contains("gemma")
      || configuration["scale_embedding"]?.bool ?? ["m2m_100", "xglm"].contains(type)
    inputScale = isScaled ? Double(tensor.columns).squareRoot() : 1
  }

  /// The chosen rows, in that order: (rows, E).
  public func rows(_ indices: [Int]) -> Matrix { tensor.gathering(indices) }

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

/// Where families keep their word embeddings.
enum EmbeddingNames {
  /// By `model_type`, without prefixes such as `model.`; families of `ModelFamily` have theirs in their tables.
  private static let byType: [String: [String]] = [
    "llama": ["embed_tokens.weight"], "mistral": ["embed_tokens.weight"], "mixtral": ["embed_tokens.weight"],
    "qwen2": ["embed_tokens.weight"], "qwen2_moe": ["embed_tokens.weight"], "qwen3": ["embed_tokens.weight"],
    "qwen3_moe": ["embed_tokens.weight"], "phi3": ["embed_tokens.weight"], "olmo": ["embed_tokens.weight"],
    "olmo2": ["embed_tokens.weight"], "gemma": ["embed_tokens.weight"], "gemma2": ["embed_tokens.weight"],
    "gemma3": ["embed_tokens.weight"], "gemma3_text": ["embed_tokens.weight"],
    "bart": ["shared.weight", "encoder.embed_tokens.weight"],
    "mbart": ["shared.weight", "encoder.embed_tokens.weight"],
    "t5": ["shared.weight", "encoder.embed_tokens.weight"],
    "mt5": ["shared.weight", "encoder.embed_tokens.weight"],
    "opt": ["decoder.embed_tokens.weight"], "gpt_neox": ["embed_in.weight"],
    "bloom": ["word_embeddings.weight"],
  ]

  /// For types that are not in the table.
  private static let endings = [
    "word_embeddings.weight", "embed_tokens.weight", "wte.weight", "shared.weight", "embed_in.weight",
  ]

  private static let prefixes = [
    "", "model.", "transformer.", "gpt_neox.", "language_model.model.", "model.language_model.",
    "base_model.model.",
    "base_model.model.model.",
  ]

  static func mayBeTable(_ name: String) -> Bool { endings.contains { name.hasSuffix($0) } }

  /// The family, where it is one that can be run.
  static func family(of checkpoint: Checkpoint) -> ModelFamily? {
    try? ModelFamily(
      configuration: checkpoint.configuration, file: checkpoint.folder.appendingPathComponent("config.json"))
  }

  /// The name of the table: by the configuration's `model_type`, else the one tensor with a usual ending. Never a silent
  /// guess: several or none are an error.
  static func find(in checkpoint: Checkpoint) throws(CheckpointError) -> String {
    let configuration = checkpoint.configuration
    let type = configuration["model_type"]?.string ?? ""
    if let family = family(of: checkpoint) {
      let architecture = family.architecture
      guard let name = WeightReader(checkpoint).find(architecture.words, under: architecture.bodyPrefixes)
      else {
        throw CheckpointError(
          file: checkpoint.folder, item: architecture.bodyPrefixes[0] + architecture.words,
          "is not in the checkpoint")
      }
      return name
    }
    for name in byType[type] ?? [] {
      for prefix in prefixes where checkpoint.shape(prefix + name) != nil { return prefix + name }
    }
    let found = checkpoint.tensorNames.filter { name in
      endings.contains { name == $0 || name.hasSuffix("." + $0) } && checkpoint.shape(name)?.count == 2
    }
    if found.count == 1 { return found[0] }
    guard found.isEmpty else {
      throw CheckpointError(
        file: checkpoint.folder, "the embedding table of model_type \(type) is not known",
        hint: "It could be any of \(found.joined(separator: ", "))")
    }
    throw CheckpointError(
      file: checkpoint.folder, "holds no word-embedding table under a known name (model_type \(type))")
  }
}
