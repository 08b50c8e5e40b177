import Checkpoints
import Tensors

/// The two maps of a layer with the activation between them, or the three with a gate.
struct CPUFeedForward: Sendable {
  private let gate: Linear?
  private let inner: Linear
  private let activation: ActivationFunction
  let output: Linear

  var maps: [Linear] { (gate.map { [$0] } ?? []) + [inner, output] }

  struct Activations {
    var sum = Matrix(rows: 0, columns: 0)  // (Q, I), or (Q, 2I) with the gates on the left
    var activated = Matrix(rows: 0, columns: 0)  // (Q, I)
  }

  struct Scratch {
    var dInner = Matrix(rows: 0, columns: 0)  // (Q, I)
    var dSums = Matrix(rows: 0, columns: 0)  // (Q, 2I), with a gate
  }

  init(_ block: FeedForward, _ reader: inout WeightReader) throws(CheckpointError) {
    gate = try block.gate.map { (map) throws(CheckpointError) in try reader.linear(map) }
    inner = try reader.linear(block.inner)
    output = try reader.linear(block.output)
    activation = block.activation
  }

  /// `y` (Q, C) comes without the output's bias.
  func forward(_ x: Matrix, _ a: inout Activations, into y: inout Matrix) {
    let width = inner.outputs
    if let gate {
      a.sum.resize(rows: x.rows, columns: 2 * width)
      gate.forward(x, into: &a.sum)
      inner.forward(x, into: &a.sum, column: width)
      activation.gatedForward(a.sum, into: &a.activated)
    } else {
      a.sum.resize(rows: x.rows, columns: width)
      inner.productForward(x, into: &a.sum)
      activation.forward(&a.sum, bias: inner.bias, into: &a.activated)
    }
    y.resize(rows: x.rows, columns: output.outputs)
    output.productForward(a.activated, into: &y)
  }

  /// `d` (rows of the runs, C), the gradient of the output, becomes that of the input; with `isAdding` what goes around the
  /// block stays in it.
  func backward(
    _ d: inout Matrix, _ a: Activations, _ scratch: inout Scratch, runs: [Range<Int>]?, isAdding: Bool
  ) {
    scratch.dInner.resize(rows: d.rows, columns: inner.outputs)
    output.backward(d, into: &scratch.dInner)
    if let gate {
      activation.gatedBackward(a.sum, scratch.dInner, runs: runs, into: &scratch.dSums)
      gate.backward(scratch.dSums, into: &d, accumulating: isAdding)
      inner.backward(scratch.dSums, column: inner.outputs, into: &d, accumulating: true)
    } else {
      activation.backward(a.sum, &scratch.dInner, runs: runs)
      inner.backward(scratch.dInner, into: &d, accumulating: isAdding)
    }
  }
}
