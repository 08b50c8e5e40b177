/// A frozen layer normalisation over the rows of a sum, `y = gamma (s - mean(s)) / sqrt(var(s) + eps) + beta` with
/// the population variance.
package struct LayerNorm: Sendable {
  package let gamma: Matrix  // (1, C)
  package let beta: Matrix  // (1, C)
  package let epsilon: Float

  /// What the backward needs of a forward.
  package struct Saved: Sendable {
    package var normalized = Matrix(rows: 0, columns: 0)  // (rows, C)
    package var inverseDeviation = Matrix(rows: 0, columns: 0)  // (1, rows)
    package init() {}
  }

  package init(gamma: Matrix, beta: Matrix, epsilon: Float) {
    precondition(gamma.count == beta.count)
    self.gamma = gamma
    self.beta = beta
    self.epsilon = epsilon
  }

  /// Normalises `s = x + bias + residual` (the last two where given) into `y`.
  package func forward(
    _ x: Matrix, bias: Matrix? = nil, residual: Matrix? = nil, saving saved: inout Saved,
    into y: inout Matrix
  ) {
    precondition(x.columns == gamma.count)
    precondition(residual.map { $0.rows == x.rows && $0.columns == x.columns } ?? true)
    saved.normalized.resize(rows: x.rows, columns: x.columns)
    saved.inverseDeviation.resize(rows: 1, columns: x.rows)
    y.resize(rows: x.rows, columns: x.columns)
    kernels.layer_norm_forward(
      x.pointer, bias?.pointer, residual?.pointer, gamma.pointer, beta.pointer, epsilon,
      saved.normalized.mutablePointer(), saved.inverseDeviation.mutablePointer(), y.mutablePointer(),
      x.rows, x.columns)
  }

  /// The same in place, of `x` alone.
  package func forward(_ x: inout Matrix, saving saved: inout Saved) {
    let (rows, columns) = (x.rows, x.columns)
    precondition(columns == gamma.count)
    saved.normalized.resize(rows: rows, columns: columns)
    saved.inverseDeviation.resize(rows: 1, columns: rows)
    let values = x.mutablePointer()
    kernels.layer_norm_forward(
      values, nil, nil, gamma.pointer, beta.pointer, epsilon, saved.normalized.mutablePointer(),
      saved.inverseDeviation.mutablePointer(), values, rows, columns)
  }

  /// `dx` becomes the gradient of the sum `s`, and so of each of its parts.
  /// - Parameter runs: the rows of the forward whose gradients `dy` holds, one after the other; nil for the first ones
  package func backward(_ dy: Matrix, _ saved: Saved, runs: [Range<Int>]? = nil, into dx: inout Matrix) {
    dx.resize(rows: dy.rows, columns: dy.columns)
    backward(dy.pointer, rows: dy.rows, saved, runs, into: dx.mutablePointer())
  }

  /// The same in place: `dy` becomes `dx`.
  package func backward(_ dy: inout Matrix, _ saved: Saved, runs: [Range<Int>]? = nil) {
    let rows = dy.rows
    let gradient = dy.mutablePointer()
    backward(gradient, rows: rows, saved, runs, into: gradient)
  }

  private func backward(
    _ dy: UnsafePointer<Float>, rows: Int, _ saved: Saved, _ runs: [Range<Int>]?,
    into dx: UnsafeMutablePointer<Float>
  ) {
    let width = gamma.count
    precondition(saved.normalized.columns == width)
    forEachRun(runs, rows: rows, of: saved.normalized.rows) { start, run in
      kernels.layer_norm_backward(
        dy + start * width, saved.normalized.pointer + run.lowerBound * width,
        saved.inverseDeviation.pointer + run.lowerBound, gamma.pointer, dx + start * width, run.count, width)
    }
  }
}
