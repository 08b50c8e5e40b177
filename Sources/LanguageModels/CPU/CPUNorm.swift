import Tensors

/// A norm with its weights.
enum CPUNorm: Sendable {
  case layer(LayerNorm)
  case rms(RMSNorm)

  typealias Saved = LayerNorm.Saved

  func forward(_ x: Matrix, saving saved: inout Saved, into y: inout Matrix) {
    switch self {
    case .layer(let norm): norm.forward(x, saving: &saved, into: &y)
    case .rms(let norm): norm.forward(x, saving: &saved, into: &y)
    }
  }

  /// In place.
  func forward(_ x: inout Matrix, saving saved: inout Saved) {
    switch self {
    case .layer(let norm): norm.forward(&x, saving: &saved)
    case .rms(let norm): norm.forward(&x, saving: &saved)
    }
  }

  /// Of the sum `x + bias + residual`.
  func forward(
    _ x: Matrix, bias: Matrix, residual: Matrix, saving saved: inout Saved, into y: inout Matrix
  ) {
    switch self {
    case .layer(let norm): norm.forward(x, bias: bias, residual: residual, saving: &saved, into: &y)
    case .rms: preconditionFailure("no family has this norm after its residuals")
    }
  }

  /// `dx` is overwritten.
  /// - Parameter runs: the rows of the forward whose gradients `dy` holds; nil for the first ones
  func backward(_ dy: Matrix, _ saved: Saved, runs: [Range<Int>]? = nil, into dx: inout Matrix) {
    switch self {
    case .layer(let norm): norm.backward(dy, saved, runs: runs, into: &dx)
    case .rms(let norm): norm.backward(dy, saved, runs: runs, into: &dx)
    }
  }

  /// The same in place: `dy` becomes `dx`.
  func backward(_ dy: inout Matrix, _ saved: Saved, runs: [Range<Int>]? = nil) {
    switch self {
    case .layer(let norm): norm.backward(&dy, saved, runs: runs)
    case .rms(let norm): norm.backward(&dy, saved, runs: runs)
    }
  }
}
