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
    "xlnet": ["word_embedding.weight"], "xlm": ["embeddings.weight"], "flaubert": ["embeddings.weight"],
    "openai-gpt": ["tokens_embed.weight"], "ctrl": ["w.weight"],
    "mamba": ["embeddings.weight", "embedding.weight"], "mamba2": ["embeddings.weight", "embedding.weight"],
    // A table for each language: the encoder's is the one that a prompt stands in.
    "fsmt": ["encoder.embed_tokens.weight"],
    "prophetnet": ["word_embeddings.weight", "encoder.word_embeddings.weight"],
    "xlm-prophetnet": ["word_embeddings.weight", "encoder.word_embeddings.weight"],
  ]

  /// Encoder-decoders whose `get_input_embeddings` is `shared`, and the encoder's where the two have tables of their own.
  private static let encoderDecoders: Set<String> = [
    "umt5", "longt5", "switch_transformers", "pop2piano", "bart", "mbart", "marian", "pegasus",
    "pegasus_x", "bigbird_pegasus", "led", "m2m_100", "nllb-moe", "blenderbot", "blenderbot-small", "plbart",
    "mvp", "seamless_m4t",
  ]

  /// Whether a model of that type has a decoder of its own beside an encoder.
  static func isEncoderDecoder(_ type: String) -> Bool {
    encoderDecoders.contains(type) || ["fsmt", "prophetnet", "xlm-prophetnet"].contains(type)
  }

  private static func names(of type: String) -> [String] {
    // `safetensors.torch.save_model` keeps one name of what is tied, the first by the alphabet.
    let shared = ["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]
    return byType[type] ?? (encoderDecoders.contains(type) ? shared : [])
  }

  /// Tables that are only told by their model's type.
  private static let endingsByType = [
    "word_embedding.weight", "tokens_embed.weight", "transformer.embeddings.weight",
    "backbone.embeddings.weight",
    "backbone.embedding.weight", "transformer.w.weight",
  ]

  /// The output matrices of families that are not run; those that are have theirs in `Families/`.
  private static let outputs = ["lm_head.weight", "pred_layer.proj.weight", "lm_loss.weight"]

  /// Whose output matrix is one of its own where `config.json` does not say (`tie_word_embeddings`).
  private static let untied: Set<String> = [
    "mixtral", "qwen2_moe", "qwen3_moe", "olmo", "fsmt", "umt5", "pop2piano",
  ]

  /// The names of output matrices that are the word table as well, by the configuration.
  private static func tiedOutputs(_ configuration: JSON, _ folder: URL) -> [String] {
    if family(configuration, folder) != nil {
      let composition = try? Composition(configuration, file: folder.appendingPathComponent("config.json"))
      guard case .tied(let names) = composition?.head.output else { return [] }
      return names.flatMap { name in
        Set(prefixes + ["module.", "language_model."]).sorted().map { $0 + name }
      }
    }
    let type = configuration["model_type"]?.string ?? ""
    let isTied = configuration["tie_word_embeddings"]?.bool ?? !untied.contains(type)
    return isTied && !type.isEmpty ? outputs.flatMap { name in prefixes.map { $0 + name } } : []
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
    "base_model.model.model.", "backbone.",
  ]

  /// Whether a tensor of that name could be a table: what says which shards have to be looked into.
  package static func mayBeTable(_ name: String) -> Bool {
    (endings + endingsByType).contains { name.hasSuffix($0) }
  }

  /// Those of a checkpoint's tensors of which one is the table: by their names, or output matrices where there is no other.
  package static func mayBeTables(among names: [String]) -> Set<String> {
    let tables = Set(names.filter(mayBeTable))
    return tables.isEmpty ? Set(names.filter(mayBeOutput)) : tables
  }

  /// Whether a tensor of that name could be an output matrix, and so the table where the two are tied.
  private static func mayBeOutput(_ name: String) -> Bool {
    (outputs + ["decoder.weight", "vocab_projector.weight"]).contains {
      name == $0 || name.hasSuffix("." + $0)
    }
      || name.hasSuffix("lm_head.weight")
  }

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
      let all = names + tiedOutputs(configuration, folder)
      guard let name = all.first(where: { shapes[$0]?.count == 2 }) else {
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
    if found.isEmpty, let output = tiedOutputs(configuration, folder).first(where: { shapes[$0]?.count == 2 })
    {
      return output
    }
    guard found.isEmpty else {
      throw CheckpointError(
        file: folder, "the embedding table of model_type \(type) is not known",
        hint: "It could be any of \(found.joined(separator: ", "))")
    }
    throw CheckpointError(
      file: folder, "holds no word-embedding table under a known name (model_type \(type))")
  }
}
