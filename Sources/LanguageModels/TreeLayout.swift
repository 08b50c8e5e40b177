import Tensors

/// Where the rows of several sequences are, each followed by its continuations, and what attends to what.
///
/// Every token has one row, in order. Attention wants the keys of a query side by side: where continuations part, those before the fork
/// are repeated for each branch.
struct TreeLayout {
  /// One sequence: its own length, what is read of it, and what may follow it.
  struct Part {
    let length: Int
    let reads: Range<Int>
    let continuations: TokenTree?
  }

  /// Of each sequence, the continuations' tokens last.
  private(set) var rows: [Range<Int>] = []
  /// The row that each key is of; nil where they are the rows themselves.
  let keys: [Int]?
  /// For all rows as queries.
  private(set) var all: [AttentionSpan] = []
  /// For those that are read alone.
  private(set) var read: [AttentionSpan] = []
  /// Those that are read, in order.
  private(set) var readRows: [Int] = []

  init(_ parts: [Part]) {
    var keys: [Int] = []
    for part in parts {
      let first = rows.last?.upperBound ?? 0
      let end = first + part.length
      rows.append(first..<end + (part.continuations?.tokens.count ?? 0))
      let branches = part.continuations?.branches ?? []
      precondition(branches.isEmpty || part.reads.upperBound == part.length)
      for (index, branch) in (branches.isEmpty ? [.init(own: 0..<0, path: [])] : branches).enumerated() {
        let start = keys.count
        keys += first..<end
        keys += branch.path.map { end + $0 }
        let own = end + branch.own.lowerBound..<end + branch.own.upperBound
        let queries = index == 0 ? first..<own.upperBound : own
        let isRead = index == 0 ? first + part.reads.lowerBound..<first + part.reads.upperBound : 0..<0
        let readStart = readRows.count
        readRows += isRead
        readRows += own
        let depth = part.length + branch.path.count - branch.own.count
        all.append(
          AttentionSpan(
            queries: queries, keys: start..<keys.count, firstPlace: index == 0 ? 0 : depth))
        read.append(
          AttentionSpan(
            queries: readStart..<readRows.count, keys: start..<keys.count,
            firstPlace: index == 0 ? part.reads.lowerBound : depth))
      }
    }
    self.keys = keys.count == rows.last?.upperBound ?? 0 ? nil : keys
  }
}
