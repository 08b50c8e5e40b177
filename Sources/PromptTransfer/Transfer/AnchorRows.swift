import LanguageModels
import Tensors

/// The anchors' embeddings in one space, read a block at a time: the tables of large models hold gigabytes.
public struct AnchorRows: Sendable {
  public let space: EmbeddingSpace
  /// The anchors' rows of the table.
  public let ids: [Int]

  /// Rows of a block to sum over: some megabytes. It depends on the width alone, so that sums are always made in the same
  /// order.
  private var sumBlock: Int { max(512, min(2048, (1 << 21) / max(1, width) / 512 * 512)) }
  /// Rows of a block to look at one by one: 2 MB of a wide table.
  private var readBlock: Int { max(64, min(512, (1 << 19) / max(1, width) / 64 * 64)) }

  init(_ space: EmbeddingSpace, ids: [Int]) {
    self.space = space
    self.ids = ids
  }

  /// Columns C of the table.
  public var width: Int { space.table.width }

  /// The rows at some of the places.
  func keeping(_ places: [Int]) -> AnchorRows { AnchorRows(space, ids: places.map { ids[$0] }) }

  /// All of them at once: (K, C).
  func all() -> Matrix { space.table.rows(ids) }

  /// Blocks of rows, in order, with the places they have among all.
  private func forEachBlock(of height: Int, _ body: (_ places: Range<Int>, _ rows: Matrix) -> Void) {
    for start in stride(from: 0, to: ids.count, by: height) {
      let places = start..<min(ids.count, start + height)
      body(places, space.table.rows(Array(ids[places])))
    }
  }

  /// The mean length of the rows.
  var meanNorm: Double {
    var sum = 0.0
    forEachBlock(of: readBlock) { _, rows in for row in 0..<rows.rows { sum += rows.rowNorm(row) } }
    return sum / Double(max(1, ids.count))
  }

  /// How far each row is from a point.
  func distances(from centre: [Double]) -> [Double] {
    var distances: [Double] = []
    forEachBlock(of: readBlock) { _, rows in
      let offsets = rows.addingToRows(centre, scaledBy: -1)
      distances += (0..<offsets.rows).map(offsets.rowNorm)
    }
    return distances
  }

  /// The mean of the rows: (C).
  func mean() -> [Double] {
    var sums = [Double](repeating: 0, count: width)
    forEachBlock(of: readBlock) { _, rows in
      for row in 0..<rows.rows {
        for (column, value) in rows.row(row).enumerated() { sums[column] += Double(value) }
      }
    }
    return sums.map { $0 / Double(max(1, ids.count)) }
  }

  /// The cosine of every vector to every anchor, (P, K), for several prompts (P, C) in one pass over the rows. What comes out
  /// for one does not depend on the others.
  func cosines(_ prompts: [Matrix]) -> [Matrix] {
    let units = prompts.map { $0.normalizingRows() }
    var results = prompts.map { Matrix(rows: $0.rows, columns: ids.count) }
    forEachBlock(of: readBlock) { places, rows in
      let lengths = (0..<rows.rows).map(rows.rowNorm)
      for (prompt, unit) in units.enumerated() {
        var part = Matrix(rows: unit.rows, columns: rows.rows)
        part.multiply(unit, rows, transposeB: true)
        part.divideColumns(by: lengths)
        results[prompt].setColumns(places, to: part)
      }
    }
    return results
  }

  /// The means of these anchors here and in another space.
  func means(with other: AnchorRows) -> PairedMeans { PairedMeans(source: mean(), target: other.mean()) }

  /// The sums over these anchors here and in another space.
  /// - Parameters:
  ///   - includesTarget: whether the other's own are wanted
  ///   - centred: whether the means are taken away
  func sums(
    with other: AnchorRows, includesTarget: Bool, centred: Bool, parallelism: Parallelism
  ) -> PairedSums {
    var sums = PairedSums(
      sourceWidth: width, targetWidth: other.width, includesTarget: includesTarget)
    forEachBlock(of: sumBlock) { places, rows in
      sums.add(rows, other.space.table.rows(Array(other.ids[places])), parallelism: parallelism)
    }
    if centred { sums.centre(on: means(with: other), count: ids.count) }
    return sums
  }
}
