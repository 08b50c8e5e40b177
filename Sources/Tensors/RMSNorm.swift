/// A frozen root-mean-square normalisation of rows, `y = gamma x / sqrt(mean(x^2) + eps)` (Zhang and Sennrich, arXiv
/// 1910.07467).
///
/// A matrix whose rows are several times as wide as `gamma` is normalised part by part: head by head, where queries and keys
/// are.
package struct RMSNorm: Sendable {
  package let gamma: Matrix  // (1, C)
  package let epsilon: Float

  package typealias Saved = LayerNorm.Saved

  package init(gamma: Matrix, epsilon: Float) {
    self.gamma = gamma
    self.epsilon = epsilon
  }

  package func forward(_ x: Matrix, saving saved: inout Saved, into y: inout Matrix) {
    y.resize(rows: x.rows, columns: x.columns)
    forward(x.pointer, rows: x.rows, columns: x.columns, saving: &saved, into: y.mutablePointer())
  }

  /// The same in place.
  package func forward(_ x: inout Matrix, saving saved: inout Saved) {
    let (rows, columns) = (x.rows, x.columns)
    let values = x.mutablePointer()
    forward(values, rows: rows, columns: columns, saving: &saved, into: values)
  }

  /// `dx` is overwritten.
  /// - Parameter runs: the rows of the forward whose gradients `dy` holds, one after the other; nil for the first ones
  package func backward(_ dy: Matrix, _ saved: Saved, runs: [Range<Int>]? = nil, into dx: inout Matrix) {
    dx.resize(rows: dy.rows, columns: dy.columns)
    backward(dy.pointer, rows: dy.rows, columns: dy.columns, saved, runs, into: dx.mutablePointer())
  }

  /// The same in place: `dy` becomes `dx`.
  package func backward(_ dy: inout Matrix, _ saved: Saved, runs: [Range<Int>]? = nil) {
    let (rows, columns) = (dy.rows, dy.columns)
    let gradient = dy.mutablePointer()
    backward(gradient, rows: rows, columns: columns, saved, runs, into: gradient)
  }

  private func forward(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, saving saved: inout Saved,
    into y: UnsafeMutablePointer<Float>
  ) {
    let width = gamma.count
    precondition(columns % width == 0)
    let parts = rows * (columns / width)
    saved.normalized.resize(rows: parts, columns: width)
    saved.inverseDeviation.resize(rows: 1, columns: parts)
    kernels.rms_norm_forward(
      x, gamma.pointer, epsilon, saved.normalized.mutablePointer(), saved.inverseDeviation.mutablePointer(),
      y,
      parts, width)
  }

  private func backward(
    _ dy: UnsafePointer<Float>, rows: Int, columns: Int, _ saved: Saved, _ runs: [Range<Int>]?,
    into dx: UnsafeMutablePointer<Float>
  ) {
    let width = gamma.count
    let parts = columns / width
    precondition(saved.normalized.columns == width)
    forEachRun(runs, rows: rows, of: saved.normalized.rows / max(1, parts)) { start, run in
      let first = run.lowerBound * parts
      kernels.rms_norm_backward(
        dy + start * columns, saved.normalized.pointer + first * width,
        saved.inverseDeviation.pointer + first, gamma.pointer, dx + start * columns, run.count * parts, width)
    }
  }
}
