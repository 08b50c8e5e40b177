import Checkpoints
import Tensors

/// Takes a model's weights out of a checkpoint under whatever variant of their names it uses, and keeps account: all
/// that is expected must be there with its exact shape, and what was not asked for can be listed.
struct WeightReader {
  let checkpoint: Checkpoint
  let layout: Linear.Layout
  private(set) var used: Set<String> = []

  init(_ checkpoint: Checkpoint, layout: Linear.Layout = .outputsByInputs) {
    self.checkpoint = checkpoint
    self.layout = layout
  }

  /// The names in the checkpoint that no part of the model asked for, sorted.
  var unused: [String] { checkpoint.tensorNames.filter { !used.contains($0) } }

  mutating func matrix(
    _ name: String, under prefixes: [String], rows: Int, columns: Int
  ) throws(CheckpointError) -> Matrix {
    guard let found = find(name, under: prefixes) else {
      throw CheckpointError(
        file: checkpoint.folder, item: prefixes[0] + name, "is not in the checkpoint",
        hint: "The checkpoint must hold the whole language model, its head included")
    }
    used.insert(found)
    return try checkpoint.matrix(found, rows: rows, columns: columns)
  }

  /// The name under which the tensor is stored, if it is. Old TensorFlow conversions, the official BERT files
  /// among them, call a LayerNorm's weight and bias gamma and beta (transformers, PR 35615).
  func find(_ name: String, under prefixes: [String]) -> String? {
    let old =
      name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
      .replacing("LayerNorm.bias", with: "LayerNorm.beta")
    for prefix in prefixes {
      for candidate in [prefix + name, prefix + old] where checkpoint.shape(candidate) != nil {
        return candidate
      }
    }
    return nil
  }

  mutating func linear(
    _ name: String, under prefixes: [String], outputs: Int, inputs: Int
  ) throws(CheckpointError) -> Linear {
    let stored = try weightAndBias(name, under: prefixes, outputs: outputs, inputs: inputs)
    return Linear(weight: stored.weight, bias: stored.bias, layout: layout)
  }

  /// Maps of equal shape, each stored by itself.
  mutating func linears(
    _ names: [String], under prefixes: [String], outputs: Int, inputs: Int
  ) throws(CheckpointError) -> [Linear] {
    var maps: [Linear] = []
    for name in names { maps.append(try linear(name, under: prefixes, outputs: outputs, inputs: inputs)) }
    return maps
  }

  /// `count` maps of equal shape whose outputs lie side by side in one stored weight.
  mutating func fusedLinears(
    _ name: String, under prefixes: [String], count: Int, outputs: Int, inputs: Int
  ) throws(CheckpointError) -> [Linear] {
    let stored = try weightAndBias(name, under: prefixes, outputs: count * outputs, inputs: inputs)
    return (0..<count).map { index in
      let bias = (index * outputs..<(index + 1) * outputs).map { stored.bias[0, $0] }
      return Linear(
        weight: stored.weight, bias: Matrix(rows: 1, columns: outputs, bias), layout: layout,
        firstOutput: index * outputs)
    }
  }

  private mutating func weightAndBias(
    _ name: String, under prefixes: [String], outputs: Int, inputs: Int
  ) throws(CheckpointError) -> (weight: Matrix, bias: Matrix) {
    let isTransposed = layout == .inputsByOutputs
    let weight = try matrix(
      "\(name).weight", under: prefixes, rows: isTransposed ? inputs : outputs,
      columns: isTransposed ? outputs : inputs)
    return (weight, try matrix("\(name).bias", under: prefixes, rows: 1, columns: outputs))
  }

  mutating func layerNorm(
    _ name: String, under prefixes: [String], width: Int, epsilon: Float
  ) throws(CheckpointError) -> LayerNorm {
    LayerNorm(
      gamma: try matrix("\(name).weight", under: prefixes, rows: 1, columns: width),
      beta: try matrix("\(name).bias", under: prefixes, rows: 1, columns: width), epsilon: epsilon)
  }
}
