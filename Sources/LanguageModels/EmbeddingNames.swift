import Checkpoints
import Formats
import Foundation

/// Where families keep their word embeddings.
package enum EmbeddingNames {
  /// By `model_type`, without prefixes such as `model.`, of families that are not run; those that are have theirs in
  /// `Families/`.
  private static let byType: [String: [String]] = [
    "mixtral": ["embed_tokens.weight"], "qwen2_moe": ["embed_tokens.weight"],
    "qwen3_moe": ["embed_tokens.weight"], "olmo": ["embed_tokens.weight"],
    "bart": ["shared.weight", "encoder.embed_tokens.weight"],
    "mbart": ["shared.weight", "encoder.embed_tokens.weight"],
    "t5": ["shared.weight", "encoder.embed_tokens.weight"],
    "mt5": ["shared.weight", "encoder.embed_tokens.weight"],
    "bloom": ["word_embeddings.weight"],
  ]

  /// For types that are not in the table.
  private static let endings = [
    "word_embeddings.weight", "embed_tokens.weight", "wte.weight", "shared.weight", "embed_in.weight",
    "tok_embeddings.weight",
    "token_embd.weight",  // GGUF's, of architectures whose names are not known
  ]

  private static let prefixes = [
    "", "model.", "transformer.", "gpt_neox.", "language_model.model.", "model.language_model.",
    "base_model.model.",
    "base_model.model.model.",
  ]

  /// Whether a tensor of that name could be a table: what says which shards have to be looked into.
  package static func mayBeTable(_ name: String) -> Bool { endings.contains { name.hasSuffix($0) } }

  /// The family, where it is a known one; whether it can be run depends on the rest of the configuration.
  static func family(_ configuration: JSON, _ folder: URL) -> (any Family.Type)? {
    try? Families.find(configuration, file: folder.appendingPathComponent("config.json"))
  }

  /// The name of the table: by the configuration's `model_type`, else the one tensor with a usual ending. Never a silent
  /// guess: several or none are an error.
  /// - Parameters:
  ///   - shapes: of the tensors that are there, by name
  ///   - folder: the checkpoint, for the error
  package static func find(
    in shapes: [String: [Int]], configuration: JSON, folder: URL
  ) throws(CheckpointError) -> String {
    let type = configuration["model_type"]?.string ?? ""
    if let names = family(configuration, folder)?.tables {
      guard let name = names.first(where: { shapes[$0] != nil }) else {
        throw CheckpointError(file: folder, item: names[0], "is not in the checkpoint")
      }
      return name
    }
    for name in byType[type] ?? [] {
      for prefix in prefixes where shapes[prefix + name] != nil { return prefix + name }
    }
    let found = shapes.keys.sorted().filter { name in
      endings.contains { name == $0 || name.hasSuffix("." + $0) } && shapes[name]?.count == 2
    }
    if found.count == 1 { return found[0] }
    guard found.isEmpty else {
      throw CheckpointError(
        file: folder, "the embedding table of model_type \(type) is not known",
        hint: "It could be any of \(found.joined(separator: ", "))")
    }
    throw CheckpointError(
      file: folder, "holds no word-embedding table under a known name (model_type \(type))")
  }
}
