import Tensors

/// The default way between two spaces: each canonical direction of the source's anchors goes to its partner in the target,
/// shrunk by the square root of their correlation.
///
/// It lies half-way between the linear map, which shrinks by the correlation itself (a prompt's vectors, which no word resembles,
/// lose most of what makes them work), and canonical correlation analysis, which does not shrink at all and so carries noise.
/// Both spaces are centred on their anchors. The ridge is fixed: choosing it by held-out words finds what carries words best,
/// and prompts need more.
package struct CanonicalMap: Sendable {
  private let sourceMean, targetMean: [Double]
  private let weight: Matrix  // (Cs, Ct)

  /// - Parameters:
  ///   - source: (K, Cs)
  ///   - target: (K, Ct)
  ///   - ridge: in units of the mean variance of each side
  ///   - shrinkage: the power of the correlations: 1 is the linear map, 0 no shrinking
  package init(
    from source: Matrix, to target: Matrix, ridge: Double, shrinkage: Double, parallelism: Parallelism
  ) {
    sourceMean = source.columnMeans()
    targetMean = target.columnMeans()
    let correlations = CanonicalCorrelations(source, target, ridge: ridge, parallelism: parallelism)
    if let correlations {
      weight = correlations.map(exponent: shrinkage)
    } else {
      weight = Matrix(
        rows: source.columns, columns: target.columns,
        repeatElement(.nan, count: source.columns * target.columns))
    }
  }

  /// (P, Cs) to (P, Ct).
  package func apply(_ vectors: Matrix) -> Matrix {
    var centered = vectors
    centered.addToRows(sourceMean, scaledBy: -1)
    var result = Matrix(rows: vectors.rows, columns: weight.columns)
    result.multiply(centered, weight)
    result.addToRows(targetMean)
    return result
  }
}
