import Checkpoints
import Tensors

/// The two maps of a layer with the activation between them.
struct FeedForward: Sendable {
  private let inner: Linear
  private let activation: ActivationFunction
  let output: Linear

  var maps: [Linear] { [inner, output] }

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (Q, I)
    var activated = Matrix(rows: 0, columns: 0)  // (Q, I)
  }

  init(
    _ names: LayerNames, under prefixes: [String], _ reader: inout WeightReader,
    _ configuration: ModelConfiguration
  ) throws(CheckpointError) {
    let (c, i) = (configuration.width, configuration.innerWidth)
    inner = try reader.linear(names.inner, under: prefixes, outputs: i, inputs: c)
    output = try reader.linear(names.output, under: prefixes, outputs: c, inputs: i)
    activation = configuration.activation
  }

  /// `y` (Q, C) comes without the output's bias.
  func forward(_ x: Matrix, _ a: inout Activations, into y: inout Matrix) {
    a.sum.resize(rows: x.rows, columns: inner.outputs)
    inner.productForward(x, into: &a.sum)
    activation.forward(&a.sum, bias: inner.bias, into: &a.activated)
    y.resize(rows: x.rows, columns: output.outputs)
    output.productForward(a.activated, into: &y)
  }

  /// `d` (Q, C), the gradient of the output, becomes that of the input; with `isAdding` what goes around the block stays in it.
  func backward(_ d: inout Matrix, _ a: Activations, dInner: inout Matrix, isAdding: Bool) {
    dInner.resize(rows: d.rows, columns: inner.outputs)
    output.backward(d, into: &dInner)
    activation.backward(a.sum, &dInner)
    inner.backward(dInner, into: &d, accumulating: isAdding)
  }
}
