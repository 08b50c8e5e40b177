import CKernels

/// The nonlinearity of a feed-forward block, by the names that `config.json` uses.
package enum ActivationFunction: Sendable {
  /// `x Phi(x)` with the exact normal distribution function.
  case gelu
  /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`: "gelu_new" and its synonyms.
  case geluTanh
  case relu
  /// `x / (1 + exp(-x))`: "silu" and "swish".
  case silu
  /// `x / (1 + exp(-1.702 x))`.
  case quickGelu

  package init?(name: String) {
    switch name {
    case "gelu", "gelu_python": self = .gelu
    case "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_accurate": self = .geluTanh
    case "relu": self = .relu
    case "silu", "swish": self = .silu
    case "quick_gelu": self = .quickGelu
    default: return nil
    }
  }

  /// What kernels call it, on a device too.
  package var number: Int { Int(kind.rawValue) }

  private var kind: Activation {
    switch self {
    case .gelu: ACTIVATION_GELU
    case .geluTanh: ACTIVATION_GELU_TANH
    case .relu: ACTIVATION_RELU
    case .silu: ACTIVATION_SILU
    case .quickGelu: ACTIVATION_QUICK_GELU
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
  /// - Parameter runs: the rows of `x` whose gradients `dy` holds, one after the other; nil for all
  package func backward(_ x: Matrix, _ dy: inout Matrix, runs: [Range<Int>]? = nil) {
    let (rows, width) = (dy.rows, x.columns)
    precondition(dy.columns == width && (runs != nil || rows == x.rows))
    let gradient = dy.mutablePointer()
    forEachRun(runs, rows: rows, of: x.rows) { start, run in
      kernels.activation_backward(
        kind, x.pointer + run.lowerBound * width, gradient + start * width, gradient + start * width,
        run.count,
        width)
    }
  }

  /// `y = f(gate) * up`.
  /// - Parameters:
  ///   - sums: (rows, 2I), the gates in the left half
  ///   - y: (rows, I)
  package func gatedForward(_ sums: Matrix, into y: inout Matrix) {
    let (rows, width) = (sums.rows, sums.columns / 2)
    y.resize(rows: rows, columns: width)
    kernels.gated_activation_forward(kind, sums.pointer, y.mutablePointer(), rows, width)
  }

  /// Overwrites `dsums` (rows of `dy`, 2I), from `dy` (rows, I).
  /// - Parameter runs: the rows of `sums` whose gradients `dy` holds, one after the other; nil for all
  package func gatedBackward(
    _ sums: Matrix, _ dy: Matrix, runs: [Range<Int>]? = nil, into dsums: inout Matrix
  ) {
    let (rows, width) = (dy.rows, dy.columns)
    precondition(2 * width == sums.columns && (runs != nil || rows == sums.rows))
    dsums.resize(rows: rows, columns: 2 * width)
    let target = dsums.mutablePointer()
    forEachRun(runs, rows: rows, of: sums.rows) { start, run in
      kernels.gated_activation_backward(
        kind, sums.pointer + run.lowerBound * 2 * width, dy.pointer + start * width,
        target + start * 2 * width,
        run.count, width)
    }
  }
}
