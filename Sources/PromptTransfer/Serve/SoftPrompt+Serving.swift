import Checkpoints
import Formats
import Foundation
import LanguageModels
import Tensors

/// What servers take of a prompt that they do not know: embedded sequences, made here. All are after the model's scale.
extension SoftPrompt {
  /// A program that serves models, for which each input becomes a line of JSON: the body of a request.
  public enum Server: Sendable {
    /// `{"prompt_embeds": "…", "text": "…"}` for `/v1/completions`: base64 of what `torch.save` writes of (T, E), and the text for `[X]`, which vLLM does not read.
    case vLLM
    /// `{"input_embeds": [[…], …]}` for `/generate`: T rows of E numbers, in the shortest spelling that is the same Float32.
    case sgLang
  }

  /// Writes a line for each text, in their order, one after another: no more than one is in memory.
  public func writeRequests(
    to url: URL, for server: Server, texts: [String], model space: EmbeddingSpace
  ) throws(TransferError) {
    var problem: TransferError?
    do {
      try AtomicFile.write(to: url) { descriptor in
        texts.allSatisfy { text in
          do throws(TransferError) {
            let input = try EmbeddedInput(text, prompt: self, model: space)
            return Data((Self.line(input, server) + "\n").utf8).withUnsafeBytes { writeAll(descriptor, $0) }
          } catch {
            problem = error
            return false
          }
        }
      }
    } catch {
      throw problem ?? TransferError(error)
    }
  }

  private static func line(_ input: EmbeddedInput, _ server: Server) -> String {
    switch server {
    case .vLLM:
      Provenance.json([
        "prompt_embeds": PyTorchFile.serialize(input.rows).base64EncodedString(), "text": input.text,
      ])
    case .sgLang:
      "{\"input_embeds\":["
        + (0..<input.rows.rows).map { row in
          "[" + input.rows.row(row).map(\.description).joined(separator: ",") + "]"
        }.joined(separator: ",") + "]}"
    }
  }

  /// Writes a prompt table of TensorRT-LLM (`--prompt_table_path`): an `.npy` file of one task's vectors, (1, P, E). Its ids
  /// from the vocabulary's size on are rows of this table, which is not scaled again.
  public func writePromptTable(to url: URL, model space: EmbeddingSpace) throws(TransferError) {
    try requireServing(by: space)
    try TransferError.unify {
      try AtomicFile.write(NumPyFile.serialize(vectors.scaled(for: space), isBatch: true), to: url)
    }
  }

  /// Writes numbers alone, F32 in little-endian, row after row, for `llama_batch.embd`: the sequence of a text, (T, E), or
  /// without one the vectors, (P, E).
  ///
  /// llama.cpp scales what it is given for Gemma 1 and 2 and not for Gemma 3, so theirs are before the scale.
  /// - Returns: how many rows there are, and what they were multiplied by
  public func writeEmbeddings(
    to url: URL, text: String?, model space: EmbeddingSpace
  ) throws(TransferError) -> (rows: Int, scale: Double) {
    try requireServing(by: space)
    let isScaled = !["gemma", "gemma2"].contains(space.table.modelType)
    let rows: Matrix
    if let text {
      rows = try EmbeddedInput(text, prompt: self, model: space, isScaled: isScaled).rows
    } else {
      rows = isScaled ? vectors.scaled(for: space) : vectors
    }
    try TransferError.unify {
      try AtomicFile.write(
        Data(buffer: UnsafeBufferPointer(start: rows.pointer, count: rows.count)), to: url)
    }
    return (rows.rows, isScaled ? space.table.inputScale : 1)
  }
}
