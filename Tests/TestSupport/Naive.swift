import Foundation

// The ops as their formulas read, in Double, with no thought of speed: what the fast ones are tested against.
// Matrices are row-major lists; the letters are those of NOTATION.md.
package enum Naive {
  package static func transposed(_ a: [Double], rows: Int, columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: a.count)
    for i in 0..<rows { for j in 0..<columns { result[j * rows + i] = a[i * columns + j] } }
    return result
  }

  /// `a` (m, k) times `b` (k, n).
  package static func product(_ a: [Double], _ b: [Double], m: Int, k: Int, n: Int) -> [Double] {
    var result = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        for l in 0..<k { result[i * n + j] += a[i * k + l] * b[l * n + j] }
      }
    }
    return result
  }

  /// `x W^T + b`, with `x` (rows, inputs), `weight` (outputs, inputs).
  package static func linear(
    _ x: [Double], _ weight: [Double], _ bias: [Double], rows: Int, inputs: Int, outputs: Int
  ) -> [Double] {
    var y = product(
      x, transposed(weight, rows: outputs, columns: inputs), m: rows, k: inputs, n: outputs)
    for i in 0..<rows { for j in 0..<outputs { y[i * outputs + j] += bias[j] } }
    return y
  }

  package static func gelu(_ x: Double) -> Double { x / 2 * erfc(-x / 2.0.squareRoot()) }

  package static func geluTanh(_ x: Double) -> Double {
    x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  }

  package static func relu(_ x: Double) -> Double { max(x, 0) }

  package static func softCap(_ x: Double, _ cap: Double) -> Double { cap * tanh(x / cap) }

  package static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

  package static func quickGelu(_ x: Double) -> Double { x / (1 + exp(-1.702 * x)) }

  /// Row by row, with the population variance.
  package static func layerNorm(
    _ s: [Double], gamma: [Double], beta: [Double], epsilon: Double, rows: Int
  ) -> [Double] {
    let columns = gamma.count
    var y = s
    for i in 0..<rows {
      let row = Array(s[i * columns..<(i + 1) * columns])
      let mean = row.reduce(0, +) / Double(columns)
      let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
      for j in 0..<columns {
        y[i * columns + j] = gamma[j] * (row[j] - mean) / (variance + epsilon).squareRoot() + beta[j]
      }
    }
    return y
  }

  /// `log(sum(exp(x)))`, without overflow.
  package static func logSum(_ x: [Double]) -> Double {
    guard let top = x.max() else { return -.infinity }
    return top + log(x.reduce(0) { $0 + exp($1 - top) })
  }

  package static func softmax(_ x: [Double]) -> [Double] {
    let sum = logSum(x)
    return x.map { exp($0 - sum) }
  }

  /// `-log softmax(logits)[label]` of each row.
  package static func crossEntropy(_ logits: [Double], labels: [Int], columns: Int) -> [Double] {
    labels.enumerated().map { row, label in
      let values = Array(logits[row * columns..<(row + 1) * columns])
      return logSum(values) - values[label]
    }
  }

  /// `sum of q log(q / softmax(z / T))` of each row.
  package static func divergences(
    _ logits: [Double], targets: [Double], columns: Int, temperature: Double
  ) -> [Double] {
    stride(from: 0, to: logits.count, by: columns).map { start in
      let p = softmax(logits[start..<start + columns].map { $0 / temperature })
      return zip(targets[start..<start + columns], p).reduce(0) { sum, pair in
        pair.0 > 0 ? sum + pair.0 * log(pair.0 / pair.1) : sum
      }
    }
  }

  /// Solves `A x = b` for a square matrix by Gaussian elimination with partial pivoting.
  package static func solve(_ matrix: [Double], _ rightHandSide: [Double]) -> [Double] {
    let n = rightHandSide.count
    var (a, b) = (matrix, rightHandSide)
    for pivot in 0..<n {
      let best = (pivot..<n).max { abs(a[$0 * n + pivot]) < abs(a[$1 * n + pivot]) } ?? pivot
      for j in 0..<n { a.swapAt(pivot * n + j, best * n + j) }
      b.swapAt(pivot, best)
      for i in pivot + 1..<max(n, pivot + 1) {
        let factor = a[i * n + pivot] / a[pivot * n + pivot]
        for j in pivot..<n { a[i * n + j] -= factor * a[pivot * n + j] }
        b[i] -= factor * b[pivot]
      }
    }
    for i in (0..<n).reversed() {
      for j in i + 1..<max(n, i + 1) { b[i] -= a[i * n + j] * b[j] }
      b[i] /= a[i * n + i]
    }
    return b
  }

  /// The matrix with orthonormal columns (rows where it is wide) closest to `a` (m, n) of full rank: Newton's and Schulz's
  /// iteration `X <- X (3 I - X^T X) / 2`, which takes every singular value to 1.
  package static func orthogonalFactor(_ a: [Double], m: Int, n: Int) -> [Double] {
    let size = a.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var x = a.map { $0 / size }
    for _ in 0..<100 {
      let gram = product(transposed(x, rows: m, columns: n), x, m: n, k: m, n: n)
      let correction = product(x, gram, m: m, k: n, n: n)
      x = zip(x, correction).map { 1.5 * $0 - 0.5 * $1 }
    }
    return x
  }
}
