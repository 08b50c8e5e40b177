import Tensors

/// The rotation between two spaces: the orthogonal matrix that takes the source's anchors closest to the target's; for unequal
/// widths one with orthonormal columns or rows.
///
/// Embeddings are not centred: a prompt vector's part along the mean word is carried like any other. Lengths are the source's,
/// which the normalisation then replaces.
struct Procrustes: Sendable {
  private let rotation: Matrix  // (Cs, Ct)

  /// - Parameters:
  ///   - source: (K, Cs)
  ///   - target: (K, Ct)
  init(from source: Matrix, to target: Matrix) { rotation = OrthogonalProcrustes.solve(source, target) }

  /// (P, Cs) to (P, Ct).
  func apply(_ vectors: Matrix) -> Matrix {
    var result = Matrix(rows: vectors.rows, columns: rotation.columns)
    result.multiply(vectors, rotation)
    return result
  }
}
