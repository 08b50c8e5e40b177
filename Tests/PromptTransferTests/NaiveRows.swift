import Tensors
import TestSupport

extension Naive {
  /// The length of a row.
  static func norm(_ x: Matrix, _ row: Int) -> Double {
    x.wide[row * x.columns..<(row + 1) * x.columns].reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  static func meanNorm(_ x: Matrix) -> Double {
    (0..<x.rows).reduce(0) { $0 + norm(x, $1) } / Double(x.rows)
  }

  static func crossEntropy(_ logits: [Double], label: Int) -> Double { logSum(logits) - logits[label] }

  /// An orthogonal matrix: Gram and Schmidt on random rows.
  static func randomRotation(_ width: Int, seed: UInt64) -> Matrix {
    let random = Samples.matrix(width, width, seed: seed, "rotation").wide
    var rows: [[Double]] = []
    for index in 0..<width {
      var row = Array(random[index * width..<(index + 1) * width])
      for other in rows {
        let along = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
        for column in 0..<width { row[column] -= along * other[column] }
      }
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      rows.append(row.map { $0 / length })
    }
    return Matrix(rows: width, columns: width, rows.flatMap { $0.map(Float.init) })
  }
}
