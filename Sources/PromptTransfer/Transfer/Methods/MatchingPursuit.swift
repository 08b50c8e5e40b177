import Tensors

/// Each vector as a combination of few words, and the same combination of the target's: orthogonal matching pursuit (Pati,
/// Rezaiifar and Krishnaprasad 1993), as in mergekit's tokensurgeon (arXiv 2506.06607).
///
/// Each step takes the word that has the largest product with what is left of the vector, by absolute value, and fits all that
/// were taken anew by least squares. It ends early where nothing is left.
public struct MatchingPursuit: TransferMethod {
  public static let name = "omp"
  public static let summary =
    "each vector as a combination of few words, found by orthogonal matching pursuit"

  /// How many words describe a vector.
  public var wordCount = 64
  /// Whether products are with words at length 1, in place of the words as they are.
  public var unitAtoms = false

  public static let settingNames = CodingKeys.names

  enum CodingKeys: String, CodingKey, CaseIterable { case wordCount, unitAtoms }

  public init() {}

  public init(wordCount: Int, unitAtoms: Bool = false) {
    (self.wordCount, self.unitAtoms) = (wordCount, unitAtoms)
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    wordCount = try fields.count(.wordCount, upTo: 4096) ?? wordCount
    unitAtoms = try fields.decode(.unitAtoms, default: unitAtoms)
  }

  public func fit(
    _ words: SharedVocabulary, _ context: FitContext
  ) throws(TransferError) -> any FittedMethod {
    FittedMaps(words) { source, target in
      PursuitMap(source: HeldAnchors(source, context.parallelism), target: target, settings: self)
    }
  }
}

private struct PursuitMap: VectorMap {
  let source: HeldAnchors
  let target: AnchorRows
  let settings: MatchingPursuit

  /// What is left of a vector when it is nothing but rounding, of its length.
  private static let rounding = 1e-6

  func apply(_ vectors: Matrix) -> Matrix {
    var left = vectors
    var mixtures = (0..<vectors.rows).map { _ in WordMixture() }
    var open = Array(0..<vectors.rows)
    for _ in 0..<min(settings.wordCount, source.count) {
      let products = source.products(left.gathering(open))
      var stillOpen: [Int] = []
      for (place, row) in open.enumerated() {
        guard let word = strongest(products.row(place), without: mixtures[row].places) else { continue }
        mixtures[row].places.append(word)
        let vector = vectors.row(row).map(Double.init)
        let rows = source.rows.gathering(mixtures[row].places)
        mixtures[row].weights = WordMixture.leastSquares(vector, rows)
        left.setRow(row, zip(vector, rows.sum(weights: mixtures[row].weights)).map { $0 - $1 })
        if left.rowNorm(row) > Self.rounding * vectors.rowNorm(row) { stillOpen.append(row) }
      }
      open = stillOpen
      if open.isEmpty { break }
    }
    return target.sums(mixtures)
  }

  /// The place of the largest product, the first of equals; nil where all are 0.
  private func strongest(_ products: UnsafeBufferPointer<Float>, without taken: [Int]) -> Int? {
    let taken = Set(taken)
    var best: (place: Int, strength: Double)?
    for (place, product) in products.enumerated() where product != 0 && !taken.contains(place) {
      let strength = abs(Double(product)) / (settings.unitAtoms ? source.lengths[place] : 1)
      if strength > best?.strength ?? 0 { best = (place, strength) }
    }
    return best?.place
  }
}
