import Tensors

/// The reference's search: Adam on the mean over rows of one minus the objective, the candidate normalised inside
/// every step.
package struct GradientSearch: Sendable {
  package let steps: Int
  package let learningRate: Float

  package init(
    steps: Int = RelativeSearch.defaultSteps, learningRate: Float = RelativeSearch.defaultLearningRate
  ) {
    (self.steps, self.learningRate) = (steps, learningRate)
  }

  package struct Result: Sendable {
    /// (P, Ct), normalised.
    package let vectors: Matrix
    /// The loss before each step.
    package let losses: [Float]
  }

  /// Xavier-normal, as the reference starts: deviation `sqrt(2 / (P + Ct))`.
  package static func start(rows: Int, columns: Int, seed: UInt64) -> Matrix {
    var stream = RandomStream(seed: seed, name: "search.start")
    return stream.normalMatrix(
      rows: rows, columns: columns, deviation: (2 / Double(rows + columns)).squareRoot())
  }

  /// - Parameters:
  ///   - anchors: (K, Ct), rows of unit length
  ///   - start: (P, Ct)
  ///   - snapshot: called with the normalised candidate after `snapshotCount` steps, evenly spread
  ///   - progress: called after every step
  ///   - shouldStop: asked after every step; the candidate so far is then the result
  package func run(
    _ code: RelativeCode, unitAnchors anchors: Matrix, start: Matrix, normalization: Normalization,
    snapshotCount: Int = 0, snapshot: (Matrix) -> Void = { _ in }, progress: (_ done: Int) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) -> Result {
    let wanted = code.maskedSimilarities().normalizingRows()
    var candidate = start
    var optimizer = AdamW(parameterCount: start.count)
    var losses: [Float] = []
    var products = Matrix(rows: start.rows, columns: anchors.rows)
    var dx = Matrix(rows: start.rows, columns: start.columns)
    for step in 0..<steps {
      let x = normalization.forward(candidate)
      products.multiply(x, anchors, transposeB: true)
      losses.append(Self.lossForwardBackward(&products, wanted: wanted, kept: code.kept))
      dx.multiply(products, anchors)
      optimizer.update(
        &candidate, gradient: normalization.backward(candidate, dx), learningRate: learningRate)
      if (step + 1) * snapshotCount / steps > step * snapshotCount / steps {
        snapshot(normalization.forward(candidate))
      }
      progress(step + 1)
      if shouldStop() { break }
    }
    return Result(vectors: normalization.forward(candidate), losses: losses)
  }

  /// The mean over rows of `1 - cos(s, r)` over the anchors that count; leaves its gradient in `products`.
  /// `d(-cos)/ds = -(r/|r| - cos s/|s|) / |s|`.
  private static func lossForwardBackward(
    _ products: inout Matrix, wanted: Matrix, kept: [[Int]?]
  ) -> Float {
    let (rows, columns) = (products.rows, products.columns)
    let base = products.mutablePointer()
    var loss = 0.0
    for row in 0..<rows {
      let s = base + row * columns
      let r = wanted.pointer + row * columns
      if let kept = kept[row] {
        var next = 0
        for column in 0..<columns {
          if next < kept.count, kept[next] == column { next += 1 } else { s[column] = 0 }
        }
      }
      let norm = max(kernels.dot_double(s, s, columns).squareRoot(), 1e-12)
      let cosine = kernels.dot_double(s, r, columns) / norm
      loss += 1 - cosine
      let (along, across) = (Float(cosine / norm / norm / Double(rows)), Float(1 / norm / Double(rows)))
      for column in 0..<columns { s[column] = along * s[column] - across * r[column] }
    }
    return Float(loss / Double(rows))
  }
}
