import CKernels

/// The nonlinearity of a feed-forward block, by the names that `config.json` uses.
package enum ActivationFunction: Sendable {
  /// `x Phi(x)` with the exact normal distribution function.
  case gelu
  /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`: "gelu_new" and its synonyms.
  case geluTanh
  case relu

  package init?(name: String) {
    switch name {
    case "gelu", "gelu_python": self = .gelu
    case "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate": self = .geluTanh
    case "relu": self = .relu
    default: return nil
    }
  }

  private var kind: Activation {
    switch self {
    case .gelu: ACTIVATION_GELU
    case .geluTanh: ACTIVATION_GELU_TANH
    case .relu: ACTIVATION_RELU
    }
  }

  /// `x += bias`, kept for the backward; `y = f(x)`.
  package func forward(_ x: inout Matrix, bias: Matrix, into y: inout Matrix) {
    precondition(bias.count == x.columns)
    y.resize(rows: x.rows, columns: x.columns)
    kernels.bias_activation_forward(
      kind, x.mutablePointer(), bias.pointer, y.mutablePointer(), x.rows, x.columns)
  }

  /// `dy` becomes `dx = dy f'(x)`, with the `x` that the forward left.
  package func backward(_ x: Matrix, _ dy: inout Matrix) {
    precondition(dy.rows == x.rows && dy.columns == x.columns)
    let gradient = dy.mutablePointer()
    kernels.activation_backward(kind, x.pointer, gradient, gradient, x.rows, x.columns)
  }
}
