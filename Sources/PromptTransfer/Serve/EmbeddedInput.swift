import LanguageModels
import Tensors

/// What a causal model's first layer reads of a text with a prompt, before positions: rows of its word table and the prompt's
/// vectors in their places, each multiplied by the model's `inputScale`.
///
/// It is what `inputs_embeds` of transformers, vLLM's `prompt_embeds` and SGLang's `input_embeds` are. The text ends where the
/// answer begins, at `[Y]`.
public struct EmbeddedInput: Sendable {
  /// The text for `[X]`.
  public let text: String
  public let rows: Matrix  // (T, E)

  /// The name of this space beside a prompt file's `embedding-row`.
  public static let space = "inputs-embeds"

  /// Throws for a model that is not causal, a template that it does not see whole, a text without tokens and a prompt of
  /// another model.
  public init(_ text: String, prompt: SoftPrompt, model space: EmbeddingSpace) throws(TransferError) {
    try prompt.requireServing(by: space)
    guard prompt.template.textCount == 1 else {
      throw TransferError("template \"\(prompt.template)\"", "takes two texts, where each input is one")
    }
    let fact = Example(relation: "", subject: text, object: "")
    guard let input = prompt.template.input(fact, tokenizer: space.tokenizer, answer: .next) else {
      throw TransferError("input \"\(text)\"", "has no tokens")
    }
    let ids: [Int] = input.elements.map { if case .token(let id) = $0 { id } else { 0 } }
    if let id = ids.first(where: { $0 >= space.table.rowCount }) {
      throw TransferError(space.name, "has no row for \(space.tokenizer.token(of: id) ?? ""), which is \(id)")
    }
    var rows = space.table.rows(ids)
    let (target, width, scale) = (rows.mutablePointer(), rows.columns, Float(space.table.inputScale))
    for (row, element) in input.elements.enumerated() {
      if case .vector(let index) = element {
        (target + row * width).update(from: prompt.vectors.pointer + index * width, count: width)
      }
    }
    if scale != 1 { for index in 0..<rows.count { target[index] *= scale } }
    (self.text, self.rows) = (text, rows)
  }
}

extension SoftPrompt {
  /// The vectors alone as the model's first layer reads them: (P, E), multiplied by its `inputScale`.
  func scaled(for space: EmbeddingSpace) -> Matrix {
    let scale = Float(space.table.inputScale)
    return Matrix(rows: vectors.rows, columns: vectors.columns, vectors.elements.map { $0 * scale })
  }

  /// Throws unless it is this model's, which must be causal and see all of the template.
  func requireServing(by space: EmbeddingSpace) throws(TransferError) {
    try requireMatch(space.table, name: space.name)
    guard space.table.modelKind == .causal else {
      throw TransferError(
        space.name, "is no causal model, which is what servers of language models run",
        hint: "Write a checkpoint with tokens for the vectors instead")
    }
    try template.requireUse(withCausal: space.name)
  }
}
