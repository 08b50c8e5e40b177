import Checkpoints
import Tensors

/// The top of the model with its weights.
struct CPUHead: Sendable {
  private enum Step: Sendable {
    case norm(CPUNorm)
    case map(Linear)
    /// With as many zeros as it gets numbers in a row: the map before has added its bias.
    case activation(ActivationFunction, zeros: Matrix)
    case scale(Float)
  }

  private let steps: [Step]
  /// The output matrix, (V, E), and as a map with its bias.
  let weight: FrozenWeight
  let decoder: Linear
  let cap: SoftCap?

  /// Its maps but the decoder, of which often only some words are wanted.
  var maps: [Linear] {
    steps.compactMap { if case .map(let map) = $0 { map } else { nil } }
  }

  struct Activations {
    fileprivate struct Step {
      var input = Matrix(rows: 0, columns: 0)  // (B, C or E), of activations
      var saved = CPUNorm.Saved()
      var output = Matrix(rows: 0, columns: 0)  // (B, C or E)
    }

    fileprivate var steps: [Step] = []
    /// What the output matrix is multiplied with.
    var output = Matrix(rows: 0, columns: 0)  // (B, E)
  }

  /// - Parameters:
  ///   - words: the word table
  ///   - table: its name
  init(
    _ block: Head, _ reader: inout WeightReader, words: FrozenWeight, table: String
  ) throws(CheckpointError) {
    var steps: [Step] = []
    var width = words.columns
    for step in block.steps {
      switch step {
      case .norm(let norm): steps.append(.norm(try reader.norm(norm)))
      case .map(let map):
        steps.append(.map(try reader.linear(map)))
        width = map.outputs
      case .activation(let function):
        steps.append(.activation(function, zeros: Matrix(rows: 1, columns: width)))
      case .scale(let factor): steps.append(.scale(Float(factor)))
      }
    }
    self.steps = steps
    let output = try reader.output(block, words: words, table: table)
    weight = output.weight
    decoder = Linear(weight: weight, bias: output.bias, precision: reader.precision)
    cap = block.cap.map { SoftCap(Float($0)) }
  }

  /// What the output matrix is multiplied with; `x` is (B, C).
  func forward(_ x: Matrix, _ a: inout Activations) {
    while a.steps.count < steps.count { a.steps.append(Activations.Step()) }
    a.output.copy(x)
    for (index, step) in steps.enumerated() {
      switch step {
      case .norm(let norm): norm.forward(&a.output, saving: &a.steps[index].saved)
      case .map(let map):
        a.steps[index].output.resize(rows: x.rows, columns: map.outputs)
        map.forward(a.output, into: &a.steps[index].output)
        swap(&a.output, &a.steps[index].output)
      case .activation(let function, let zeros):
        a.steps[index].input.copy(a.output)
        function.forward(&a.steps[index].input, bias: zeros, into: &a.output)
      case .scale(let factor): a.output.scale(by: factor)
      }
    }
  }

  /// The gradient of the head's input, from that of the logits: `dLogits` (B, candidates) and the decoder that made
  /// them.
  func backward(
    _ dLogits: Matrix, decoder: Linear, _ a: Activations, _ scratch: inout Matrix, into dx: inout Matrix
  ) {
    dx.resize(rows: dLogits.rows, columns: decoder.inputs)
    decoder.backward(dLogits, into: &dx)
    for (step, saved) in zip(steps, a.steps).reversed() {
      switch step {
      case .norm(let norm): norm.backward(&dx, saved.saved)
      case .map(let map):
        scratch.resize(rows: dx.rows, columns: map.inputs)
        map.backward(dx, into: &scratch)
        swap(&dx, &scratch)
      case .activation(let function, _): function.backward(saved.input, &dx)
      case .scale(let factor): dx.scale(by: factor)
      }
    }
  }
}
