import Checkpoints
import Tensors

/// One layer with its weights: attention and feed-forward, their residuals, and norms in the family's order.
struct CPULayer: Sendable {
  private let attention: CPUAttention
  private let feedForward: CPUFeedForward
  private let order: LayerOrder<CPUNorm>

  var maps: [Linear] { attention.maps + feedForward.maps }

  /// What a forward leaves for the backward. Q is the number of rows that go on, R that of the input's rows.
  struct Activations {
    var normalizedInput = Matrix(rows: 0, columns: 0)  // (R, C), where a norm stands before attention
    var attention = CPUAttention.Activations()
    var attentionSaved = CPUNorm.Saved()
    var afterAttentionSaved = CPUNorm.Saved()
    var middle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedMiddle = Matrix(rows: 0, columns: 0)  // (Q, C), where a norm stands before feed-forward
    var feedForward = CPUFeedForward.Activations()
    var feedForwardSaved = CPUNorm.Saved()
    var afterFeedForwardSaved = CPUNorm.Saved()
    var output = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  /// Buffers shared by all layers.
  struct Scratch {
    var attention = CPUAttention.Scratch()
    var feedForward = CPUFeedForward.Scratch()
    var residual = Matrix(rows: 0, columns: 0)  // (Q, C)
    var normalizedResidual = Matrix(rows: 0, columns: 0)  // (Q, C)
    var projected = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dMiddle = Matrix(rows: 0, columns: 0)  // (Q, C)
    var dPart = Matrix(rows: 0, columns: 0)  // (Q, C)
  }

  init(_ block: Layer, _ reader: inout WeightReader, _ rotations: RotationStore) throws(CheckpointError) {
    attention = try CPUAttention(block.attention, &reader, rotations)
    feedForward = try CPUFeedForward(block.feedForward, &reader)
    order = try block.order.map { (norm) throws(CheckpointError) in try reader.norm(norm) }
  }

  /// - Parameter x: (R, C)
  func forward(_ x: Matrix, _ rows: LayerRows, _ a: inout Activations, _ scratch: inout Scratch) {
    if let residual = rows.residual { scratch.residual.gather(residual, of: x) }
    let residual = rows.residual == nil ? x : scratch.residual
    switch order {
    case .post(let first, let second):
      attention.forward(
        x, residual: residual, rows, &a.attention, &scratch.attention, into: &scratch.projected)
      first.forward(
        scratch.projected, bias: attention.output.bias, residual: residual, saving: &a.attentionSaved,
        into: &a.middle)
      feedForward.forward(a.middle, &a.feedForward, into: &scratch.projected)
      second.forward(
        scratch.projected, bias: feedForward.output.bias, residual: a.middle, saving: &a.feedForwardSaved,
        into: &a.output)
    case .parallel(let first, let second):
      attend(first, x, residual, rows, &a, &scratch)
      a.output.copy(residual)
      a.output.scatterAdd(scratch.projected)
      second.forward(residual, saving: &a.feedForwardSaved, into: &a.normalizedMiddle)
      feedForward.forward(a.normalizedMiddle, &a.feedForward, into: &scratch.projected)
      feedForward.output.addBias(to: &scratch.projected)
      a.output.scatterAdd(scratch.projected)
    case .pre, .sandwich, .inside:
      let norms = order.aroundParts
      attend(norms.beforeAttention, x, residual, rows, &a, &scratch)
      norms.afterAttention?.forward(&scratch.projected, saving: &a.afterAttentionSaved)
      a.middle.copy(residual)
      a.middle.scatterAdd(scratch.projected)
      norms.beforeFeedForward?.forward(a.middle, saving: &a.feedForwardSaved, into: &a.normalizedMiddle)
      feedForward.forward(
        norms.beforeFeedForward == nil ? a.middle : a.normalizedMiddle, &a.feedForward,
        into: &scratch.projected)
      feedForward.output.addBias(to: &scratch.projected)
      norms.afterFeedForward?.forward(&scratch.projected, saving: &a.afterFeedForwardSaved)
      a.output.copy(a.middle)
      a.output.scatterAdd(scratch.projected)
    }
  }

