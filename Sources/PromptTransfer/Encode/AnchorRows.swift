import LanguageModels
import Tensors

/// The anchors' embeddings in one space, read a block at a time: the tables of large models hold gigabytes.
struct AnchorRows: Sendable {
  let table: EmbeddingTable
  let ids: [Int]

  /// Rows of a block. Fixed, so that sums are always made in the same order.
  private static let blockSize = 2048

  init(_ anchors: Anchors, in space: EmbeddingSpace) {
    table = space.table
    ids = anchors.ids(space.tokenizer)
  }

  private var blocks: [Range<Int>] {
    stride(from: 0, to: ids.count, by: Self.blockSize).map { $0..<min(ids.count, $0 + Self.blockSize) }
  }

  func all() -> Matrix { table.rows(ids) }

  private func block(_ range: Range<Int>) -> Matrix { table.rows(Array(ids[range])) }

  var meanNorm: Double {
    var sum = 0.0
    for range in blocks {
      let rows = block(range)
      for row in 0..<rows.rows { sum += rows.rowNorm(row) }
    }
    return sum / Double(max(1, ids.count))
  }

  /// The cosine of each vector (P, C) to each anchor: (P, K).
  func similarities(_ vectors: Matrix) -> Matrix {
    let unit = vectors.normalizingRows()
    var result = Matrix(rows: vectors.rows, columns: ids.count)
    for range in blocks {
      let rows = block(range).normalizingRows()
      var part = Matrix(rows: vectors.rows, columns: rows.rows)
      part.multiply(unit, rows, transposeB: true)
      for row in 0..<part.rows {
        for (place, column) in range.enumerated() { result[row, column] = part[row, place] }
      }
    }
    return result
  }

  /// The sums over these anchors here and in another space.
  func sums(with other: AnchorRows, parallelism: Parallelism) -> PairedSums {
    var sums = PairedSums(sourceWidth: table.width, targetWidth: other.table.width)
    for range in blocks { sums.add(block(range), other.block(range), parallelism: parallelism) }
    return sums
  }
}
