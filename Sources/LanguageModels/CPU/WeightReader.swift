import Checkpoints
import Tensors

/// Takes a model's weights out of a checkpoint under whatever variant of their names it uses, and keeps account: all
/// that is expected must be there with its exact shape, and what was not asked for can be listed.
struct WeightReader {
  private let checkpoint: Checkpoint
  private let names: TensorNames
  /// Of the products with its maps.
  let precision: Precision
  private var used: Set<String> = []
  /// A stored tensor that stands for one that is not: the output matrix for the word table that it is tied to.
  private let stands: [String: String]

  init(
    _ checkpoint: Checkpoint, _ names: TensorNames, _ precision: Precision, stands: [String: String] = [:]
  ) {
    self.stands = stands
    self.precision = precision
    self.checkpoint = checkpoint
    self.names = names
  }

  /// The names in the checkpoint that no part of the model asked for, sorted.
  var unused: [String] { checkpoint.tensorNames.filter { !used.contains($0) } }

  /// Whether it is stored, under any variant of its name.
  func has(_ name: String) -> Bool { find(name) != nil }

  mutating func matrix(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> Matrix {
    try checkpoint.matrix(use(name), rows: rows, columns: columns)
  }

  /// A table or an output matrix, as it is stored: never transposed, in no format.
  mutating func table(_ name: String, rows: Int, columns: Int) throws(CheckpointError) -> FrozenWeight {
    try checkpoint.weight(use(name), rows: rows, columns: columns).weight
  }

  /// Whether two tensors that are there have the same elements.
  func areOne(_ first: String, _ second: String) -> Bool {
    guard let first = find(first) ?? stands[first], let second = find(second) ?? stands[second] else {
      return false
    }
    return checkpoint.areOne(first, second)
  }

  /// The name under which the tensor is stored, which from now on counts as used.
  private mutating func use(_ name: String) throws(CheckpointError) -> String {
    guard let found = find(name) ?? stands[name] else {
      throw CheckpointError(
        file: checkpoint.folder, item: name, "is not in the checkpoint",
        hint: "The checkpoint must hold the whole language model, its head included")
    }
    used.insert(found)
    return found
  }

  /// The name under which the tensor is stored, if it is. Old TensorFlow conversions, the official BERT files
  /// among them, call a LayerNorm's weight and bias gamma and beta (transformers, PR 35615).
  private func find(_ name: String) -> String? {
    let old =
      name.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
      .replacing("LayerNorm.bias", with: "LayerNorm.beta")
    for (now, then) in zip(names.variants(name), names.variants(old)) {
      for candidate in [now, then] where checkpoint.shape(candidate) != nil { return candidate }
    }
    return nil
  }

  mutating func linear(_ map: StoredMap) throws(CheckpointError) -> Linear {
    let (count, inputs) = (map.outputs, map.inputs)
    switch map.rows {
    case .all:
      let (weight, layout) = try weight(map, total: count)
      return Linear(
        weight: weight, bias: try bias(map, total: count, of: 0..<count), layout: layout, precision: precision
      )
    case .slice(let first, let total):
      let bias = try bias(map, total: total, of: first..<first + count)
      let (weight, layout) = try weight(map, total: total)
      return Linear(
        weight: weight, bias: bias, layout: layout, firstOutput: first, precision: precision)
    case .chosen(let rows, let total):
      precondition(map.layout == .outputsByInputs && rows.count == count && inputs > 0)
      let bias = try bias(map, total: total, of: rows)
      return Linear(rows: rows, of: try weight(map, total: total).0, bias: bias, precision: precision)
    }
  }

  private mutating func weight(
    _ map: StoredMap, total: Int
  ) throws(CheckpointError) -> (FrozenWeight, Linear.Layout) {
    let isTransposed = map.layout == .inputsByOutputs
    let stored = try checkpoint.weight(
      use("\(map.name).weight"), rows: isTransposed ? map.inputs : total,
      columns: isTransposed ? total : map.inputs)
    return (stored.weight, stored.isTransposed == isTransposed ? .outputsByInputs : .inputsByOutputs)
  }

  /// Zeros where the map has none.
  private mutating func bias(
    _ map: StoredMap, total: Int, of outputs: some Collection<Int>
  ) throws(CheckpointError) -> Matrix {
    guard map.hasBias else { return Matrix(rows: 1, columns: map.outputs) }
    let whole = try matrix("\(map.name).bias", rows: 1, columns: total)
    return Matrix(rows: 1, columns: outputs.count, outputs.map { whole[0, $0] })
  }

  mutating func norm(_ norm: Norm) throws(CheckpointError) -> CPUNorm {
    var weight = try matrix("\(norm.name).weight", rows: 1, columns: norm.width)
    switch norm.kind {
    case .layer(let hasBias):
      let beta =
        hasBias
        ? try matrix("\(norm.name).bias", rows: 1, columns: norm.width) : Matrix(rows: 1, columns: norm.width)
      return .layer(LayerNorm(gamma: weight, beta: beta, epsilon: norm.epsilon))
    case .rms: break
    case .rmsOnePlus: weight = Matrix(rows: 1, columns: norm.width, weight.elements.map { 1 + $0 })
    }
    return .rms(RMSNorm(gamma: weight, epsilon: norm.epsilon))
  }
}
