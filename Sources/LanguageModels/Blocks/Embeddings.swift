/// The bottom of a model: rows of the word table times a scale, plus positions and token type where it has them, then
/// normalised and brought to the model's width where the family does so, which positions may follow.
struct Embeddings: Sendable {
  let words: String
  let rows: Int  // V
  let width: Int  // E
  /// What rows, and the prompt's vectors as they are, are multiplied by: before the rounding to the table's own type.
  var scale = 1.0
  var positions: LearnedPositions?
  /// The table of token types, of which single sequences use the first.
  var tokenTypes: (name: String, count: Int)?
  var norm: Norm?
  /// From the embeddings' width to the model's.
  var projection: StoredMap?
}

/// A stored table with a row for each position.
struct LearnedPositions: Sendable {
  let name: String
  let count: Int
  /// The row of a sequence's first token.
  var first = 0
  /// Whether they are added after the projection, at the model's width.
  var followProjection = false
}
