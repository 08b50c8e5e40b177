import Tensors

/// The default way between two spaces: each canonical direction of the source's anchors goes to its partner in the target, shrunk
/// by the square root of their correlation.
///
/// It lies half-way between the linear map, which shrinks by the correlation itself (a prompt's vectors, which no word resembles,
/// lose most of what makes them work), and canonical correlation analysis, which does not shrink at all and so carries noise.
/// Spaces are not centred: on the anchors' own mean the map got worse, on the whole table's it stayed the same. The ridge is fixed:
/// held-out words choose the one that carries words best, and prompts need more.
package struct CanonicalMap: Sendable {
  private let weight: Matrix  // (Cs, Ct)

  /// - Parameters:
  ///   - sums: over the anchors in both spaces
  ///   - ridge: in units of the mean square of each side's entries
  ///   - shrinkage: the power of the correlations: 1 is the linear map, 0 no shrinking
  package init(_ sums: consuming PairedSums, ridge: Double, shrinkage: Double) {
    let (height, width) = (sums.sourceWidth, sums.targetWidth)
    weight =
      CanonicalCorrelations(sums, ridge: ridge)?.map(exponent: shrinkage)
      ?? Matrix(rows: height, columns: width, repeatElement(.nan, count: height * width))
  }

  /// (P, Cs) to (P, Ct).
  package func apply(_ vectors: Matrix) -> Matrix {
    var result = Matrix(rows: vectors.rows, columns: weight.columns)
    result.multiply(vectors, weight)
    return result
  }
}
