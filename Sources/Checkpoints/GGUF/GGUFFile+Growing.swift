import Formats
import Foundation
import Tensors

extension GGUFFile {
  private static let table = "token_embd.weight"
  private static let output = "output.weight"
  private static let tokens = "tokenizer.ggml.tokens"
  private static let types = "tokenizer.ggml.token_type"

  /// Of the numbers in `tokenizer.ggml.token_type`.
  private enum TokenType {
    static let normal = 1.0
    static let unknown = 2.0
    /// Found in a text before anything else is, wherever it stands.
    static let userDefined: Float = 4
  }

  /// Architectures whose output matrix llama.cpp reads where there is one, and takes the table for where there is none.
  private static let mayBeUntied: Set<String> = ["llama", "qwen2", "qwen3", "gemma3", "phi3", "gpt2"]

  /// Writes a copy with more tokens, found by name in a text, and their rows in the embedding table (before any scale).
  ///
  /// The table is written in F32, the types of blocks losing what makes a row a prompt; all other tensors keep their bytes. The output matrix
  /// keeps its type, and gets as rows of the new tokens copies of that of a token that models hardly say. Where the table was the
  /// output matrix as well, its old bytes become one of their own if llama.cpp reads it; if not, the two stay tied.
  /// - Parameters:
  ///   - rows: (P, E), one for each token
  ///   - notes: texts to add to the metadata
  package func writeCopy(
    to url: URL, adding tokens: [String], rows: Matrix, notes: [String: String]
  ) throws(CheckpointError) {
    precondition(tokens.count == rows.rows)
    let header = try file.withBytes { (bytes) throws(CheckpointError) in
      try GGUFHeader(bytes, file: self.url)
    }
    guard let stored = header.tensors.first(where: { $0.name == Self.table }), stored.shape.count == 2,
      stored.shape[1] == rows.columns, let table = entries.first(where: { $0.range == stored.range })
    else { throw CheckpointError(file: self.url, item: Self.table, "is no table of width \(rows.columns)") }
    let height = stored.shape[0]
    guard metadata[Self.tokens]?.array?.count == height else {
      throw CheckpointError(
        file: self.url, item: Self.tokens, "does not name each of the \(height) rows of \(Self.table)")
    }
    if let odd = header.tensors.first(where: { $0.name.hasPrefix("per_layer_token_embd") }) {
      throw CheckpointError(
        file: self.url, item: odd.name, "has rows of every token for every layer, which a prompt has not")
    }
    var writer = GGUFWriter(header, of: file)
    let like = try rareToken(of: height)
    for index in writer.tensors.indices {
      let tensor = writer.tensors[index]
      if tensor.name == Self.table {
        writer.tensors[index] = try grown(StoredTensor(self, table), rows)
      } else if [Self.output, "output.bias"].contains(tensor.name), tensor.shape[0] == height {
        writer.tensors[index] = extended(header.tensors[index], as: tensor.name, count: rows.rows, like: like)
      }
    }
    let architecture = try metadata.string("general.architecture") ?? ""
    if Self.mayBeUntied.contains(architecture), !header.tensors.contains(where: { $0.name == Self.output }) {
      writer.tensors.append(extended(stored, as: Self.output, count: rows.rows, like: like))
    }
    _ = writer.append(tokens, to: Self.tokens)
    if !writer.append(TokenType.userDefined, count: tokens.count, to: Self.types) {
      let added = [Int32](repeating: Int32(TokenType.userDefined), count: tokens.count)
      writer.set(Self.types, [Int32](repeating: Int32(TokenType.normal), count: height) + added)
    }
    _ = writer.append(-1000, count: tokens.count, to: "tokenizer.ggml.scores")
    if metadata["\(architecture).vocab_size"] != nil {
      writer.set("\(architecture).vocab_size", UInt32(height + tokens.count))
    }
    for (key, text) in notes.sorted(by: { $0.key < $1.key }) { writer.set(key, text) }
    try writer.write(to: url)
  }

  /// The unknown token, else the last ordinary one, which is the rarest of a byte-pair vocabulary.
  private func rareToken(of count: Int) throws(CheckpointError) -> Int {
    guard let types = try metadata.numbers(Self.types), types.count == count else {
      return count - 1
    }
    return types.firstIndex(of: TokenType.unknown) ?? types.lastIndex(of: TokenType.normal) ?? count - 1
  }

  /// The table as F32 with the rows after its own.
  private func grown(_ table: StoredTensor, _ rows: Matrix) -> GGUFWriter.Tensor {
    func bytes(_ matrix: Matrix) -> UnsafeRawBufferPointer {
      UnsafeRawBufferPointer(start: matrix.pointer, count: matrix.count * MemoryLayout<Float>.size)
    }
    return GGUFWriter.Tensor(Self.table, shape: [table.rows + rows.rows, rows.columns], type: .float32) {
      take in
      var isTaken = true
      table.forEachBlock { block in isTaken = isTaken && take(bytes(block)) }
      return isTaken && take(bytes(rows))
    }
  }

  /// A stored tensor with copies of one of its rows after its own, of the same type.
  private func extended(
    _ tensor: GGUFHeader.Tensor, as name: String, count: Int, like row: Int
  ) -> GGUFWriter.Tensor {
    let file = file
    let shape = [tensor.shape[0] + count] + tensor.shape.dropFirst()
    return GGUFWriter.Tensor(name, shape: shape, type: tensor.type) { take in
      file.withBytes { bytes in
        let stored = UnsafeRawBufferPointer(rebasing: bytes[tensor.range])
        let stride = stored.count / tensor.shape[0]
        let copied = UnsafeRawBufferPointer(rebasing: stored[row * stride..<(row + 1) * stride])
        return take(stored) && (0..<count).allSatisfy { _ in take(copied) }
      }
    }
  }
}
