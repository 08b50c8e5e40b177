import CUDA
import Checkpoints
import Tensors

/// The top of a model on a device, as ``CPUHead`` has it.
struct CUDAHead: Sendable {
  private enum Step: Sendable {
    case norm(DeviceNorm)
    case map(DeviceMap)
    case activation(ActivationFunction)
    case scale(Float)
  }

  private let steps: [Step]
  /// The output matrix with its bias, (V, E).
  let decoder: DeviceMap
  let cap: Float?

  final class Activations {
    fileprivate final class Step {
      fileprivate let output: DevicePair  // (B, C or E)
      fileprivate let saved: DeviceNorm.Saved

      fileprivate init(_ queue: DeviceQueue) {
        output = queue.pair()
        saved = DeviceNorm.Saved(queue)
      }
    }

    fileprivate var steps: [Step] = []
    fileprivate let gradient, nextGradient, scratch: DeviceMatrix

    init(_ queue: DeviceQueue) {
      (gradient, nextGradient, scratch) = (queue.floats(), queue.floats(), queue.operands())
    }
  }

  /// - Parameters:
  ///   - words: the table, on the device
  ///   - output: the output matrix and its bias
  init(
    _ block: Head, words: DeviceMatrix, output: OutputMatrix, _ weights: inout CUDAWeights
  ) throws(CheckpointError) {
    var steps: [Step] = []
    for step in block.steps {
      switch step {
      case .norm(let norm): steps.append(.norm(try weights.norm(norm)))
      case .map(let map): steps.append(.map(try weights.map(map)))
      case .activation(let function): steps.append(.activation(function))
      case .scale(let factor): steps.append(.scale(Float(factor)))
      }
    }
    self.steps = steps
    let weight = output.isWordTable ? words : try weights.table(output.weight)
    decoder = try weights.map(weight, bias: output.bias)
    cap = block.cap.map { Float($0) }
  }

  /// What the output matrix is multiplied with, (B, E), of `x` (B, C).
  func forward(_ x: DevicePair, _ run: CUDARun, _ a: Activations) throws(DeviceError) -> DevicePair {
    let queue = run.queue
    while a.steps.count < steps.count { a.steps.append(Activations.Step(queue)) }
    var current = x
    for (step, own) in zip(steps, a.steps) {
      switch step {
      case .norm(let norm): try norm.forward(current.values, saving: own.saved, into: own.output, queue)
      case .map(let map): try map.forward(current.operand, into: own.output.values, queue)
      case .activation(let function):
        try queue.activate(function, current.values, into: own.output.values)
      case .scale(let factor):
        try queue.copy(current.values, into: own.output.values)
        try queue.scale(own.output.values, by: factor)
      }
      if case .norm = step {
      } else if own.output.operand !== own.output.values {
        try queue.round(own.output.values, into: own.output.operand)
      }
      current = own.output
    }
    return current
  }

  /// The gradient of the head's input, in Float32, from that of the logits, (B, candidates), and the decoder that made them.
  func backward(
    _ dLogits: DeviceMatrix, of x: DevicePair, decoder: DeviceMap, _ run: CUDARun, _ a: Activations
  ) throws(DeviceError) -> DeviceMatrix {
    let queue = run.queue
    var (d, other) = (a.gradient, a.nextGradient)
    try decoder.backward(dLogits, into: d, queue)
    for (index, step) in steps.enumerated().reversed() {
      let input = index == 0 ? x : a.steps[index - 1].output
      switch step {
      case .norm(let norm):
        try norm.backward(d, of: input.values, a.steps[index].saved, values: d, operand: nil, queue)
      case .map(let map):
        try map.backward(queue.operand(d, a.scratch), into: other, queue)
        swap(&d, &other)
      case .activation(let function): try queue.activateBackward(function, input.values, d)
      case .scale(let factor): try queue.scale(d, by: factor)
      }
    }
    return d
  }
}
