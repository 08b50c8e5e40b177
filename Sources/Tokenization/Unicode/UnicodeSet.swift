/// A set of Unicode scalars.
///
/// The tables are tokenizers' own and not those of the Swift library, whose Unicode version is another one, and
/// on macOS the operating system's.
struct UnicodeSet: Sendable {
  private let edges: [UInt32]  // a scalar is in the set if an odd number of edges is not above it
  private var bits = [UInt64](repeating: 0, count: 0x10000 / 64)  // the Basic Multilingual Plane

  /// Reads the differences of the edges.
  init(packed: String) {
    var numbers = PackedNumbers(packed)
    var edges: [UInt32] = []
    while let step = numbers.next() { edges.append((edges.last ?? 0) + UInt32(truncatingIfNeeded: step)) }
    self.edges = edges
    for index in stride(from: 0, to: edges.count - 1, by: 2) {
      for value in edges[index]..<edges[index + 1] where value < 0x10000 {
        bits[Int(value >> 6)] |= 1 << UInt64(value & 63)
      }
    }
  }

  @inline(__always)
  func contains(_ scalar: Unicode.Scalar) -> Bool {
    let value = scalar.value
    if value < 0x10000 { return bits[Int(value >> 6)] >> UInt64(value & 63) & 1 != 0 }
    return countOfEdges(notAbove: value) % 2 == 1
  }

  private func countOfEdges(notAbove value: UInt32) -> Int {
    var low = 0
    var high = edges.count
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension Unicode.Scalar {
  /// The property White_Space: `char::is_whitespace` of Rust and `\s` of Oniguruma and of the regex crate.
  var isWhitespace: Bool {
    switch value {
    case 0x09...0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
    default: false
    }
  }
}
