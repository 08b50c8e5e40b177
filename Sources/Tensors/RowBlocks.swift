/// A tall matrix in blocks of rows, for products with it and its transpose in one pass, where it lies.
///
/// What comes out for one problem does not depend, to the last bit, on how many others are solved with it.
struct RowBlocks {
  private let matrix: Matrix  // (K, C)
  private let parallelism: Parallelism
  private let workers: [Worker]

  /// Rows of a block. Fixed, so that results do not depend on the number of threads.
  private static let height = 1024

  init(_ matrix: Matrix, _ parallelism: Parallelism) {
    self.matrix = matrix
    self.parallelism = parallelism
    workers = (0..<parallelism.threads).map { _ in Worker() }
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
    let vectors = Linear.keepsRowsApart ? Panels(rowsOf: x) : nil
    return sum(x.rows) { rows, block, weights in
      if let vectors {
        weights = vectors.product(with: block).transposed()
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
      parallelism.forEach(starts.count) { worker, task in
        let rows = starts[task]..<min(matrix.rows, starts[task] + Self.height)
        let block = matrix.rowBlock(rows)
        var weights = Matrix(uninitializedRows: problems, columns: rows.count)
        weigh(rows, block, &weights)
        guard let base = target.base else { return }
        let result = base + task * size
        if Linear.keepsRowsApart {
          workers[worker].multiply(weights, block, into: result)
        } else {
          var product = Matrix(uninitializedRows: problems, columns: matrix.columns)
          product.multiplyThin(weights, block)
          withExtendedLifetime(product) { result.update(from: product.pointer, count: size) }
        }
      }
    }
    var total = [Double](repeating: 0, count: size)
    for task in starts.indices { for i in 0..<size { total[i] += Double(parts[task * size + i]) } }
    return total
  }

  /// What one thread lays blocks out in, a few columns at a time, kept from block to block.
  private final class Worker: @unchecked Sendable {  // one thread's at a time
    private var kept: [Panels] = []

    /// Columns laid out together: 1 MB of a block, which stays in the second-level cache.
    private static let width = 256

    /// `y = weights A` for weights (P, rows) and a block (rows, C).
    func multiply(_ weights: Matrix, _ block: Matrix, into y: UnsafeMutablePointer<Float>) {
      for start in stride(from: 0, to: block.columns, by: Self.width) {
        let count = min(Self.width, block.columns - start)
        panels(block.pointer + start, columns: count, of: block).multiply(
          weights.pointer, stride: weights.columns, rows: weights.rows, bias: nil, accumulating: false,
          into: y + start, yStride: block.columns)
      }
    }

    /// Columns of a block as outputs, its rows as inputs.
    private func panels(_ first: UnsafePointer<Float>, columns: Int, of block: Matrix) -> Panels {
      if let panels = kept.first(where: { $0.inputs == block.rows && $0.outputs == columns }) {
        panels.pack(first, outputStride: 1, inputStride: block.columns)
        return panels
      }
      let panels = Panels(
        first, outputStride: 1, inputStride: block.columns, outputs: columns, inputs: block.rows)
      kept.append(panels)
      return panels
    }
  }
}

extension Panels {
  /// The rows of a matrix.
  fileprivate convenience init(rowsOf x: Matrix) {
    self.init(x.pointer, outputStride: x.columns, inputStride: 1, outputs: x.rows, inputs: x.columns)
  }

  /// `x W^T`: (rows of x, outputs).
  fileprivate func product(with x: Matrix) -> Matrix {
    var y = Matrix(uninitializedRows: x.rows, columns: outputs)
    multiply(
      x.pointer, stride: x.columns, rows: x.rows, bias: nil, accumulating: false, into: y.mutablePointer(),
      yStride: outputs)
    return y
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
