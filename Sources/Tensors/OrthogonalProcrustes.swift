import CBLAS

/// The orthogonal Procrustes problem (Schönemann 1966).
package enum OrthogonalProcrustes {
  /// The `Q` (Ca, Cb) with orthonormal columns (orthonormal rows where `Ca < Cb`) that makes the inner product of `A Q` and
  /// `B` largest: the polar factor of `A^T B`. For equal widths it also makes `|A Q - B|` smallest. It is unique where
  /// `A^T B` has full rank; else it is one of several.
  /// - Parameters:
  ///   - a: (K, Ca)
  ///   - b: (K, Cb)
  ///   - means: taken from the rows of both first
  /// - Returns: (Ca, Cb); no numbers where an entry of `a` or `b` is none
  package static func solve(_ a: Matrix, _ b: Matrix, means: PairedMeans? = nil) -> Matrix {
    var product = CrossProduct.block(a, 0..<a.columns, b, 0..<b.columns)
    if let means { CrossProduct.centre(&product, on: means.source, means.target, count: a.rows) }
    return polarFactor(product, rows: a.columns, columns: b.columns)
  }

  /// The same between the first principal directions of each space, and nothing of the others: `Us R Ut^T`, where `R` takes the
  /// principal components of the one closest to those of the other.
  /// - Parameter count: of directions, no more than either width
  package static func solve(_ sums: consuming PairedSums, directions count: Int) -> Matrix {
    let (source, product, target) = sums.parts()
    let (height, width) = (source.width, target.width)
    precondition(count <= min(height, width))
    guard product.allSatisfy(\.isFinite), let left = source.principalDirections(count),
      let right = target.principalDirections(count)
    else { return Matrix(rows: height, columns: width, repeatElement(.nan, count: height * width)) }
    var half = [Double](repeating: 0, count: width * count)  // (S^T T)^T Us
    BLAS.addTransposedProduct(product, left, rows: height, m: width, n: count, to: &half)
    var components = [Double](repeating: 0, count: count * count)
    BLAS.addTransposedProduct(half, right, rows: width, m: count, n: count, to: &components)
    var turned = Matrix(rows: height, columns: count)
    turned.multiply(
      Matrix(rows: height, columns: count, left.map { Float($0) }),
      polarFactor(components, rows: count, columns: count))
    var map = Matrix(rows: height, columns: width)
    map.multiply(turned, Matrix(rows: width, columns: count, right.map { Float($0) }), transposeB: true)
    return map
  }

  /// `U V^T` of the singular value decomposition `M = U diag(s) V^T`.
  /// - Parameter product: `M`, row-major
  /// - Returns: (rows, columns); no numbers where an entry of `M` is none
  package static func polarFactor(_ product: consuming [Double], rows: Int, columns: Int) -> Matrix {
    let rank = min(rows, columns)
    var values = [Double](repeating: 0, count: rank)
    var u = [Double](repeating: 0, count: rows * rank)
    var vt = [Double](repeating: 0, count: rank * columns)
    var q = Matrix(rows: rows, columns: columns)
    guard product.allSatisfy(\.isFinite),
      BLAS.decomposeSingular(
        &product, rows: rows, columns: columns, singularValues: &values, u: &u, vt: &vt)
    else {
      q.fill(.nan)
      return q
    }
    q.multiply(
      Matrix(rows: rows, columns: rank, u.map { Float($0) }),
      Matrix(rows: rank, columns: columns, vt.map { Float($0) }))
    return q
  }
}
