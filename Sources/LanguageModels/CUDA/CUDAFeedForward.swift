import CUDA
import Checkpoints
import Tensors

/// The two maps of a layer with the activation between them, or the three with a gate, of which the first two are one.
struct CUDAFeedForward: Sendable {
  private let isGated: Bool
  private let inner: DeviceMap
  private let activation: ActivationFunction
  private let output: DeviceMap

  final class Activations {
    fileprivate let sums: DeviceMatrix  // (Q, I), or (Q, 2I) with the gates on the left
    fileprivate let activated: DeviceMatrix  // (Q, I)

    init(_ queue: DeviceQueue) { (sums, activated) = (queue.operands(), queue.operands()) }
  }

  final class Scratch {
    fileprivate let dInner, dSums: DeviceMatrix

    init(_ queue: DeviceQueue) { (dInner, dSums) = (queue.operands(), queue.operands()) }
  }

  init(_ block: FeedForward, _ weights: inout CUDAWeights) throws(CheckpointError) {
    isGated = block.gate != nil
    inner = try weights.maps((block.gate.map { [$0] } ?? []) + [block.inner])
    output = try weights.map(block.output)
    activation = block.activation
  }

  /// `y = F(x)`, or that plus the addend, in Float32; `x` has operands.
  func forward(
    _ x: DeviceMatrix, _ a: Activations, adding addend: DeviceMatrix?, into y: DeviceMatrix,
    _ queue: DeviceQueue
  ) throws(DeviceError) {
    try inner.forward(x, into: a.sums, queue)
    try queue.activate(activation, isGated: isGated, a.sums, into: a.activated)
    try output.forward(a.activated, into: y, adding: addend, queue)
  }

  /// - Parameters:
  ///   - dy: operands
  ///   - chosen: for each of its rows that of the forward; 0 where they are the same
  ///   - dx: in Float32, overwritten unless `accumulating`
  func backward(
    _ dy: DeviceMatrix, chosen: UInt64, _ a: Activations, _ scratch: Scratch, into dx: DeviceMatrix,
    accumulating: Bool, _ queue: DeviceQueue
  ) throws(DeviceError) {
    try output.backward(dy, into: scratch.dInner, queue)
    let dSums = isGated ? scratch.dSums : scratch.dInner
    try queue.activateBackward(
      activation, isGated: isGated, a.sums, chosen: chosen, scratch.dInner, into: dSums)
    try inner.backward(dSums, into: dx, adding: accumulating ? dx : nil, queue)
  }
}
