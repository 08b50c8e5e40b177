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

  /// `dx` becomes the gradient of the sum `s`, and so of each of its parts.
  package func backward(_ dy: Matrix, _ saved: Saved, into dx: inout Matrix) {
    precondition(dy.rows == saved.normalized.rows && dy.columns == gamma.count)
    dx.resize(rows: dy.rows, columns: dy.columns)
    kernels.layer_norm_backward(
      dy.pointer, saved.normalized.pointer, saved.inverseDeviation.pointer, gamma.pointer,
      dx.mutablePointer(), dy.rows, dy.columns)
  }
}
