import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// The table is found by the configuration, then by its usual endings, and never by a guess.
@Suite struct EmbeddingNamesTests {
  let folder: TemporaryFolder
  static let table = Samples.matrix(7, 4, "table")
  static let other = Samples.matrix(9, 4, "other")

  init() throws { folder = try TemporaryFolder() }

  private func found(_ configuration: String, _ names: [String], others: [String] = []) throws
    -> EmbeddingTable
  {
    var tensors: [String: Matrix] = [:]
    for name in others { tensors[name] = Self.other }
    for name in names { tensors[name] = Self.table }
    try folder.write(configuration, to: "config.json")
    try folder.write(SafetensorsFile.serialize(tensors, metadata: [:]), to: "model.safetensors")
    return try EmbeddingTable(folder: folder.url)
  }

  @Test(arguments: [
    ("bert", "bert.embeddings.word_embeddings.weight"), ("bert", "embeddings.word_embeddings.weight"),
    ("xlm-roberta", "roberta.embeddings.word_embeddings.weight"),
    ("albert", "albert.embeddings.word_embeddings.weight"), ("gpt2", "wte.weight"),
    ("gpt2", "transformer.wte.weight"), ("llama", "model.embed_tokens.weight"),
    ("mistral", "model.embed_tokens.weight"), ("qwen2", "model.embed_tokens.weight"),
    ("qwen3", "embed_tokens.weight"), ("phi3", "model.embed_tokens.weight"),
    ("olmo2", "model.embed_tokens.weight"),
    ("gemma2", "model.embed_tokens.weight"), ("gemma3", "language_model.model.embed_tokens.weight"),
    ("gemma3", "model.language_model.embed_tokens.weight"), ("bart", "model.shared.weight"),
    ("mbart", "shared.weight"), ("t5", "shared.weight"), ("opt", "model.decoder.embed_tokens.weight"),
    ("opt", "decoder.embed_tokens.weight"), ("gpt_neox", "gpt_neox.embed_in.weight"),
    ("bloom", "transformer.word_embeddings.weight"), ("bloom", "word_embeddings.weight"),
    ("something-new", "language_model.model.embed_tokens.weight"),
  ])
  func byFamily(_ type: String, _ name: String) throws {
    let table = try found(
      #"{"model_type": "\#(type)", "vocab_size": 7}"#, [name],
      others: ["lm_head.weight", "model.layers.0.self_attn.q_proj.weight", "position_embeddings.weight"])
    #expect(table.name == name && table.rowCount == 7 && table.width == 4)
    #expect(table.rows([6, 2]) == Self.table.gathering([6, 2]))
  }

  /// Encoder and decoder of T5 and BART may keep copies: the shared one counts.
  @Test func sharedTablesComeFirst() throws {
    let table = try found(
      #"{"model_type": "t5"}"#, ["shared.weight"],
      others: ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"])
    #expect(table.name == "shared.weight")
  }

  @Test func severalOrNoneAreAnError() throws {
    let several = try #require(throws: CheckpointError.self) {
      // Of other content: copies of one table count as one.
      try found(#"{"model_type": "new"}"#, ["a.embed_tokens.weight"], others: ["b.embed_tokens.weight"])
    }
    #expect(several.description.contains("a.embed_tokens.weight, b.embed_tokens.weight"))
    let none = try #require(throws: CheckpointError.self) { try found(#"{"model_type": "new"}"#, ["weight"]) }
    #expect(none.problem.contains("holds no word-embedding table"))
    let short = try #require(throws: CheckpointError.self) {
      try found(#"{"model_type": "llama", "vocab_size": 8}"#, ["model.embed_tokens.weight"])
    }
    #expect(short.problem.contains("has 7 rows where config.json says vocab_size 8"))
  }

  @Test(arguments: [
    (#"{"model_type": "gemma"}"#, 2.0), (#"{"model_type": "gemma3_text"}"#, 2.0),
    (#"{"model_type": "llama"}"#, 1.0),
    (#"{"model_type": "llama", "scale_embedding": true}"#, 2.0),
  ])
  func someModelsScaleTheirRows(_ configuration: String, _ scale: Double) throws {
    #expect(try found(configuration, ["model.embed_tokens.weight"]).inputScale == scale)
  }

  /// Of a sharded checkpoint only the shard with the table has to be there.
  @Test func otherShardsMayBeMissing() throws {
    try folder.write(#"{"model_type": "llama"}"#, to: "config.json")
    try folder.write(
      #"{"weight_map": {"model.embed_tokens.weight": "a.safetensors", "lm_head.weight": "b.safetensors"}}"#,
      to: "model.safetensors.index.json")
    try folder.write(
      SafetensorsFile.serialize(["model.embed_tokens.weight": Self.table], metadata: [:]), to: "a.safetensors"
    )
    #expect(try EmbeddingTable(folder: folder.url).rowCount == 7)
    #expect(throws: CheckpointError.self) { try Checkpoint(folder: folder.url) }
  }
}
