import CBLAS

/// The matrix `A^T A` of a tall matrix, accumulated in Double, ready to be factored.
package struct GramMatrix {
  package let width: Int
  private var elements: [Double]  // (width, width), both triangles

  /// Zeros.
  package init(width: Int) {
    self.width = width
    elements = [Double](repeating: 0, count: width * width)
  }

  /// Accumulates over the rows of `a` that `rows` names (all of them when nil).
  package init(_ a: Matrix, rows: [Int]? = nil, parallelism: Parallelism) {
    self.init(width: a.columns)
    add(parallelism) { left, right in CrossProduct.block(a, left, a, right, rows: rows) }
  }

  /// Twice as fast, with single precision in blocks of rows: good enough to precondition with.
  package init(approximating a: Matrix, parallelism: Parallelism) {
    self.init(width: a.columns)
    add(parallelism) { left, right in CrossProduct.approximateBlock(a, left, right) }
  }

  /// Accumulates over more rows.
  package mutating func add(_ a: Matrix, parallelism: Parallelism) {
    add(parallelism) { left, right in CrossProduct.block(a, left, a, right) }
  }

  /// Takes the mean of the rows away: the sums are then those of centred rows.
  /// - Parameter count: of rows
  package mutating func centre(on mean: [Double], count: Int) {
    CrossProduct.centre(&elements, on: mean, mean, count: count)
  }

  private mutating func add(
    _ parallelism: Parallelism, _ block: @Sendable (_ left: Range<Int>, _ right: Range<Int>) -> [Double]
  ) {
    let n = width
    let edges = CrossProduct.tiles(n)
    let tiles = edges.flatMap { left in
      edges.filter { $0.lowerBound >= left.lowerBound }.map { (left, $0) }
    }
    elements.withUnsafeMutableBufferPointer { buffer in
      let target = SharedPointer(buffer.baseAddress)
      parallelism.forEach(tiles.count) { _, task in
        let (left, right) = tiles[task]
        let sums = block(left, right)
        guard let target = target.base else { return }
        for (i, row) in left.enumerated() {
          for (j, column) in right.enumerated() {
            target[row * n + column] += sums[i * right.count + j]
            if left != right { target[column * n + row] += sums[i * right.count + j] }
          }
        }
      }
    }
  }

  /// The directions in which the rows are longest, as the columns of a row-major (width, count) matrix; nil where an entry is no
  /// finite number.
  package consuming func principalDirections(_ count: Int) -> [Double]? {
    let width = width
    guard elements.allSatisfy(\.isFinite) else { return nil }
    var values = [Double](repeating: 0, count: width)
    var (u, vt) = (elements, elements)
    guard
      BLAS.decomposeSingular(
        &elements, rows: width, columns: width, singularValues: &values, u: &u, vt: &vt)
    else { return nil }
    return (0..<width).flatMap { u[$0 * width..<$0 * width + count] }
  }

  /// The mean of the diagonal: the natural unit of a ridge.
  package var meanDiagonal: Double {
    (0..<width).reduce(0) { $0 + elements[$1 * width + $1] } / Double(max(1, width))
  }

  /// The Cholesky factor of `A^T A + ridge * meanDiagonal * I`, in the place of the matrix.
  ///
  /// Where the matrix is singular to working precision, the ridge is raised tenfold, from at least 1e-12, until it is
  /// definite; the factor says which it was in the end.
  package consuming func factored(ridge: Double) -> CholeskyFactor {
    let unit = meanDiagonal < .leastNormalMagnitude ? .leastNormalMagnitude : meanDiagonal
    let diagonal = (0..<width).map { elements[$0 * width + $0] }
    var ridge = ridge
    while true {
      for i in 0..<width { elements[i * width + i] = diagonal[i] + ridge * unit }
      let isDefinite = BLAS.factorCholesky(&elements, n: width)
      if isDefinite || ridge > 1 {
        // OpenBLAS calls a matrix with NaN definite.
        return CholeskyFactor(
          width: width, ridge: isDefinite && unit.isFinite ? ridge : .nan, factor: elements)
      }
      // The factorisation wrote over the upper triangle only.
      for i in 0..<width { for j in i + 1..<width { elements[i * width + j] = elements[j * width + i] } }
      ridge = max(1e-12, ridge * 10)
    }
  }
}

/// A factored symmetric positive definite matrix.
package struct CholeskyFactor: Sendable {
  package let width: Int
  /// The ridge that is in it: what was asked for, or more where that did not do. NaN where none did, since entries are no
  /// finite numbers; so are then all solutions.
  package let ridge: Double
  fileprivate let factor: [Double]  // row-major, `U = L^T` in the upper triangle

  /// Solves for several right-hand sides, one after the other in `b`.
  package func solve(_ b: UnsafeMutablePointer<Double>, count: Int) {
    BLAS.solveCholesky(factor, n: width, b, count: count)
  }

  /// Solves for one right-hand side of length `width`.
  package func solve(_ rightHandSide: [Double]) -> [Double] {
    precondition(rightHandSide.count == width)
    var solution = rightHandSide
    BLAS.solveCholesky(factor, n: width, &solution)
    return solution
  }

  /// What is made of the factor `L`, with `A = L L^T`.
  package enum Form { case transposed, inverse, inverseTransposed }

  /// `B = form(L) B` for the row-major (width, columns) `b`.
  package func apply(_ form: Form, fromLeftTo b: inout [Double], columns: Int) {
    BLAS.applyTriangle(
      factor, n: width, isTransposed: form == .inverse, isInverted: form != .transposed, side: .left,
      &b, rows: width, columns: columns)
  }

  /// `B = B form(L)` for the row-major (rows, width) `b`.
  package func apply(_ form: Form, fromRightTo b: inout [Double], rows: Int) {
    BLAS.applyTriangle(
      factor, n: width, isTransposed: form == .inverse, isInverted: form != .transposed, side: .right,
      &b, rows: rows, columns: width)
  }
}
