/// What llama.cpp's converter does to a tensor's elements, so that it can be undone.
/// (https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py)
enum GGUFLayout: Sendable, Equatable {
  case asIs
  /// One was added to every element: norms of Gemma, whose models compute 1 + w.
  case plusOne
  /// The rows of each head are interleaved: `LlamaModel.permute` puts the two halves that rotary positions turn together
  /// side by side.
  case interleaved(heads: Int)
  /// Queries, keys and values lie one after the other where the model has them head by head (GPT-NeoX).
  case separated(heads: Int)
  /// Stored as (outputs, inputs) where the model has (inputs, outputs): GPT-2's Conv1D.
  case transposed

  /// Where row `row` of the model's (rows, …) stands in the file.
  func storedRow(_ row: Int, of rows: Int) -> Int {
    switch self {
    case .interleaved(let heads):
      let height = rows / heads
      let (head, place) = row.quotientAndRemainder(dividingBy: height)
      return head * height + place % (height / 2) * 2 + place / (height / 2)
    case .separated(let heads):
      let height = rows / (3 * heads)
      let (head, rest) = row.quotientAndRemainder(dividingBy: 3 * height)
      return rest / height * heads * height + head * height + rest % height
    default: return row
    }
  }

  /// Whether a tensor of so many rows can be stored so.
  func fits(rows: Int) -> Bool {
    switch self {
    case .interleaved(let heads): heads > 0 && rows % (2 * heads) == 0
    case .separated(let heads): heads > 0 && rows % (3 * heads) == 0
    default: true
    }
  }
}
