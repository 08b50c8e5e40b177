/// Finds every token that begins at a place of a text, the shortest first: a trie over UTF-8 bytes, its edges in one
/// hash table.
struct ByteTrie: Sendable {
  private var keys: [UInt64]  // node and byte above child; all ones where free
  private var values: [Int32] = [-1]  // of each node, -1 where no token ends

  /// An empty trie with room for that many edges at first.
  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    keys = [UInt64](repeating: .max, count: size)
  }

  /// Adds a token; of two equal ones the later one counts. An empty one is found nowhere.
  mutating func insert(_ token: some Sequence<UInt8>, value: Int) {
    var node = 0
    for byte in token {
      let edge = UInt64(node) << 8 | UInt64(byte)
      let index = slot(edge)
      if keys[index] == .max {
        let child = values.count
        values.append(-1)
        keys[index] = edge << 24 | UInt64(child)
        if values.count * 2 > keys.count { grow() }
        node = child
      } else {
        node = Int(keys[index] & 0xFF_FFFF)
      }
    }
    if node > 0 { values[node] = Int32(truncatingIfNeeded: value) }
  }

  /// How many nodes there can be, the root included.
  static let largest = 1 << 24

  /// The nodes there are.
  var count: Int { values.count }

  /// The node below, or nil.
  @inline(__always)
  func child(of node: Int, _ byte: UInt8) -> Int? {
    let index = slot(UInt64(truncatingIfNeeded: node) << 8 | UInt64(byte))
    return keys[index] == .max ? nil : Int(truncatingIfNeeded: keys[index] & 0xFF_FFFF)
  }

  /// The value of the token that ends at a node, -1 where none does.
  @inline(__always)
  func value(of node: Int) -> Int { Int(values[node]) }

  /// Where the edge is, or the free place where it would be.
  @inline(__always)
  private func slot(_ edge: UInt64) -> Int {
    var index = Int(truncatingIfNeeded: (edge &* 0x9e37_79b9_7f4a_7c15) >> 32) & (keys.count - 1)
    while keys[index] != .max, keys[index] >> 24 != edge { index = (index + 1) & (keys.count - 1) }
    return index
  }

  private mutating func grow() {
    let old = keys
    keys = [UInt64](repeating: .max, count: old.count * 2)
    for key in old where key != .max { keys[slot(key >> 24)] = key }
  }
}
