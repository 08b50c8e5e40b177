/// The merges of a BPE model: what a pair of ids becomes, and how early.
struct MergeTable: Sendable {
  private var keys: [UInt64]  // left id above right id; all ones where free
  private var values: [UInt64]  // rank above the merged id

  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    keys = [UInt64](repeating: .max, count: size)
    values = [UInt64](repeating: 0, count: size)
  }

  /// Adds a merge, for which there must be room. Of two merges of one pair the later one counts, as in tokenizers.
  mutating func insert(_ left: Int, _ right: Int, rank: Int, merged: Int) {
    let key = UInt64(left) << 32 | UInt64(right)
    let index = slot(key)
    keys[index] = key
    values[index] = UInt64(rank) << 32 | UInt64(merged)
  }

  /// The merge of two ids, its rank above the merged id.
  @inline(__always)
  func merge(_ left: Int, _ right: Int) -> UInt64? {
    let key = UInt64(truncatingIfNeeded: left) << 32 | UInt64(truncatingIfNeeded: right)
    let index = slot(key)
    return keys[index] == key ? values[index] : nil
  }

  /// Where the key is, or the free place where it would be.
  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    var index = Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32) & (keys.count - 1)
    while keys[index] != key, keys[index] != .max { index = (index + 1) & (keys.count - 1) }
    return index
  }
}
