import Tensors

/// The rows of a model's table that hardly moved in training, since their tokens stood in no text (Land and Bartolo 2024, "Fishing
/// for Magikarp").
///
/// Wherever training left them, they lie close together. Tokens that no text holds show where: special ones, those whose name
/// says that they are unused or reserved, and rows without a token. A row is taken for one of them that is less than half as far
/// from their middle as a typical word.
struct UndertrainedRows: Sendable {
  /// The median of the known ones in each column, which the trained ones among them hardly move.
  private let centre: [Double]
  /// How far from it half of the known ones are at most.
  private let spread: Double

  /// How much closer to the middle than a typical word such a row is.
  private static let share = 0.5
  /// The most known ones that are looked at, and the least that say anything.
  private static let (limit, least) = (4096, 4)

  /// Nil where the model has too few such tokens.
  init?(_ space: EmbeddingSpace) {
    let ids = Self.knownIds(space)
    guard ids.count >= Self.least else { return nil }
    let rows = space.table.rows(ids)
    let centre = (0..<rows.columns).map { column in
      Self.median((0..<rows.rows).map { Double(rows[$0, column]) })
    }
    let offsets = rows.addingToRows(centre, scaledBy: -1)
    (self.centre, spread) = (centre, Self.median((0..<rows.rows).map(offsets.rowNorm)))
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func knownIds(_ space: EmbeddingSpace) -> [Int] {
    let special = space.tokenizer.specialIds
    return Array(
      (0..<space.table.rowCount).lazy.filter { id in
        guard !special.contains(id), let token = space.tokenizer.token(of: id) else { return true }
        return "<[".contains(token.first ?? " ")
          && (token.contains("unused") || token.contains("reserved"))
      }.prefix(limit))
  }

  /// The places of the anchors that are among them; none where the known ones do not lie together themselves.
  func places(in anchors: AnchorRows) -> [Int] {
    let distances = anchors.distances(from: centre)
    let bound = Self.share * Self.median(distances)
    return spread < bound ? distances.indices.filter { distances[$0] < bound } : []
  }
}

extension SharedVocabulary {
  /// Without the words that one of the models hardly learned.
  public func withoutUndertrained() -> SharedVocabulary {
    guard !words.isEmpty else { return self }
    var places: Set<Int> = []
    for anchors in sources + [target] {
      if let rows = UndertrainedRows(anchors.space) { places.formUnion(rows.places(in: anchors)) }
    }
    var others = without(places)
    (others.count, others.leftOut) = (count, places.count)
    return others
  }
}
