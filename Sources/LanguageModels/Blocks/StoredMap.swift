import Tensors

/// A map `y = x W^T + b` as a checkpoint stores it.
struct StoredMap: Sendable {
  /// Which outputs of the stored weight are this map's.
  enum Rows: Sendable {
    case all
    /// `outputs` of them side by side, of a weight with `total`.
    case slice(first: Int, total: Int)
    /// Those with these numbers.
    case chosen([Int], total: Int)
  }

  /// Without the ending `.weight`.
  let name: String
  let outputs, inputs: Int
  var hasBias = true
  var layout = Linear.Layout.outputsByInputs
  var rows = Rows.all

  /// Numbers in its weight.
  var count: Int { outputs * inputs }
}

extension StoredMap {
  /// Maps whose outputs lie side by side in one stored weight.
  /// - Parameter outputs: of each
  static func fused(
    _ name: String, outputs: [Int], inputs: Int, hasBias: Bool, layout: Linear.Layout = .outputsByInputs
  ) -> [StoredMap] {
    let total = outputs.reduce(0, +)
    var first = 0
    return outputs.map { count in
      defer { first += count }
      return StoredMap(
        name: name, outputs: count, inputs: inputs, hasBias: hasBias, layout: layout,
        rows: .slice(first: first, total: total))
    }
  }
}
