import Checkpoints
import Formats
import Foundation
import LanguageModels
import Tensors
import Tokenization

/// A frozen model together with its tokenizer.
public struct LanguageModel: Sendable {
  public let name: String
  public let network: any Network
  public let tokenizer: Tokenizer
  /// Its embeddings, for transfer.
  public let space: EmbeddingSpace
  let answer: AnswerPlace

  /// Loads both from a folder in Hugging Face layout, or from a GGUF file.
  /// - Parameter computing: where it runs, and in what; this processor and Float32 unless it says otherwise
  public init(folder: URL, _ computing: Computing = Computing()) throws(TransferError) {
    let name = Checkpoint.name(of: folder)
    self.name = name
    (network, space) = try TransferError.unify {
      let network = try computing.network(folder)
      return (
        network,
        try EmbeddingSpace(
          name: name, table: network.embeddingTable, tokenizer: try Tokenizer(folder: folder))
      )
    }
    tokenizer = space.tokenizer
    let (rows, marks) = (space.table.rowCount, tokenizer.prefix + tokenizer.suffix)
    if let id = (marks + [space.mask].compactMap { $0 }).first(where: { $0 >= rows }) {
      let token = tokenizer.token(of: id) ?? ""
      throw TransferError(
        folder.path, "the embedding table has \(rows) rows and none for \(token), which is \(id)",
        hint: "The model cannot be run without; transfer can do without it")
    }
    if network.configuration.isCausal {
      answer = .next
    } else if let mask = space.mask {
      answer = .mask(mask)
    } else {
      throw TransferError(
        folder.path, "the tokenizer has no mask token",
        hint: "A masked language model needs one, T5 its sentinel <extra_id_0>")
    }
  }
}

extension LanguageModel {
  /// Whether a decoder answers, which begins after the whole text has been read.
  var hasDecoder: Bool { space.table.modelKind == .sequenceToSequence }

  /// Whether masks stand for the answer, seen together with what follows it: else its tokens come one after the other.
  public var hasMasks: Bool { if case .mask = answer { !hasDecoder } else { false } }
}

/// Where a model's answer is read.
enum AnswerPlace: Sendable, Equatable {
  /// At the mask, which has this id.
  case mask(Int)
  /// After the last token: what stands from `[Y]` on is left out.
  case next
}

/// What transfer reads of a model: its word embeddings and its tokenizer. The other weights are not loaded.
public struct EmbeddingSpace: Sendable {
  public let name: String
  public let table: EmbeddingTable
  public let tokenizer: Tokenizer

  /// Opens both in a folder in Hugging Face layout, or in a GGUF file.
  public init(folder: URL) throws(TransferError) {
    self = try TransferError.unify {
      try EmbeddingSpace(
        name: Checkpoint.name(of: folder), table: EmbeddingTable(folder: folder),
        tokenizer: Tokenizer(folder: folder))
    }
  }

  /// What stands for the answer within a text: the mask, or T5's first sentinel; nil where there is none.
  var mask: Int? {
    table.modelKind == .sequenceToSequence ? tokenizer.id(of: "<extra_id_0>") : tokenizer.mask
  }

  init(name: String, table: EmbeddingTable, tokenizer: Tokenizer) throws(TransferError) {
    // A special token too many, of which no row was made, is common; words too many are another model's.
    guard tokenizer.ordinarySize <= table.rowCount else {
      throw TransferError(
        table.folder.path,
        "the tokenizer has \(tokenizer.ordinarySize) ids where the embedding table has \(table.rowCount) rows",
        hint: "Tokenizer and weights are from different models")
    }
    self.name = name
    self.table = table
    self.tokenizer = tokenizer.limited(toRows: table.rowCount)
  }
}
