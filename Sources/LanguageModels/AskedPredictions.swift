/// The predictions of a batch of which something is asked.
struct AskedPredictions {
  struct Row {
    /// Of what is read, over all inputs.
    let row: Int
    /// The tokens that are asked for, and where their answers belong.
    var asked: [(input: Int, place: Int, token: Int)]
  }

  private let rows: [Row]

  /// - Parameter tokens: of each input, which of its predictions, and the token
  init(_ tokens: ArraySlice<[PredictedToken]>, of inputs: ArraySlice<PromptedInput>) {
    var (firsts, end): ([Int], Int) = ([], 0)
    for input in inputs {
      firsts.append(end)
      end += input.readCount
    }
    var wanted: [Int: Row] = [:]
    for (input, tokens) in tokens.enumerated() {
      for (place, asked) in tokens.enumerated() {
        let row = firsts[input] + asked.prediction
        wanted[row, default: Row(row: row, asked: [])].asked.append((input, place, asked.token))
      }
    }
    rows = wanted.values.sorted { $0.row < $1.row }
  }

  /// Some after the other, in their order.
  func blocks(of size: Int) -> [[Row]] {
    stride(from: 0, to: rows.count, by: size).map { Array(rows[$0..<min(rows.count, $0 + size)]) }
  }
}
