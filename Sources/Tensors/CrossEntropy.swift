/// The cross-entropy `-log softmax(logits)[label]`, row by row.
package enum CrossEntropy {
  /// Returns the loss of each row and leaves in `logits` its gradient times its scale.
  /// - Parameter logits: (B, V)
  package static func forwardBackward(
    _ logits: inout Matrix, labels: [Int], scales: [Float]
  ) -> [Float] {
    precondition(labels.count == logits.rows && scales.count == logits.rows)
    let (rows, columns) = (logits.rows, logits.columns)
    let base = logits.mutablePointer()
    return (0..<rows).map { row in
      let values = base + row * columns
      precondition(labels[row] >= 0 && labels[row] < columns)
      let target = values[labels[row]]
      let logSum = kernels.softmax(values, columns)
      values[labels[row]] -= 1
      let scale = scales[row]
      for column in 0..<columns { values[column] *= scale }
      return logSum - target
    }
  }
}
