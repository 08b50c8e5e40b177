import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Where files keep the one table that is stored: as `save_pretrained` and `safetensors.torch.save_model` of transformers
/// 5 write it, which keeps the first name of tied tensors by the alphabet.
@Suite struct StoredTableTests {
  static let table = Samples.matrix(7, 4, "table")
  static let other = Samples.matrix(7, 4, "other")

  private func found(_ configuration: String, _ tensors: [String: Matrix]) throws -> EmbeddingTable {
    let folder = try TemporaryFolder()
    try folder.write(configuration, to: "config.json")
    try folder.write(SafetensorsFile.serialize(tensors, metadata: [:]), to: "model.safetensors")
    return try EmbeddingTable(folder: folder.url)
  }

  @Test(arguments: [
    ("xlnet", "transformer.word_embedding.weight"), ("xlnet", "word_embedding.weight"),
    ("xlm", "transformer.embeddings.weight"), ("flaubert", "transformer.embeddings.weight"),
    ("xlm", "embeddings.weight"), ("flaubert", "embeddings.weight"),
    ("openai-gpt", "transformer.tokens_embed.weight"), ("openai-gpt", "tokens_embed.weight"),
    ("ctrl", "transformer.w.weight"), ("ctrl", "w.weight"), ("mamba", "backbone.embeddings.weight"),
    ("mamba", "backbone.embedding.weight"), ("mamba2", "backbone.embeddings.weight"),
    ("mamba", "embeddings.weight"),
    ("modernbert", "model.embeddings.tok_embeddings.weight"),
    ("modernbert", "embeddings.tok_embeddings.weight"),
  ])
  func tablesOfMoreFamilies(_ type: String, _ name: String) throws {
    let table = try found(
      #"{"model_type": "\#(type)", "vocab_size": 7}"#,
      [
        name: Self.table, "lm_head.weight": Self.other, "transformer.position_embeddings.weight": Self.other,
        "transformer.lang_embeddings.weight": Self.other, "transformer.positions_embed.weight": Self.other,
        "layer_norm_emb.weight": Self.other, "decoder.weight": Self.other,
      ])
    #expect(table.name == name)
  }

  /// What `save_model` leaves of a tied model.
  @Test(arguments: [
    ("xlm", "pred_layer.proj.weight"), ("flaubert", "pred_layer.proj.weight"), ("xlnet", "lm_loss.weight"),
    ("openai-gpt", "lm_head.weight"), ("ctrl", "lm_head.weight"), ("mamba", "lm_head.weight"),
    ("bart", "lm_head.weight"), ("marian", "lm_head.weight"), ("pegasus", "lm_head.weight"),
    ("bloom", "lm_head.weight"),
    ("t5", "decoder.embed_tokens.weight"), ("m2m_100", "lm_head.weight"),
  ])
  func tiedTablesUnderTheirOtherName(_ type: String, _ name: String) throws {
    let table = try found(#"{"model_type": "\#(type)"}"#, [name: Self.table, "layer.weight": Self.other])
    #expect(table.name == name && table.rowCount == 7)
    guard !name.hasSuffix("embed_tokens.weight") else { return }
    #expect(throws: CheckpointError.self) {
      try found(#"{"model_type": "\#(type)", "tie_word_embeddings": false}"#, [name: Self.table])
    }
  }

  /// The same of models that are run: all their numbers are those of the usual names.
  @Test(arguments: [
    ("bert", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"),
    ("roberta", "roberta.embeddings.word_embeddings.weight", "lm_head.decoder.weight"),
  ])
  func modelsRunFromTheOtherName(_ family: String, _ usual: String, _ other: String) throws {
    let plain = TinyCheckpoint(try #require(TinyCheckpoint.Family(rawValue: family)))
    var renamed = plain
    renamed.rename { $0 == usual ? other : $0 }
    let bias = family == "bert" ? "cls.predictions" : "lm_head"
    renamed.rename { $0 == "\(bias).bias" ? "\(bias).decoder.bias" : $0 }
    #expect(renamed.tensors[other] != nil && renamed.tensors["\(bias).decoder.bias"] != nil)
    let (first, second) = (try network(plain), try network(renamed))
    #expect(first.logits == second.logits)
    #expect(first.unused.isEmpty && second.unused.isEmpty)
    renamed.configuration["tie_word_embeddings"] = "false"
    #expect(throws: CheckpointError.self) { try network(renamed) }
  }

  private func network(_ checkpoint: TinyCheckpoint) throws -> (logits: Matrix, unused: [String]) {
    let folder = try TemporaryFolder()
    let model = try FrozenModel(folder: checkpoint.write(to: folder.url.appending(path: "m")))
    let input = PromptedInput(elements: [.token(2), .token(7), .token(4), .token(3)], readPosition: 2)
    let logits = model.logits(
      [input], prompt: Matrix(rows: 0, columns: 8), candidates: model.allWords, Workspace())
    return (logits, model.unusedTensors)
  }

  /// An index that lists what is tied and stored once, or leaves out the table itself.
  @Test(arguments: [
    #"{"lm_head.weight": "b.safetensors", "model.embed_tokens.weight": "a.safetensors"}"#,
    #"{"model.layers.0.weight": "a.safetensors", "model.norm.weight": "missing.safetensors"}"#,
    #"{"lm_head.weight": "a.safetensors"}"#,
  ])
  func indexesOfTiedModels(_ map: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(#"{"model_type": "llama", "tie_word_embeddings": true}"#, to: "config.json")
    try folder.write(#"{"weight_map": \#(map)}"#, to: "model.safetensors.index.json")
    try folder.write(
      SafetensorsFile.serialize(["model.embed_tokens.weight": Self.table], metadata: [:]), to: "a.safetensors"
    )
    try folder.write(SafetensorsFile.serialize(["x": Self.other], metadata: [:]), to: "b.safetensors")
    #expect(try EmbeddingTable(folder: folder.url).name == "model.embed_tokens.weight")
  }
}
