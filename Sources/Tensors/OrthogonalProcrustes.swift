import CBLAS

/// The orthogonal Procrustes problem (Schönemann 1966).
package enum OrthogonalProcrustes {
  /// The `Q` (Ca, Cb) with orthonormal columns (orthonormal rows where `Ca < Cb`) that makes the inner product of `A Q` and
  /// `B` largest: `U V^T` of the singular value decomposition `A^T B = U diag(s) V^T`. For equal widths it also makes
  /// `|A Q - B|` smallest. It is unique where `A^T B` has full rank; else it is one of several.
  /// - Parameters:
  ///   - a: (K, Ca)
  ///   - b: (K, Cb)
  /// - Returns: (Ca, Cb); no numbers where an entry of `a` or `b` is none
  package static func solve(_ a: Matrix, _ b: Matrix) -> Matrix {
    let (rows, columns) = (a.columns, b.columns)
    let rank = min(rows, columns)
    var product = CrossProduct.block(a, 0..<rows, b, 0..<columns)
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
