import Foundation

/// The Kullback-Leibler divergence `KL(q | softmax(z / T)) = sum of q (log q - log softmax(z / T))`, row by row.
package enum Divergence {
  /// Returns the divergence of each row and leaves in `logits` its gradient times its scale, `scale (softmax(z / T) - q) / T`.
  /// - Parameters:
  ///   - logits: `z`, (B, V)
  ///   - targets: `q`, (B, V), rows that sum to 1
  ///   - temperature: `T`, positive
  ///   - scales: one for each row
  package static func forwardBackward(
    _ logits: inout Matrix, targets: Matrix, temperature: Float, scales: [Float]
  ) -> [Float] {
    precondition(
      targets.rows == logits.rows && targets.columns == logits.columns && scales.count == logits.rows)
    let (rows, columns) = (logits.rows, logits.columns)
    let base = logits.mutablePointer()
    return (0..<rows).map { row in
      let z = base + row * columns
      let q = targets.row(row)
      for column in 0..<columns { z[column] /= temperature }
      // sum of q log q, less the sum of q z; what is left is the logarithm of the softmax's sum.
      var known = 0.0
      for column in 0..<columns where q[column] > 0 {
        known += Double(q[column]) * (log(Double(q[column])) - Double(z[column]))
      }
      let logSum = kernels.softmax(z, columns)
      for column in 0..<columns { z[column] = scales[row] * (z[column] - q[column]) / temperature }
      return Float(known + Double(logSum))
    }
  }
}

/// The softmax of each row.
package enum Softmax {
  /// The natural logarithms of some of each row's probabilities. The softmax stands in `logits` afterwards.
  /// - Parameter columns: of each row those that are wanted
  package static func logProbabilities(_ logits: inout Matrix, of columns: [[Int]]) -> [[Float]] {
    precondition(columns.count == logits.rows)
    let (base, width) = (logits.mutablePointer(), logits.columns)
    return columns.enumerated().map { row, columns in
      let values = base + row * width
      let own = columns.map { column in
        precondition(column >= 0 && column < width)
        return values[column]
      }
      let logSum = kernels.softmax(values, width)
      return own.map { $0 - logSum }
    }
  }

  /// Of `z / T`.
  package static func forward(_ logits: inout Matrix, temperature: Float) {
    let (rows, columns) = (logits.rows, logits.columns)
    let base = logits.mutablePointer()
    for row in 0..<rows {
      let z = base + row * columns
      for column in 0..<columns { z[column] /= temperature }
      _ = kernels.softmax(z, columns)
    }
  }
}
