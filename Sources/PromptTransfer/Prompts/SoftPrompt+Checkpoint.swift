import Checkpoints
import Formats
import Foundation
import LanguageModels
import Tokenization

extension SoftPrompt {
  /// Writes the model anew, its vocabulary grown by a token for each vector, `[V1]`, `[V2]`, …: the form in which anything
  /// that loads Hugging Face checkpoints can use vectors anywhere in a text.
  ///
  /// Logits of the model's own words are those of the prompt. The embedding table is written in F32, so that no digit is
  /// lost; the other weights as they are, in one safetensors file.
  /// - Returns: the template as text with these tokens, `[X]` for the subject
  public func writeCheckpoint(to folder: URL, model: URL) throws(TransferError) -> String {
    let checkpoint = try TransferError.unify { try Checkpoint(folder: model) }
    let space = try EmbeddingSpace(folder: model)
    try requireMatch(space.table, name: space.name)
    let tokens = try tokens(newTo: space)
    let first = space.tokenizer.vocabularySize
    let tokenizer = try TransferError.unify {
      try TokenizerFile.adding(tokens, from: first, folder: model)
    }
    let mask = space.mask.flatMap(space.tokenizer.token(of:)) ?? ""
    let answer = space.table.modelKind == .causal ? nil : mask
    let text = template.text(vectors: tokens, answer: answer).trimmingCharacters(in: .whitespaces)
    try write(to: folder) { place in
      try checkpoint.write(into: place, words: vectors, from: first, table: space.table)
      try AtomicFile.write(tokenizer, to: place.appendingPathComponent(TokenizerFile.name))
      try Self.copySideFiles(from: model, to: place)
      return """
        \(modelName) with a soft prompt of \(vectors.rows) vectors as tokens, written by promptferry.

        The text to give it, with the subject for `[X]`: `\(text)`
        """
    }
    return text
  }

  /// A token for each vector, `[V1]`, `[V2]`, …. Throws where the model has one of them already.
  func tokens(newTo space: EmbeddingSpace) throws(TransferError) -> [String] {
    let tokens = (1...max(1, vectors.rows)).prefix(vectors.rows).map { "[V\($0)]" }
    if let taken = tokens.first(where: { space.tokenizer.id(of: $0) != nil }) {
      throw TransferError(space.name, "has a token \(taken) already", hint: "Give the model it was made from")
    }
    return tokens
  }

  /// Whether a file is the model's: in its folder, or a blob of the Hub's cache that its snapshot is linked to.
  private static func isOwn(_ file: URL, of model: URL) -> Bool {
    let folder = model.resolvingSymlinksInPath()
    let blobs = folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("blobs")
    return [folder, blobs].contains { file.path.hasPrefix($0.path + "/") }
  }

  /// What else `transformers` reads besides weights: small files that no vector changes.
  private static func copySideFiles(from model: URL, to folder: URL) throws {
    let written = ["config.json", TokenizerFile.name]
    for name in try FileManager.default.contentsOfDirectory(atPath: model.path).sorted() {
      let isSmall = ["json", "txt", "model", "jinja"].contains((name as NSString).pathExtension)
      guard isSmall, !written.contains(name), !name.hasSuffix(".index.json") else { continue }
      let file = model.appendingPathComponent(name).resolvingSymlinksInPath()
      guard isOwn(file, of: model) else { continue }
      try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(name))
    }
  }
}
