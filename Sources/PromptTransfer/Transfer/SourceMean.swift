import Tensors

/// One prompt from what several sources carried over, each on its own.
///
/// Each vector gets the direction of the weighted mean of the sources' unit vectors, and the weighted mean of their lengths.
/// That is what exact search does with several sources when every anchor counts: its optimum is the sum of the sources' own.
enum SourceMean {
  /// - Parameter parts: (P, Ct) each, not empty, with positive weights
  static func of(_ parts: [(vectors: Matrix, weight: Float)]) -> Matrix {
    guard parts.count > 1 else { return parts[0].vectors }
    let total = parts.reduce(0) { $0 + Double($1.weight) }
    var mean = Matrix(rows: parts[0].vectors.rows, columns: parts[0].vectors.columns)
    var lengths = [Double](repeating: 0, count: mean.rows)
    for part in parts {
      let share = Double(part.weight) / total
      mean.add(part.vectors.normalizingRows(), scaledBy: Float(share))
      for row in 0..<mean.rows { lengths[row] += share * part.vectors.rowNorm(row) }
    }
    return Normalization.lengths(lengths).forward(mean)
  }
}
