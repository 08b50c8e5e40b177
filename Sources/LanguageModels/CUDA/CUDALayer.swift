import CUDA
import Checkpoints

/// One layer with its weights on a device, in the family's order, as ``CPULayer`` has it. Sums are made by the products that they are of.
struct CUDALayer: Sendable {
  private let attention: CUDAAttention
  private let feedForward: CUDAFeedForward
  private let order: LayerOrder<DeviceNorm>

  /// What a forward leaves for the backward. Q is the number of rows that go on, R that of the input's rows.
  final class Activations {
    fileprivate let normalizedInput: DevicePair  // (R, C), where a norm stands before attention
    fileprivate let attention: CUDAAttention.Activations
    fileprivate let residual: DeviceMatrix  // (Q, C), where not all rows go on
    fileprivate let attended: DeviceMatrix  // (Q, C), where a norm stands after attention
    fileprivate let middle: DevicePair  // (Q, C)
    fileprivate let normalizedMiddle: DevicePair  // (Q, C), where a norm stands before feed-forward
    fileprivate let feedForward: CUDAFeedForward.Activations
    fileprivate let fed: DeviceMatrix  // (Q, C), where a norm stands after feed-forward
    fileprivate let saved: [DeviceNorm.Saved]  // before and after attention, before and after feed-forward
    let output: DevicePair  // (Q, C)

    init(_ queue: DeviceQueue) {
      (normalizedInput, middle, normalizedMiddle, output) = (
        queue.pair(), queue.pair(), queue.pair(), queue.pair()
      )
      (residual, attended, fed) = (queue.floats(), queue.floats(), queue.floats())
      attention = CUDAAttention.Activations(queue)
      feedForward = CUDAFeedForward.Activations(queue)
      saved = (0..<4).map { _ in DeviceNorm.Saved(queue) }
    }
  }

  /// Buffers shared by all layers.
  final class Scratch {
    let attention: CUDAAttention.Scratch
    let feedForward: CUDAFeedForward.Scratch
    let queries, operand: DeviceMatrix
    let dMiddle, dPart: DevicePair

    init(_ queue: DeviceQueue) {
      attention = CUDAAttention.Scratch(queue)
      feedForward = CUDAFeedForward.Scratch(queue)
      (queries, operand) = (queue.operands(), queue.operands())
      (dMiddle, dPart) = (queue.pair(), queue.pair())
    }
  }

  init(_ block: Layer, _ weights: inout CUDAWeights) throws(CheckpointError) {
    attention = try CUDAAttention(block.attention, &weights)
    feedForward = try CUDAFeedForward(block.feedForward, &weights)
    order = try block.order.map { (norm) throws(CheckpointError) in try weights.norm(norm) }
  }

  /// - Parameter x: (R, C)
  func forward(
    _ x: DevicePair, _ rows: CUDARows, _ run: CUDARun, _ a: Activations, _ scratch: Scratch
  ) throws(DeviceError) {
    let queue = run.queue
    let residual = try run.residual(x.values, rows, a.residual)
    switch order {
    case .post(let first, let second):
      try attend(x.operand, rows, run, a, scratch, adding: residual, into: a.attended)
      try first.forward(a.attended, saving: a.saved[0], into: a.middle, queue)
      try feedForward.forward(
        a.middle.operand, a.feedForward, adding: a.middle.values, into: a.fed, queue)
      try second.forward(a.fed, saving: a.saved[2], into: a.output, queue)
    case .parallel(let first, let second):
      try first.forward(
        x.values, saving: a.saved[0], values: nil, operand: a.normalizedInput.operand, queue)
      try attend(a.normalizedInput.operand, rows, run, a, scratch, adding: residual, into: a.middle.values)
      try second.forward(
        residual, saving: a.saved[2], values: nil, operand: a.normalizedMiddle.operand, queue)
      try feedForward.forward(
        a.normalizedMiddle.operand, a.feedForward, adding: a.middle.values, into: a.output.values, queue)
      try complete(a.output, queue)
    case .pre, .sandwich, .inside:
      let norms = order.aroundParts
      var input = x.operand
      if let norm = norms.beforeAttention {
        input = a.normalizedInput.operand
        try norm.forward(x.values, saving: a.saved[0], values: nil, operand: input, queue)
      }
      if let norm = norms.afterAttention {
        try attend(input, rows, run, a, scratch, adding: nil, into: a.attended)
        try norm.forward(a.attended, adding: residual, saving: a.saved[1], into: a.middle, queue)
      } else {
        try attend(input, rows, run, a, scratch, adding: residual, into: a.middle.values)
      }
      var middle = a.middle.operand
      if let norm = norms.beforeFeedForward {
        middle = a.normalizedMiddle.operand
        try norm.forward(a.middle.values, saving: a.saved[2], values: nil, operand: middle, queue)
      }
      if let norm = norms.afterFeedForward {
        try feedForward.forward(middle, a.feedForward, adding: nil, into: a.fed, queue)
        try norm.forward(a.fed, adding: a.middle.values, saving: a.saved[3], into: a.output, queue)
      } else {
        try feedForward.forward(
          middle, a.feedForward, adding: a.middle.values, into: a.output.values, queue)
        try complete(a.output, queue)
      }
    }
  }

