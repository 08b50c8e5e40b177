/// One piece while BPE merges it: the symbols left, linked, and the merges possible, in a binary heap.
///
/// Merges by rank, then from the left (models/bpe/word.rs of tokenizers), in O(n log n) for n symbols, so that a
/// piece of a million letters ends too. Kept between pieces for its memory.
struct MergeWord {
  private var symbols: [Int] = []
  private var previous: [Int] = []
  private var next: [Int] = []  // the count for the last one
  private var merges: [UInt64] = []  // with the next one: rank above merged id; all ones where there is none
  private var heap: [UInt64] = []  // rank above position; the smallest first

  mutating func removeAll() { symbols.removeAll(keepingCapacity: true) }

  mutating func append(_ id: Int) { symbols.append(id) }

  /// Merges what can be merged and appends the ids left.
  mutating func merge(by table: MergeTable, into ids: inout [Int]) {
    guard symbols.count > 1 else {
      ids.append(contentsOf: symbols)
      return
    }
    link(by: table)
    while let top = pop() {
      let position = Int(top & 0xffff_ffff)
      guard merges[position] != .max, merges[position] >> 32 == top >> 32 else { continue }  // out of date
      let right = next[position]
      symbols[position] = Int(merges[position] & 0xffff_ffff)
      merges[right] = .max
      next[position] = next[right]
      if next[right] < symbols.count { previous[next[right]] = position }
      look(at: position, table)
      if previous[position] >= 0 { look(at: previous[position], table) }
    }
    var position = 0
    while position < symbols.count {
      ids.append(symbols[position])
      position = next[position]
    }
  }

  private mutating func link(by table: MergeTable) {
    let count = symbols.count
    previous.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    merges.removeAll(keepingCapacity: true)
    heap.removeAll(keepingCapacity: true)
    for position in 0..<count {
      previous.append(position - 1)
      next.append(position + 1)
      merges.append(.max)
    }
    for position in 0..<count - 1 { look(at: position, table) }
  }

  /// Sets the merge of a symbol with its next one.
  @inline(__always)
  private mutating func look(at position: Int, _ table: MergeTable) {
    let right = next[position]
    guard right < symbols.count, let merge = table.merge(symbols[position], symbols[right]) else {
      merges[position] = .max
      return
    }
    merges[position] = merge
    push((merge >> 32) << 32 | UInt64(position))
  }

  // MARK: the heap

  @inline(__always)
  private mutating func push(_ entry: UInt64) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent] <= entry { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  @inline(__always)
  private mutating func pop() -> UInt64? {
    guard let last = heap.popLast() else { return nil }
    guard let top = heap.first else { return last }
    var parent = 0
    while true {
      var child = parent * 2 + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
      if last <= heap[child] { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return top
  }
}
