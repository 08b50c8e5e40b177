/// A tall matrix in blocks of rows, for products with it and its transpose in one pass, where it lies.
struct RowBlocks {
  private let matrix: Matrix  // (K, C)
  private let parallelism: Parallelism

  /// Rows of a block. Fixed, so that results do not depend on the number of threads.
  private static let height = 1024
  /// Up to so many problems are multiplied row by row; for more of them BLAS, which copies the block first, is faster.
  private static let thinLimit = 8

  init(_ matrix: Matrix, _ parallelism: Parallelism) {
    self.matrix = matrix
    self.parallelism = parallelism
  }

  /// `weights A`, (P, C), for weights (P, K) that `fill` gives block by block.
  func weightedSum(
    _ problems: Int, _ fill: @Sendable (_ rows: Range<Int>, _ weights: inout Matrix) -> Void
  ) -> [Double] {
    sum(problems) { rows, _, weights in fill(rows, &weights) }
  }

  /// `(x A^T) A`, (P, C), for x (P, C); `mask` may change the product in between, (P, rows).
  func normalProduct(
    _ x: Matrix, _ mask: @Sendable (_ rows: Range<Int>, _ product: inout Matrix) -> Void
  ) -> [Double] {
    sum(x.rows) { rows, block, weights in
      if x.rows > Self.thinLimit {
        weights.multiply(x, block, transposeB: true)
      } else {
        weights.multiplyThin(x, transposed: block)
      }
      mask(rows, &weights)
    }
  }

  /// Summed in the blocks' order, in Double.
  private func sum(
    _ problems: Int, _ weigh: @Sendable (_ rows: Range<Int>, _ block: Matrix, _ weights: inout Matrix) -> Void
  ) -> [Double] {
    let size = problems * matrix.columns
    let starts = Array(stride(from: 0, to: matrix.rows, by: Self.height))
    var parts = [Float](repeating: 0, count: starts.count * size)
    parts.withUnsafeMutableBufferPointer { buffer in
      let target = SharedPointer(buffer.baseAddress)
      parallelism.forEach(starts.count) { _, task in
        let rows = starts[task]..<min(matrix.rows, starts[task] + Self.height)
        let block = matrix.rowBlock(rows)
        var weights = Matrix(uninitializedRows: problems, columns: rows.count)
        var product = Matrix(uninitializedRows: problems, columns: matrix.columns)
        weigh(rows, block, &weights)
        if problems > Self.thinLimit {
          product.multiply(weights, block)
        } else {
          product.multiplyThin(weights, block)
        }
        withExtendedLifetime(product) {
          target.base?.advanced(by: task * size).update(from: product.pointer, count: size)
        }
      }
    }
    var total = [Double](repeating: 0, count: size)
    for task in starts.indices { for i in 0..<size { total[i] += Double(parts[task * size + i]) } }
    return total
  }
}

extension Matrix {
  /// `self = x b^T`, each row of `b` read once.
  fileprivate mutating func multiplyThin(_ x: Matrix, transposed b: Matrix) {
    let (height, width, inner) = (rows, columns, x.columns)
    let target = mutablePointer()
    for j in 0..<width {
      for i in 0..<height {
        target[i * width + j] = kernels.dot(x.pointer + i * inner, b.pointer + j * inner, inner)
      }
    }
  }

  /// `self = x b`, each row of `b` read once.
  fileprivate mutating func multiplyThin(_ x: Matrix, _ b: Matrix) {
    fill(0)
    let (height, width) = (rows, columns)
    let target = mutablePointer()
    for j in 0..<b.rows {
      for i in 0..<height {
        kernels.axpy(x.pointer[i * x.columns + j], b.pointer + j * width, target + i * width, width)
      }
    }
  }
}
