import Checkpoints
import Foundation
import Tensors

/// Takes a model's weights out of a checkpoint under whatever variant of their names it uses, and keeps account: all
/// that is expected must be there with its exact shape, and what was not asked for can be listed.
struct WeightReader {
  private let checkpoint: Checkpoint
  var folder: URL { checkpoint.folder }
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
    let parts = try parts(map)
    switch parts.outputs {
    case .run(let first):
      return Linear(
        weight: parts.weight, bias: parts.bias, layout: parts.layout, firstOutput: first, precision: precision
      )
    case .chosen(let rows):
      return Linear(rows: rows, of: parts.weight, bias: parts.bias, precision: precision)
    }
  }

  /// A map as it is stored.
  struct MapParts {
    let weight: FrozenWeight
    let layout: Linear.Layout
    /// Which of the weight's outputs are the map's.
    let outputs: Outputs
    let bias: Matrix  // (1, outputs), zeros where the map has none

    enum Outputs {
      /// Those from there on.
      case run(first: Int)
      case chosen([Int])
    }
  }

  mutating func parts(_ map: StoredMap) throws(CheckpointError) -> MapParts {
    let count = map.outputs
    switch map.rows {
    case .all:
      let (weight, layout) = try weight(map, total: count)
      return MapParts(
        weight: weight, layout: layout, outputs: .run(first: 0),
        bias: try bias(map, total: count, of: 0..<count))
    case .slice(let first, let total):
      let (weight, layout) = try weight(map, total: total)
      return MapParts(
        weight: weight, layout: layout, outputs: .run(first: first),
        bias: try bias(map, total: total, of: first..<first + count))
    case .chosen(let rows, let total):
      precondition(map.layout == .outputsByInputs && rows.count == count && map.inputs > 0)
      let weight = try weight(map, total: total).0
      return MapParts(
        weight: weight, layout: .outputsByInputs, outputs: .chosen(rows),
        bias: try bias(map, total: total, of: rows))
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

  /// What attention adds to scores by distance, (H, 2 * longest + 1).
  mutating func bias(_ block: RelativeBias, heads: Int) throws(CheckpointError) -> Matrix {
    try matrix(block.name, rows: block.buckets, columns: heads).gathering(block.rows).transposed()
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

/// The output matrix of a model as it is stored.
struct OutputMatrix {
  let weight: FrozenWeight  // (V, E)
  let bias: Matrix  // (1, V), zeros where there is none
  let isWordTable: Bool
}

extension WeightReader {
  /// - Parameters:
  ///   - words: the word table
  ///   - table: its name
  mutating func output(
    _ block: Head, words: FrozenWeight, table: String
  ) throws(CheckpointError) -> OutputMatrix {
    let names = block.output.names
    let name = names.first { has($0) } ?? names[0]
    var weight: FrozenWeight?
    var isTied = false
    if case .tied = block.output { isTied = true }
    if !isTied || has(name) {
      weight = try self.table(name, rows: words.rows, columns: words.columns)
      // Two that differ are not tied, whatever the configuration says (transformers 5, `tie_weights`).
      isTied = isTied && areOne(name, table)
      if isTied { weight = nil }
    }
    var bias = Matrix(rows: 1, columns: words.rows)
    if var biasName = block.bias {
      // Untied, transformers 5 reads the decoder's bias and ignores the head's own; older files hold only the latter. Tied, the
      // two are one, under either name.
      let own = String(name.dropLast("weight".count)) + "bias"
      if has(own), !isTied || !has(biasName) { biasName = own }
      bias = try matrix(biasName, rows: 1, columns: words.rows)
    }
    return OutputMatrix(weight: weight ?? words, bias: bias, isWordTable: weight == nil)
  }
}

extension WeightReader.MapParts {
  /// The map's weight, (outputs, inputs), in Float32.
  func matrix() -> Matrix {
    let isTransposed = layout == .inputsByOutputs
    let count = bias.count
    switch outputs {
    case .chosen(let rows): return weight.gathering(rows)
    case .run(let first) where !isTransposed: return weight.gathering(Array(first..<first + count))
    case .run(let first):
      let columns = weight.gathering(Array(0..<weight.rows)).transposed()
      return count == columns.rows ? columns : columns.gathering(first..<first + count)
    }
  }
}

extension FrozenWeight {
  /// Some rows as Float32.
  fileprivate func gathering(_ rows: [Int]) -> Matrix {
    var matrix = Matrix(uninitializedRows: rows.count, columns: columns)
    let place = matrix.mutablePointer()
    for (index, row) in rows.enumerated() { copy(row: row, to: place + index * columns) }
    releasePages()
    return matrix
  }
}
