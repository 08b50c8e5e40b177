import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// One table under several names, as encoder-decoders keep it.
@Suite struct EncoderDecoderTableTests {
  private func found(_ configuration: String, _ tensors: [String: Matrix]) throws -> EmbeddingTable {
    let folder = try TemporaryFolder()
    try folder.write(configuration, to: "config.json")
    try folder.write(SafetensorsFile.serialize(tensors, metadata: [:]), to: "model.safetensors")
    return try EmbeddingTable(folder: folder.url)
  }

  static let table = Samples.matrix(7, 4, "table")
  static let other = Samples.matrix(7, 4, "other")

  /// The shared one is what `get_input_embeddings` gives, whatever else is there.
  @Test(arguments: [
    "marian", "longt5", "umt5", "pegasus", "led", "m2m_100", "blenderbot", "blenderbot-small", "plbart",
    "switch_transformers",
  ])
  func sharedComesFirst(_ type: String) throws {
    let table = try found(
      #"{"model_type": "\#(type)"}"#,
      [
        "model.shared.weight": Self.table, "model.encoder.embed_tokens.weight": Self.other,
        "model.decoder.embed_tokens.weight": Self.other,
      ])
    #expect(table.name == "model.shared.weight" && table.modelKind == .sequenceToSequence)
    let own = try found(
      #"{"model_type": "\#(type)"}"#,
      [
        "model.encoder.embed_tokens.weight": Self.table, "model.decoder.embed_tokens.weight": Self.other,
      ])
    #expect(own.name == "model.encoder.embed_tokens.weight")
  }

  @Test func prophetNet() throws {
    let table = try found(
      #"{"model_type": "prophetnet"}"#,
      [
        "prophetnet.word_embeddings.weight": Self.table,
        "prophetnet.encoder.word_embeddings.weight": Self.table,
      ])
    #expect(table.name == "prophetnet.word_embeddings.weight")
  }

  /// Of types that nobody knows: equal tables are one, others are a guess.
  @Test func equalTablesAreOne() throws {
    let names = ["decoder.embed_tokens.weight", "encoder.embed_tokens.weight", "shared.weight"]
    let equal = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.table) })
    #expect(try found(#"{"model_type": "new"}"#, equal).name == "shared.weight")
    var unequal = equal
    unequal["decoder.embed_tokens.weight"] = Self.other
    #expect(throws: CheckpointError.self) { try found(#"{"model_type": "new"}"#, unequal) }
  }
}
