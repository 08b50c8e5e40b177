import LanguageModels
import Tensors

/// Prompt vectors as their cosine similarities to the anchors: what is carried from model to model.
///
/// Unchanged when the source space is rotated or scaled, not when it is shifted.
public struct RelativeCode: Sendable {
  /// (P, K); with several sources the weighted sum of their unit-length codes, which has the same optimum as the
  /// weighted sum of their objectives.
  public let similarities: Matrix
  /// For each vector the anchors that count, in ascending order; nil for all of them.
  public let kept: [[Int]?]

  /// - Parameter sources: for each source its prompt (P, Cs), its anchors' embeddings (K, Cs) and its weight
  public init(_ sources: [(prompt: Matrix, anchors: Matrix, weight: Float)], mask: AnchorMask) {
    precondition(!sources.isEmpty)
    var sum = Matrix(rows: sources[0].prompt.rows, columns: sources[0].anchors.rows)
    for source in sources {
      var cosines = Matrix(rows: source.prompt.rows, columns: source.anchors.rows)
      cosines.multiply(source.prompt.normalizingRows(), source.anchors, transposeB: true)
      cosines.divideColumns(by: (0..<source.anchors.rows).map(source.anchors.rowNorm))
      if sources.count > 1 { cosines = cosines.normalizingRows() }
      sum.add(cosines, scaledBy: sources.count > 1 ? source.weight : 1)
    }
    self.init(similarities: sum, mask: mask)
  }

  init(similarities: Matrix, mask: AnchorMask) {
    self.similarities = similarities
    kept = (0..<similarities.rows).map { mask.kept(similarities.row($0)) }
  }

  /// For each vector the anchor with the largest similarity.
  var nearestAnchors: [Int] {
    (0..<similarities.rows).map { row in
      let values = similarities.row(row)
      return values.indices.max { values[$0] < values[$1] } ?? 0
    }
  }

  /// The objective for each row: the cosine between the code and the candidate's own similarities, over
  /// the anchors that count.
  /// - Parameters:
  ///   - candidate: (P, Ct)
  ///   - anchors: (K, Ct), rows of unit length
  public func objective(_ candidate: Matrix, unitAnchors anchors: Matrix) -> [Double] {
    var products = Matrix(rows: candidate.rows, columns: anchors.rows)
    products.multiply(candidate, anchors, transposeB: true)
    return objective(found: products)
  }

  /// The same of the similarities (P, K) that were reached.
  func objective(found: Matrix) -> [Double] {
    (0..<found.rows).map { row in
      let (mine, wanted) = (found.row(row), similarities.row(row))
      var (dot, mineSquared, wantedSquared) = (0.0, 0.0, 0.0)
      func take(_ index: Int) {
        let (a, b) = (Double(mine[index]), Double(wanted[index]))
        dot += a * b
        mineSquared += a * a
        wantedSquared += b * b
      }
      if let kept = kept[row] { kept.forEach(take) } else { mine.indices.forEach(take) }
      let norm = (mineSquared * wantedSquared).squareRoot()
      return norm > 0 ? dot / norm : 0
    }
  }
}