  /// Operands of values that a product has left.
  private func complete(_ pair: DevicePair, _ queue: DeviceQueue) throws(DeviceError) {
    if pair.operand !== pair.values { try queue.round(pair.values, into: pair.operand) }
  }

  private func attend(
    _ x: DeviceMatrix, _ rows: CUDARows, _ run: CUDARun, _ a: Activations, _ scratch: Scratch,
    adding addend: DeviceMatrix?, into y: DeviceMatrix
  ) throws(DeviceError) {
    let queries = rows.rows.queries == nil ? nil : try run.residual(x, rows, scratch.queries)
    try attention.forward(
      x, queries: queries, rows, run, a.attention, scratch.attention, adding: addend, into: y)
  }

  /// - Parameters:
  ///   - x: what the forward read
  ///   - dOutput: (rows whose gradients there are, C), in Float32
  ///   - dx: (`rows.height`, C), in Float32, overwritten; may not be `dOutput`
  func backward(
    _ x: DevicePair, _ rows: CUDARows, _ run: CUDARun, _ a: Activations, dOutput: DeviceMatrix,
    dx: DeviceMatrix, _ scratch: Scratch
  ) throws(DeviceError) {
    let queue = run.queue
    let (inputRows, outputRows) = (run.indices.address(rows.inputRows), run.indices.address(rows.outputRows))
    let isOfAll = rows.rows.queries == nil
    func feed(
      _ dy: DeviceMatrix, into d: DeviceMatrix, accumulating: Bool
    ) throws(DeviceError) {
      try feedForward.backward(
        dy, chosen: outputRows, a.feedForward, scratch.feedForward, into: d, accumulating: accumulating, queue
      )
    }
    func attend(_ dy: DeviceMatrix, around: DeviceMatrix?) throws(DeviceError) {
      try attention.backward(
        dy, around: around, isOfAll: isOfAll, rows, run, a.attention, into: dx, scratch.attention)
    }
    /// What came around a norm before attention, too.
    func attend(
      _ dy: DeviceMatrix, inside norm: DeviceNorm?, around: DeviceMatrix
    ) throws(DeviceError) {
      guard let norm else { return try attend(dy, around: around) }
      try attend(dy, around: nil)
      let addend = rows.residualSums == nil ? around : nil
      try norm.backward(
        dx, of: x.values, a.saved[0], chosen: inputRows, adding: addend, values: dx, operand: nil, queue)
      if addend == nil { try run.add(around, rows.residualSums, to: dx) }
    }
    let (dMiddle, dPart) = (scratch.dMiddle, scratch.dPart)
    let residual = rows.residual == nil ? x.values : a.residual
    switch order {
    case .post(let first, let second):
      try second.backward(
        dOutput, of: a.fed, a.saved[2], chosen: outputRows, values: dMiddle.values, operand: dMiddle.operand,
        queue)
      try feed(dMiddle.operand, into: dMiddle.values, accumulating: true)
      try first.backward(
        dMiddle.values, of: a.attended, a.saved[0], chosen: outputRows, values: dPart.values,
        operand: dPart.operand, queue)
      try attend(dPart.operand, around: dPart.values)
    case .parallel(let first, let second):
      let operand = try queue.operand(dOutput, scratch.operand)
      try feed(operand, into: dPart.values, accumulating: false)
      try second.backward(
        dPart.values, of: residual, a.saved[2], chosen: outputRows, adding: dOutput, values: dMiddle.values,
        operand: nil, queue)
      try attend(operand, inside: first, around: dMiddle.values)
    case .pre, .sandwich, .inside:
      let norms = order.aroundParts
      var operand: DeviceMatrix
      if let norm = norms.afterFeedForward {
        operand = dPart.operand
        try norm.backward(
          dOutput, of: a.fed, a.saved[3], chosen: outputRows, values: nil, operand: operand, queue)
      } else {
        operand = try queue.operand(dOutput, scratch.operand)
      }
      if let norm = norms.beforeFeedForward {
        try feed(operand, into: dMiddle.values, accumulating: false)
        try norm.backward(
          dMiddle.values, of: a.middle.values, a.saved[2], chosen: outputRows, adding: dOutput,
          values: dMiddle.values, operand: dMiddle.operand, queue)
      } else {
        try queue.copy(dOutput, into: dMiddle.values)
        try feed(operand, into: dMiddle.values, accumulating: true)
        try complete(dMiddle, queue)
      }
      operand = dMiddle.operand
      if let norm = norms.afterAttention {
        operand = dPart.operand
        try norm.backward(
          dMiddle.values, of: a.attended, a.saved[1], chosen: outputRows, values: nil, operand: operand, queue
        )
      }
      try attend(operand, inside: norms.beforeAttention, around: dMiddle.values)
    }
  }
}
