/// The means of the rows of two matrices.
package struct PairedMeans: Sendable {
  package let source, target: [Double]

  package init(source: [Double], target: [Double]) { (self.source, self.target) = (source, target) }
}

/// Sums over the corresponding rows of two tall matrices, a block of rows at a time: all that a map between them is found from.
package struct PairedSums {
  private var source, target: GramMatrix
  private var product: [Double]  // (Cs, Ct)
  package let targetWidth: Int
  private let includesTarget: Bool
  /// What `centre` took away.
  package private(set) var means: PairedMeans?

  /// - Parameter includesTarget: whether `T^T T` is wanted, else it has width 0
  package init(sourceWidth: Int, targetWidth: Int, includesTarget: Bool = true) {
    self.targetWidth = targetWidth
    self.includesTarget = includesTarget
    source = GramMatrix(width: sourceWidth)
    target = GramMatrix(width: includesTarget ? targetWidth : 0)
    product = [Double](repeating: 0, count: sourceWidth * targetWidth)
  }

  package var sourceWidth: Int { source.width }

  /// - Parameters:
  ///   - a: (K, Cs)
  ///   - b: (K, Ct)
  package mutating func add(_ a: Matrix, _ b: Matrix, parallelism: Parallelism) {
    precondition(a.rows == b.rows)
    source.add(a, parallelism: parallelism)
    if includesTarget { target.add(b, parallelism: parallelism) }
    let (width, rights) = (b.columns, CrossProduct.tiles(b.columns))
    let tiles = CrossProduct.tiles(a.columns).flatMap { left in rights.map { (left, $0) } }
    product.withUnsafeMutableBufferPointer { buffer in
      let sums = SharedPointer(buffer.baseAddress)
      parallelism.forEach(tiles.count) { _, task in
        let (left, right) = tiles[task]
        let block = CrossProduct.block(a, left, b, right)
        for (i, row) in left.enumerated() {
          for (j, column) in right.enumerated() {
            sums.base?[row * width + column] += block[i * right.count + j]
          }
        }
      }
    }
  }

  /// Takes the means of the rows away: the sums are then those of centred rows.
  /// - Parameter count: of rows
  package mutating func centre(on means: PairedMeans, count: Int) {
    source.centre(on: means.source, count: count)
    if includesTarget { target.centre(on: means.target, count: count) }
    CrossProduct.centre(&product, on: means.source, means.target, count: count)
    self.means = means
  }

  /// The same about the means of the rows.
  package func centred(on means: PairedMeans, count: Int) -> PairedSums {
    var sums = self
    sums.centre(on: means, count: count)
    return sums
  }

  /// `S^T S`, `S^T T` and `T^T T`.
  package consuming func parts() -> (source: GramMatrix, product: [Double], target: GramMatrix) {
    (source, product, target)
  }
}
