/// Finds the longest of many patterns that begins at a place of a text.
struct TokenTrie: Sendable {
  private var children: [UInt64: Int32] = [:]  // node above scalar
  private var values: [Int] = [-1]  // of each node, -1 where no pattern ends

  var isEmpty: Bool { children.isEmpty }

  /// Adds a pattern. An empty one matches nowhere; of two equal ones the first counts.
  mutating func insert(_ pattern: [Unicode.Scalar], value: Int) {
    guard !pattern.isEmpty else { return }
    var node = 0
    for scalar in pattern {
      let key = UInt64(node) << 32 | UInt64(scalar.value)
      if let child = children[key] {
        node = Int(child)
      } else {
        node = values.count
        children[key] = Int32(truncatingIfNeeded: node)
        values.append(-1)
      }
    }
    if values[node] < 0 { values[node] = value }
  }

  /// The value of the longest pattern that begins at `start`, and where it ends.
  func longestMatch(at start: Int, in text: ArraySlice<Unicode.Scalar>) -> (value: Int, end: Int)? {
    var node = 0
    var found: (value: Int, end: Int)?
    for index in start..<text.endIndex {
      guard let child = children[UInt64(node) << 32 | UInt64(text[index].value)] else { break }
      node = Int(child)
      if values[node] >= 0 { found = (values[node], index + 1) }
    }
    return found
  }
}
