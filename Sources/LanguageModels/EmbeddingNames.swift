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
    "bloom": ["word_embeddings.weight"],
    // A table for each language: the encoder's is the one that a prompt stands in.
    "fsmt": ["encoder.embed_tokens.weight"],
    "prophetnet": ["word_embeddings.weight", "encoder.word_embeddings.weight"],
    "xlm-prophetnet": ["word_embeddings.weight", "encoder.word_embeddings.weight"],
  ]

  /// Encoder-decoders whose `get_input_embeddings` is `shared`, and the encoder's where the two have tables of their own.
  private static let encoderDecoders: Set<String> = [
    "t5", "mt5", "umt5", "longt5", "switch_transformers", "pop2piano", "bart", "mbart", "marian", "pegasus",
    "pegasus_x", "bigbird_pegasus", "led", "m2m_100", "nllb-moe", "blenderbot", "blenderbot-small", "plbart",
    "mvp", "seamless_m4t",
  ]

  /// Whether a model of that type has a decoder of its own beside an encoder.
  static func isEncoderDecoder(_ type: String) -> Bool {
    encoderDecoders.contains(type) || ["fsmt", "prophetnet", "xlm-prophetnet"].contains(type)
  }

  private static func names(of type: String) -> [String] {
    let shared = encoderDecoders.contains(type) ? ["shared.weight", "encoder.embed_tokens.weight"] : []
    return byType[type] ?? shared
  }

  /// For types that are not in the table.
  private static let endings = [
    "word_embeddings.weight", "embed_tokens.weight", "wte.weight", "shared.weight", "embed_in.weight",
    "tok_embeddings.weight",
    "token_embd.weight",  // GGUF's, of architectures whose names are not known
  ]

  private static let prefixes = [
    "", "model.", "transformer.", "gpt_neox.", "prophetnet.", "language_model.model.",
    "model.language_model.", "base_model.model.",
    "base_model.model.model.",
  ]

  /// Whether a tensor of that name could be a table: what says which shards have to be looked into.
  package static func mayBeTable(_ name: String) -> Bool { endings.contains { name.hasSuffix($0) } }

  /// The family, where it is a known one; whether it can be run depends on the rest of the configuration.
  static func family(_ configuration: JSON, _ folder: URL) -> (any Family.Type)? {
    try? Families.find(configuration, file: folder.appendingPathComponent("config.json"))
  }

  /// The name of the table: by the configuration's `model_type`, else the one tensor with a usual ending; one that stands
  /// there under several names is still one. Never a silent guess: several or none are an error.
  /// - Parameters:
  ///   - shapes: of the tensors that are there, by name
  ///   - folder: the checkpoint, for the error
  ///   - areOne: whether two names are the same tensor's
  package static func find(
    in shapes: [String: [Int]], configuration: JSON, folder: URL,
    areOne: (String, String) -> Bool = { _, _ in false }
  ) throws(CheckpointError) -> String {
    let type = configuration["model_type"]?.string ?? ""
    if let names = family(configuration, folder)?.tables {
      guard let name = names.first(where: { shapes[$0] != nil }) else {
        throw CheckpointError(file: folder, item: names[0], "is not in the checkpoint")
      }
      return name
    }
    for name in names(of: type) {
      for prefix in prefixes where shapes[prefix + name] != nil { return prefix + name }
    }
    let found = shapes.keys.sorted().filter { name in
      endings.contains { name == $0 || name.hasSuffix("." + $0) } && shapes[name]?.count == 2
    }
    let first = found.first { $0.hasSuffix("shared.weight") } ?? found.first
    if let first, found.allSatisfy({ $0 == first || areOne($0, first) }) { return first }
    guard found.isEmpty else {
      throw CheckpointError(
        file: folder, "the embedding table of model_type \(type) is not known",
        hint: "It could be any of \(found.joined(separator: ", "))")
    }
    throw CheckpointError(
      file: folder, "holds no word-embedding table under a known name (model_type \(type))")
  }
}
