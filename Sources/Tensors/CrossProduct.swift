import CBLAS

/// Products `A^T B` of tall matrices, accumulated in Double.
enum CrossProduct {
  /// Rows that are widened at a time. Fixed, so that sums are always made in the same order.
  private static let rowBlock = 512
  /// Columns of a tile. Tiles are what runs in parallel; each sums over the rows in their order, so results do not depend
  /// on the number of threads.
  static let tile = 256

  /// `A[:, left]^T B[:, right]`, (left, right), over the rows that `rows` names (all of them when nil).
  static func block(
    _ a: Matrix, _ left: Range<Int>, _ b: Matrix, _ right: Range<Int>, rows: [Int]? = nil
  ) -> [Double] {
    precondition(a.rows == b.rows)
    let count = rows?.count ?? a.rows
    var sums = [Double](repeating: 0, count: left.count * right.count)
    var leftBlock = [Double](repeating: 0, count: rowBlock * left.count)
    var rightBlock = [Double](repeating: 0, count: rowBlock * right.count)
    for start in stride(from: 0, to: count, by: rowBlock) {
      let height = min(rowBlock, count - start)
      for i in 0..<height {
        let row = rows?[start + i] ?? start + i
        let (x, y) = (a.pointer + row * a.columns, b.pointer + row * b.columns)
        for (j, column) in left.enumerated() { leftBlock[i * left.count + j] = Double(x[column]) }
        for (j, column) in right.enumerated() { rightBlock[i * right.count + j] = Double(y[column]) }
      }
      BLAS.addTransposedProduct(
        leftBlock, rightBlock, rows: height, m: left.count, n: right.count, to: &sums)
    }
    return sums
  }

  /// `A^T B`, (columns of A, columns of B), in tiles that run in parallel.
  static func whole(_ a: Matrix, _ b: Matrix, parallelism: Parallelism) -> [Double] {
    let (height, width) = (a.columns, b.columns)
    var product = [Double](repeating: 0, count: height * width)
    let tiles = stride(from: 0, to: height, by: tile).flatMap { row in
      stride(from: 0, to: width, by: tile).map { (row, $0) }
    }
    product.withUnsafeMutableBufferPointer { buffer in
      let target = SharedPointer(buffer.baseAddress)
      parallelism.forEach(tiles.count) { _, task in
        let left = tiles[task].0..<min(height, tiles[task].0 + tile)
        let right = tiles[task].1..<min(width, tiles[task].1 + tile)
        let sums = block(a, left, b, right)
        for (i, row) in left.enumerated() {
          for (j, column) in right.enumerated() {
            target.base?[row * width + column] = sums[i * right.count + j]
          }
        }
      }
    }
    return product
  }

  /// Makes of `A^T B` what it is for centred columns.
  static func center(_ product: inout [Double], _ left: [Double], _ right: [Double], rows: Int) {
    for (i, mean) in left.enumerated() {
      for (j, other) in right.enumerated() { product[i * right.count + j] -= Double(rows) * mean * other }
    }
  }
}

extension Matrix {
  /// The mean of each column, summed in Double.
  package func columnMeans() -> [Double] {
    var sums = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for (column, value) in self.row(row).enumerated() { sums[column] += Double(value) }
    }
    return sums.map { $0 / Double(max(1, rows)) }
  }
}
