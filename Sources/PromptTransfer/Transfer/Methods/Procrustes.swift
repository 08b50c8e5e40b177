import Tensors

/// The orthogonal matrix that takes the source's anchors closest to the target's; for unequal widths one with orthonormal columns
/// or rows.
///
/// Embeddings are not centred: a prompt vector's part along the mean word is carried like any other. Lengths are the source's,
/// which the normalisation then replaces.
public struct Procrustes: TransferMethod {
  public static let name = "procrustes"
  public static let summary = "the rotation that takes the source's words closest to the target's"

  public init() {}

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    FittedMaps(words) { source, target in
      MatrixMap(weight: OrthogonalProcrustes.solve(source.all(), target.all()))
    }
  }
}
