extension BytePairEncoding {
  /// The model whose merges are all ways to cut a piece into two, those into pieces of high score first
  /// (generate_merges in transformers' convert_slow_tokenizer.py).
  init(pieces: [Unigram.Piece], unknownPiece: String, file: String) throws(TokenizationError) {
    guard pieces.count <= Vocabulary.idRange.count else {
      throw TokenizationError(
        file: file, expected: "at most \(Vocabulary.idRange.count) pieces", found: "\(pieces.count)")
    }
    var vocabulary = Vocabulary(capacity: pieces.count)
    for (id, piece) in pieces.enumerated() { _ = vocabulary.insert(piece.token, id: id) }
    var merges = Self.merges(of: pieces, vocabulary)
    // Where scores fall from piece to piece, as Gemma's do, only the ways to cut one piece have to be put in order.
    if zip(pieces, pieces.dropFirst()).allSatisfy({ $0.score > $1.score }) {
      var start = 0
      while start < merges.count {
        let end = merges[start...].firstIndex { $0.order != merges[start].order } ?? merges.count
        if end - start > 1 { merges[start..<end].sort { $0.precedes($1) } }
        start = end
      }
    } else {
      merges.sort { $0.precedes($1) }
    }
    var table = MergeTable(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      table.insert(merge.left, merge.right, rank: rank, merged: merge.merged)
    }
    var settings = Settings()
    settings.unknown = vocabulary.id(of: unknownPiece)
    settings.fusesUnknown = true
    settings.fallsBackToBytes = true
    self.init(vocabulary: vocabulary, merges: table, settings: settings)
  }

  private struct Merge {
    let left: Int
    let right: Int
    let merged: Int
    let score: Double
    let leftLength: Int
    let rightLength: Int
    let order: Int  // of the pieces

    /// By score, then by the lengths in scalars of the parts, all descending; then by piece, and by the parts' ids.
    func precedes(_ other: Merge) -> Bool {
      if score != other.score { return score > other.score }
      if leftLength != other.leftLength { return leftLength > other.leftLength }
      if rightLength != other.rightLength { return rightLength > other.rightLength }
      return (order, left, right) < (other.order, other.left, other.right)
    }
  }

  private static func merges(of pieces: [Unigram.Piece], _ vocabulary: Vocabulary) -> [Merge] {
    var merges: [Merge] = []
    for (order, piece) in pieces.enumerated()
    where vocabulary.id(in: piece.token, piece.token.indices) == order {
      let token = piece.token
      var hash = Vocabulary.emptyHash
      var length = 0
      let scalars = token.count { $0 & 0xC0 != 0x80 }
      for (index, byte) in token.enumerated() {
        if byte & 0xC0 != 0x80 {
          if index > 0, let left = vocabulary.id(in: token, 0..<index, hash: hash),
            let right = vocabulary.id(in: token, index..<token.count)
          {
            merges.append(
              Merge(
                left: left, right: right, merged: order, score: piece.score, leftLength: length,
                rightLength: scalars - length, order: order))
          }
          length += 1
        }
        hash = Vocabulary.hash(hash, byte)
      }
    }
    return merges
  }
}
