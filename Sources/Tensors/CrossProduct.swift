import CBLAS

/// Products `A^T B` of tall matrices, accumulated in Double.
enum CrossProduct {
  /// Rows that are widened at a time. Fixed, so that sums are always made in the same order.
  private static let rowBlock = 512
  /// Columns of a tile. Tiles are what runs in parallel; each sums over the rows in their order, so results do not depend
  /// on the number of threads.
  private static let tile = 256

  /// The columns of each tile.
  static func tiles(_ columns: Int) -> [Range<Int>] {
    stride(from: 0, to: columns, by: tile).map { $0..<min(columns, $0 + tile) }
  }

  /// `A[:, left]^T B[:, right]`, (left, right), over the rows that `rows` names (all of them when nil).
  static func block(
    _ a: Matrix, _ left: Range<Int>, _ b: Matrix, _ right: Range<Int>, rows: [Int]? = nil
  ) -> [Double] {
    precondition(a.rows == b.rows)
    let count = rows?.count ?? a.rows
    var sums = [Double](repeating: 0, count: left.count * right.count)
    if isBLASBehind {
      add(a, left, b, right, rows: rows, to: &sums)
      return sums
    }
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

  /// The same by our own kernels.
  static func add(
    _ a: Matrix, _ left: Range<Int>, _ b: Matrix, _ right: Range<Int>, rows: [Int]?, to sums: inout [Double]
  ) {
    guard let rows else {
      kernels.cross_product(
        a.pointer + left.lowerBound, a.columns, left.count, b.pointer + right.lowerBound, b.columns,
        right.count, a.rows, &sums)
      return
    }
    for start in stride(from: 0, to: rows.count, by: rowBlock) {
      let part = rows[start..<min(rows.count, start + rowBlock)]
      let (a, b) = (a.gathering(part), b.gathering(part))
      add(a, left, b, right, rows: nil, to: &sums)
    }
  }

  /// Makes `A^T B` the product of the centred matrices, by the means of their rows.
  static func centre(_ product: inout [Double], on left: [Double], _ right: [Double], count: Int) {
    precondition(product.count == left.count * right.count)
    for (i, a) in left.enumerated() {
      let weight = Double(count) * a
      for (j, b) in right.enumerated() { product[i * right.count + j] -= weight * b }
    }
  }

  /// `A[:, left]^T A[:, right]` with blocks of rows in single precision, their sum in double.
  static func approximateBlock(_ a: Matrix, _ left: Range<Int>, _ right: Range<Int>) -> [Double] {
    var sums = [Double](repeating: 0, count: left.count * right.count)
    var block = [Float](repeating: 0, count: sums.count)
    for start in stride(from: 0, to: a.rows, by: rowBlock) {
      let rows = a.pointer + start * a.columns
      let height = min(rowBlock, a.rows - start)
      if isBLASBehind {
        for i in block.indices { block[i] = 0 }
        kernels.approximate_cross_product(
          rows + left.lowerBound, a.columns, left.count, rows + right.lowerBound, a.columns, right.count,
          height, &block)
      } else {
        BLAS.gemm(
          transposeA: true, transposeB: false, m: left.count, n: right.count, k: height, alpha: 1,
          rows + left.lowerBound, lda: a.columns, rows + right.lowerBound, ldb: a.columns, beta: 0, &block,
          ldc: right.count)
      }
      for i in 0..<sums.count { sums[i] += Double(block[i]) }
    }
    return sums
  }
}
