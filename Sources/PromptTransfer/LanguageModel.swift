import Foundation
import LanguageModels
import Tensors
import Tokenization

/// A frozen model together with its tokenizer.
public struct LanguageModel: Sendable {
  public let name: String
  public let network: MaskedLanguageModel
  public let tokenizer: Tokenizer
  /// Its embeddings, for transfer.
  public let space: EmbeddingSpace
  /// The mask's id.
  let mask: Int

  /// Loads both from a folder in Hugging Face layout.
  public init(folder: URL) throws {
    name = folder.standardizedFileURL.lastPathComponent
    network = try MaskedLanguageModel(folder: folder)
    tokenizer = try Tokenizer(folder: folder)
    guard let mask = tokenizer.mask else {
      throw TransferError(folder.path, "the tokenizer has no mask token", hint: "Use a masked language model")
    }
    let rows = network.configuration.vocabularySize
    guard tokenizer.vocabularySize <= rows else {
      throw TransferError(
        folder.path,
        "the tokenizer has \(tokenizer.vocabularySize) ids where the embedding table has \(rows) rows",
        hint: "Tokenizer and weights are from different models")
    }
    self.mask = mask
    space = EmbeddingSpace(name: name, table: EmbeddingTable(network), tokenizer: tokenizer)
  }
}

/// What transfer needs of a model: its word embeddings and its tokenizer, never the model.
public struct EmbeddingSpace: Sendable {
  public let name: String
  public let table: EmbeddingTable
  public let tokenizer: Tokenizer

  public init(folder: URL) throws {
    self.init(
      name: folder.standardizedFileURL.lastPathComponent, table: try EmbeddingTable(folder: folder),
      tokenizer: try Tokenizer(folder: folder))
  }

  init(name: String, table: EmbeddingTable, tokenizer: Tokenizer) {
    self.name = name
    self.table = table
    self.tokenizer = tokenizer
  }
}
