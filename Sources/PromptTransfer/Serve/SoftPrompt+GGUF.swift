import Checkpoints
import Formats
import Foundation
import LanguageModels

extension SoftPrompt {
  /// Writes a copy of the model's GGUF file with a token for each vector, `[V1]`, `[V2]`, …, for llama.cpp and what builds on
  /// it. The vectors are rows of the table, which is written in F32: before the model's scale.
  /// - Returns: the template as text with these tokens, `[X]` for the subject; without white space beside them, which
  ///   llama.cpp takes as text
  public func writeGGUF(to url: URL, model: URL) throws(TransferError) -> String {
    let space = try EmbeddingSpace(folder: model)
    try requireServing(by: space)
    guard GGUFMetadata.isNamed(model) else {
      throw TransferError(
        space.name, "is no GGUF file, which is what llama.cpp reads",
        hint: "Give the model's GGUF file, or write a checkpoint and convert that")
    }
    let tokens = try tokens(newTo: space)
    let text = template.tightText(vectors: tokens)
    try TransferError.unify {
      try GGUFFile(model).writeCopy(
        to: url, adding: tokens, rows: vectors,
        notes: [
          "promptferry.model": modelName, "promptferry.embeddingSHA256": embeddingFingerprint,
          "promptferry.space": Self.space, "promptferry.template": template.description,
          "promptferry.text": text,
        ])
    }
    return text
  }
}
