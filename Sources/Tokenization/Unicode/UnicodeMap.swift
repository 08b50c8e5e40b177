/// A map from Unicode scalars to short sequences of them.
struct UnicodeMap: Sendable {
  private var keys: [UInt32] = []  // ascending
  private var starts: [Int] = [0]  // (keys + 1)
  private var values: [Unicode.Scalar] = []

  /// Reads, for each key, its difference to the one before, how many values it has, and each value less the one
  /// before it (the first one less the first of the key before).
  init(packed: String) {
    var numbers = PackedNumbers(packed)
    var key = 0
    var first = 0
    while let step = numbers.next(), let count = numbers.next() {
      key += step
      var value = first
      for index in 0..<count {
        value += numbers.nextSigned() ?? 0
        if index == 0 { first = value }
        values.append(Unicode.Scalar(UInt32(truncatingIfNeeded: value)) ?? "\u{FFFD}")
      }
      keys.append(UInt32(truncatingIfNeeded: key))
      starts.append(values.count)
    }
  }

  /// What the scalar maps to, or nil where it is not in the map.
  subscript(scalar: Unicode.Scalar) -> ArraySlice<Unicode.Scalar>? {
    var low = 0
    var high = keys.count
    while low < high {
      let middle = (low + high) / 2
      if keys[middle] < scalar.value { low = middle + 1 } else { high = middle }
    }
    guard low < keys.count, keys[low] == scalar.value else { return nil }
    return values[starts[low]..<starts[low + 1]]
  }

  /// The smallest key; no scalar below it is in the map.
  var lowerBound: UInt32 { keys.first ?? .max }

  /// Every key with its values.
  var entries: [(key: Unicode.Scalar, values: ArraySlice<Unicode.Scalar>)] {
    keys.indices.compactMap { index in
      Unicode.Scalar(keys[index]).map { ($0, values[starts[index]..<starts[index + 1]]) }
    }
  }
}
