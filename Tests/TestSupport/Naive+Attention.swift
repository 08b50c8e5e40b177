import Foundation

extension Naive {
  /// Which keys a query sees, and how scores are made.
  package struct AttentionForm: Sendable {
    package let heads, keyHeads, width: Int
    package var scale: Double
    package var cap: Double?
    /// How many keys before and after its own place a query sees; nil for all.
    package var before, after: Int?
    /// What scores gain by the key's place less the query's, from `-reach` to `reach`: (heads, 2 * reach + 1).
    package var bias: [Double]?
    package var reach: Int { (bias.map { $0.count / heads } ?? 1) / 2 }

    package init(
      heads: Int, keyHeads: Int? = nil, width: Int, scale: Double? = nil, cap: Double? = nil,
      before: Int? = nil,
      after: Int? = nil, bias: [Double]? = nil
    ) {
      self.heads = heads
      self.keyHeads = keyHeads ?? heads
      self.width = width
      self.scale = scale ?? 1 / Double(width).squareRoot()
      self.cap = cap
      self.before = before
      self.after = after
      self.bias = bias
    }
  }

  /// One sequence: `q` (queries, heads*width), `k` and `v` (keys, keyHeads*width); the first query stands at key `place`. Returns
  /// the probabilities (heads, queries, keys) and the context (queries, heads*width).
  package static func attention(
    _ form: AttentionForm, q: [Double], k: [Double], v: [Double], queries: Int, keys: Int, place: Int
  ) -> (probabilities: [Double], context: [Double]) {
    let (row, keyRow, width) = (form.heads * form.width, form.keyHeads * form.width, form.width)
    var probabilities: [Double] = []
    var context = [Double](repeating: 0, count: queries * row)
    for h in 0..<form.heads {
      let shared = h * form.keyHeads / form.heads
      for i in 0..<queries {
        let own = place + i
        let scores = (0..<keys).map { j -> Double in
          if let before = form.before, j < own - before { return -.infinity }
          if let after = form.after, j > own + after { return -.infinity }
          let product = (0..<width).reduce(0.0) {
            $0 + q[i * row + h * width + $1] * k[j * keyRow + shared * width + $1]
          }
          let score = form.scale * product
          let distance = min(form.reach, max(-form.reach, j - own))
          let gain = form.bias.map { $0[h * (2 * form.reach + 1) + form.reach + distance] } ?? 0
          return (form.cap.map { $0 * tanh(score / $0) } ?? score) + gain
        }
        let weights = softmax(scores)
        probabilities += weights
        for j in 0..<keys {
          for c in 0..<width {
            context[i * row + h * width + c] += weights[j] * v[j * keyRow + shared * width + c]
          }
        }
      }
    }
    return (probabilities, context)
  }

  /// `gamma x / sqrt(mean(x^2) + epsilon)`, row by row.
  package static func rmsNorm(_ x: [Double], gamma: [Double], epsilon: Double) -> [Double] {
    let columns = gamma.count
    return x.indices.map { index in
      let start = index / columns * columns
      let square = x[start..<start + columns].reduce(0) { $0 + $1 * $1 } / Double(columns)
      return gamma[index % columns] * x[index] / (square + epsilon).squareRoot()
    }
  }

  /// Each head's pair `i`, `half + i` as a complex number, times `e^(i angle)` with `angle = position * frequencies[i]`; `x` is
  /// (rows, heads * width), the first row at `first`.
  package static func rotated(
    _ x: [Double], frequencies: [Double], heads: Int, width: Int, first: Int, length: Double = 1
  ) -> [Double] {
    var y = x
    let half = frequencies.count
    for start in stride(from: 0, to: x.count, by: width) {
      let position = Double(first + start / (heads * width))
      for i in 0..<half {
        let (a, b, angle) = (x[start + i], x[start + half + i], position * frequencies[i])
        y[start + i] = length * (a * cos(angle) - b * sin(angle))
        y[start + half + i] = length * (a * sin(angle) + b * cos(angle))
      }
    }
    return y
  }
}
