import Checkpoints
import Formats
import Foundation
import LanguageModels

extension SoftPrompt {
  /// What the keys of our metadata begin with among another format's.
  static let metadataPrefix = "promptferry."

  /// Writes a folder that `peft` loads as a prompt-tuning adapter, and `PromptFile` as this prompt.
  ///
  /// PEFT puts vectors before everything else and knows causal and sequence-to-sequence models only; throws
  /// `TransferError` for a prompt that is read elsewhere or by a masked model, or is not this model's.
  /// - Parameters:
  ///   - baseModel: what `peft` finds the model by, a folder or a Hub id, and its revision
  public func writePEFT(
    to folder: URL, model space: EmbeddingSpace, baseModel: String, revision: String? = nil
  ) throws(TransferError) {
    try requireMatch(space.table, name: space.name)
    try write(to: folder) { place in
      try adapter(for: space, baseModel: baseModel, revision: revision).write(into: place)
      return """
        ---
        library_name: peft
        base_model: \(baseModel)
        ---
        A soft prompt of \(vectors.rows) vectors for \(modelName), written by promptferry.

        Where the text goes, `[Y]` being what the model says next: `\(template)`

        ```python
        from peft import PeftModel
        model = PeftModel.from_pretrained(base_model, "\(folder.lastPathComponent)")
        ```
        """
    }
  }

  private func adapter(
    for space: EmbeddingSpace, baseModel: String, revision: String?
  ) throws(TransferError) -> PEFTAdapter {
    let hint = "Write a checkpoint with tokens for the vectors instead"
    let kind = space.table.modelKind
    let task: PEFTAdapter.Task =
      switch kind {
      case .causal: .causal
      case .sequenceToSequence: .sequenceToSequence
      case .masked:
        throw TransferError(space.name, "is a masked model, for which PEFT has no prompts", hint: hint)
      }
    guard let runs = template.prependedRuns(hasDecoder: kind == .sequenceToSequence) else {
      throw TransferError(
        "template \"\(template)\"", "has vectors elsewhere than PEFT, which puts all of them first",
        hint: hint)
    }
    return PEFTAdapter(
      vectors: vectors, task: task, submoduleCount: runs, baseModel: baseModel, revision: revision,
      metadata: Dictionary(
        uniqueKeysWithValues: metadata.map { (Self.metadataPrefix + $0.key, $0.value) }))
  }

  /// Makes a folder whole or not at all, with what `fill` puts there and the text it returns as `README.md`.
  func write(to folder: URL, fill: (URL) throws -> String) throws(TransferError) {
    try TransferError.unify {
      try AtomicFolder.write(folder) { place in
        let text = try fill(place)
        try AtomicFile.write(Data((text + "\n").utf8), to: place.appendingPathComponent("README.md"))
      }
    }
  }
}
