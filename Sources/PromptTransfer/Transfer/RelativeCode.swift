import LanguageModels
import Tensors

/// Prompt vectors as their cosine similarities to the anchors: what is carried from model to model.
///
/// Unchanged when the source space is rotated or scaled, not when it is shifted.
public struct RelativeCode: Sendable {
  /// (P, K); with several sources the weighted sum of their unit-length codes. Where every anchor counts it has the same
  /// optimum as the weighted sum of the sources' objectives. With a mask that is near it only: each code has unit length
  /// over all anchors, not over those that the mask keeps.
  public let similarities: Matrix
  /// For each vector the anchors that count, in ascending order; nil for all of them.
  public let kept: [[Int]?]

  /// - Parameter sources: for each source its prompt (P, Cs), its anchors' embeddings (K, Cs) and its weight
  package init(_ sources: [(prompt: Matrix, anchors: Matrix, weight: Float)], mask: AnchorMask) {
    self.init(
      parts: sources.map { source in
        var cosines = Matrix(rows: source.prompt.rows, columns: source.anchors.rows)
        cosines.multiply(source.prompt.normalizingRows(), source.anchors, transposeB: true)
        cosines.divideColumns(by: (0..<source.anchors.rows).map(source.anchors.rowNorm))
        return (cosines, source.weight)
      }, mask: mask)
  }

  /// - Parameter parts: for each source the cosines (P, K) of its prompt, and its weight
  package init(parts: [(cosines: Matrix, weight: Float)], mask: AnchorMask) {
    var sum =
      parts.first.map { Matrix(rows: $0.cosines.rows, columns: $0.cosines.columns) }
      ?? Matrix(rows: 0, columns: 0)
    for part in parts {
      if parts.count > 1 {
        sum.add(part.cosines.normalizingRows(), scaledBy: part.weight)
      } else {
        sum = part.cosines
      }
    }
    similarities = sum
    kept = (0..<sum.rows).map { mask.kept(sum.row($0)) }
  }

  /// The codes of several prompts over the same anchors, one below the other.
  init(stacking codes: [RelativeCode]) {
    similarities = codes.count == 1 ? codes[0].similarities : Matrix(stacking: codes.map(\.similarities))
    kept = codes.flatMap(\.kept)
  }

  /// For each vector the anchor with the largest similarity, the first of equals.
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
  package func objective(_ candidate: Matrix, unitAnchors anchors: Matrix) -> [Double] {
    var products = Matrix(rows: candidate.rows, columns: anchors.rows)
    products.multiply(candidate, anchors, transposeB: true)
    return objective(found: products)
  }

  /// The same of the similarities (P, K) that were reached, up to a positive factor for each row.
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

  /// (P, K) with zeros where an anchor does not count.
  func maskedSimilarities() -> Matrix {
    var masked = Matrix(rows: similarities.rows, columns: similarities.columns)
    let width = masked.columns
    let target = masked.mutablePointer()
    for (row, kept) in kept.enumerated() {
      let source = similarities.pointer + row * width
      if let kept {
        for column in kept { target[row * width + column] = source[column] }
      } else {
        (target + row * width).update(from: source, count: width)
      }
    }
    return masked
  }
}