  /// Leaves `A(N(x))`, or `A(x)` where no norm is given, in `scratch.projected`.
  private func attend(
    _ norm: CPUNorm?, _ x: Matrix, _ residual: Matrix, _ rows: LayerRows, _ a: inout Activations,
    _ scratch: inout Scratch
  ) {
    if let norm {
      norm.forward(x, saving: &a.attentionSaved, into: &a.normalizedInput)
      if let places = rows.residual { scratch.normalizedResidual.gather(places, of: a.normalizedInput) }
      attention.forward(
        a.normalizedInput, residual: rows.residual == nil ? a.normalizedInput : scratch.normalizedResidual,
        rows, &a.attention, &scratch.attention, into: &scratch.projected)
    } else {
      attention.forward(
        x, residual: residual, rows, &a.attention, &scratch.attention, into: &scratch.projected)
    }
    attention.output.addBias(to: &scratch.projected)
  }

  /// - Parameters:
  ///   - dOutput: (rows of `rows.outputRuns`, C)
  ///   - dx: (`rows.height`, C), overwritten; may not be `dOutput`
  func backward(
    _ rows: LayerRows, _ a: Activations, dOutput: Matrix, dx: inout Matrix, _ scratch: inout Scratch
  ) {
    let runs = rows.outputRuns
    switch order {
    case .post(let first, let second):
      second.backward(dOutput, a.feedForwardSaved, runs: runs, into: &scratch.dMiddle)
      feedForward.backward(&scratch.dMiddle, a.feedForward, &scratch.feedForward, runs: runs, isAdding: true)
      first.backward(scratch.dMiddle, a.attentionSaved, runs: runs, into: &scratch.dPart)
      attention.backward(scratch.dPart, rows, a.attention, dx: &dx, &scratch.attention)
      dx.scatterAdd(scratch.dPart, to: rows.residualPlaces)
    case .parallel(let first, let second):
      scratch.dPart.copy(dOutput)
      feedForward.backward(&scratch.dPart, a.feedForward, &scratch.feedForward, runs: runs, isAdding: false)
      second.backward(scratch.dPart, a.feedForwardSaved, runs: runs, into: &scratch.dMiddle)
      scratch.dMiddle.scatterAdd(dOutput)
      attention.backward(dOutput, rows, a.attention, dx: &dx, &scratch.attention)
      first.backward(&dx, a.attentionSaved, runs: rows.inputRuns)
      dx.scatterAdd(scratch.dMiddle, to: rows.residualPlaces)
    case .pre, .sandwich, .inside:
      let norms = order.aroundParts
      scratch.dPart.copy(dOutput)
      norms.afterFeedForward?.backward(&scratch.dPart, a.afterFeedForwardSaved, runs: runs)
      feedForward.backward(&scratch.dPart, a.feedForward, &scratch.feedForward, runs: runs, isAdding: false)
      if let norm = norms.beforeFeedForward {
        norm.backward(scratch.dPart, a.feedForwardSaved, runs: runs, into: &scratch.dMiddle)
      } else {
        scratch.dMiddle.copy(scratch.dPart)
      }
      scratch.dMiddle.scatterAdd(dOutput)
      if let norm = norms.afterAttention {
        norm.backward(scratch.dMiddle, a.afterAttentionSaved, runs: runs, into: &scratch.dPart)
        attention.backward(scratch.dPart, rows, a.attention, dx: &dx, &scratch.attention)
      } else {
        attention.backward(scratch.dMiddle, rows, a.attention, dx: &dx, &scratch.attention)
      }
      norms.beforeAttention?.backward(&dx, a.attentionSaved, runs: rows.inputRuns)
      dx.scatterAdd(scratch.dMiddle, to: rows.residualPlaces)
    }
  }
}

extension LayerOrder {
  /// The norms before and after each part, inside its residual, of orders that run one part after the other.
  var aroundParts:
    (beforeAttention: Norm?, afterAttention: Norm?, beforeFeedForward: Norm?, afterFeedForward: Norm?)
  {
    switch self {
    case .pre(let attention, let feedForward): (attention, nil, feedForward, nil)
    case .sandwich(let attention, let afterAttention, let feedForward, let afterFeedForward):
      (attention, afterAttention, feedForward, afterFeedForward)
    case .inside(let attention, let feedForward): (nil, attention, nil, feedForward)
    case .post, .parallel: (nil, nil, nil, nil)
    }
  }
}
