import CBLAS
import Foundation

/// The canonical correlations (Hotelling 1936) of two tall matrices with corresponding rows, with a ridge on both sides
/// (Vinod 1976).
///
/// With `S^T S + ridge = Ls Ls^T` and `T^T T + ridge = Lt Lt^T`, they are the singular values of
/// `Ls^-1 S^T T Lt^-T = U diag(s) V^T`: how much the two spaces agree along each of their paired directions. The rows are
/// not centred.
package struct CanonicalCorrelations {
  /// Descending, from at most 1.
  package let values: [Double]
  /// The ridge on each side: what was asked for, or more where a side was singular with that.
  package let sourceRidge, targetRidge: Double
  private let sourceDirections: Matrix  // (Cs, r): Ls^-T U
  private let targetDirections: Matrix  // (r, Ct): V^T Lt^T

  /// - Parameter ridge: in units of the mean diagonal of each side's own `X^T X`
  /// - Returns: nil where an entry is no finite number
  package init?(_ sums: consuming PairedSums, ridge: Double) {
    var (sourceGram, product, targetGram) = sums.parts()
    guard product.allSatisfy(\.isFinite) else { return nil }
    let (height, width) = (sourceGram.width, targetGram.width)
    let rank = min(height, width)
    let left = (consume sourceGram).factored(ridge: ridge)
    let right = (consume targetGram).factored(ridge: ridge)
    var values = [Double](repeating: 0, count: rank)
    var u = [Double](repeating: 0, count: height * rank)
    var vt = [Double](repeating: 0, count: rank * width)
    left.apply(.inverse, fromLeftTo: &product, columns: width)
    right.apply(.inverseTransposed, fromRightTo: &product, rows: height)
    guard
      BLAS.decomposeSingular(
        &product, rows: height, columns: width, singularValues: &values, u: &u, vt: &vt)
    else { return nil }
    left.apply(.inverseTransposed, fromLeftTo: &u, columns: rank)
    right.apply(.transposed, fromRightTo: &vt, rows: rank)
    self.values = values
    (sourceRidge, targetRidge) = (left.ridge, right.ridge)
    sourceDirections = Matrix(rows: height, columns: rank, u.map { Float($0) })
    targetDirections = Matrix(rows: rank, columns: width, vt.map { Float($0) })
  }

  /// The map (Cs, Ct) that takes each direction of the source to its partner, at its correlation to the power of `exponent`.
  /// With 1 that is the least-squares map with a ridge; with 0 nothing is shrunk that the spaces do not agree about.
  package func map(exponent: Double) -> Matrix {
    var partners = targetDirections
    let base = partners.mutablePointer()
    for (row, value) in values.enumerated() {
      let factor = Float(pow(value, exponent))
      for column in row * partners.columns..<(row + 1) * partners.columns { base[column] *= factor }
    }
    var map = Matrix(rows: sourceDirections.rows, columns: targetDirections.columns)
    map.multiply(sourceDirections, partners)
    return map
  }
}
