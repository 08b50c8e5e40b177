import LanguageModels
import Tensors

/// What a causal model's first layer reads of a text with a prompt, before positions: rows of its word table and the prompt's
/// vectors in their places, each multiplied by the model's `inputScale` unless they are asked for as the table has them.
///
/// It is what `inputs_embeds` of transformers, vLLM's `prompt_embeds` and SGLang's `input_embeds` are. The text ends where the
/// answer begins, at `[Y]`.
public struct EmbeddedInput: Sendable {
  /// The text for `[X]`.
  public let text: String
  public let rows: Matrix  // (T, E)

  /// Bytes of F32 that fit into a file of PyTorch's with 32-bit places, and into any server.
  private static let longest = Int(Int32.max) / 2

  /// The name of this space beside a prompt file's `embedding-row`.
  public static let space = "inputs-embeds"

  /// Throws for a model that is not causal, a template that it does not see whole, a text without tokens and a prompt of
  /// another model, and a text of more than a gigabyte of rows.
  public init(
    _ text: String, prompt: SoftPrompt, model space: EmbeddingSpace, isScaled: Bool = true
  ) throws(TransferError) {
    try prompt.requireServing(by: space)
    guard prompt.template.textCount == 1 else {
      throw TransferError("template \"\(prompt.template)\"", "takes two texts, where each input is one")
    }
    let fact = Example(relation: "", subject: text, object: "")
    guard let input = try prompt.template.input(fact, tokenizer: space.tokenizer, answer: .next) else {
      throw TransferError("input \"\(text)\"", "has no tokens")
    }
    guard input.elements.count <= Self.longest / 4 / space.table.width else {
      throw TransferError(
        "an input of \(text.utf8.count) bytes",
        "is too long: \(input.elements.count) rows of \(space.table.width)")
    }
    let ids: [Int] = input.elements.map { if case .token(let id) = $0 { id } else { 0 } }
    if let id = ids.first(where: { $0 >= space.table.rowCount }) {
      throw TransferError(space.name, "has no row for \(space.tokenizer.token(of: id) ?? ""), which is \(id)")
    }
    var rows = space.table.rows(ids)
    let (target, width) = (rows.mutablePointer(), rows.columns)
    for (row, element) in input.elements.enumerated() {
      if case .vector(let index) = element {
        (target + row * width).update(from: prompt.vectors.pointer + index * width, count: width)
      }
    }
    self.text = text
    self.rows = isScaled ? rows.scaled(for: space) : rows
  }
}

extension Matrix {
  /// Rows of a model's table as its first layer reads them: multiplied by its `inputScale`.
  func scaled(for space: EmbeddingSpace) -> Matrix {
    let scale = Float(space.table.inputScale)
    return scale == 1 ? self : Matrix(rows: rows, columns: columns, elements.map { $0 * scale })
  }
}

extension SoftPrompt {
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
