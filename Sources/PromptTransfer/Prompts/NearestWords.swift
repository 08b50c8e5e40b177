import Tensors

extension EmbeddingSpace {
  /// The whole words whose embeddings have the largest cosine with each vector, best first.
  public func nearestWords(to vectors: Matrix, count: Int) -> [[(word: String, cosine: Float)]] {
    let anchors = Anchors([tokenizer])
    let words = table.rows(anchors.ids(tokenizer)).normalizingRows()
    var cosines = Matrix(rows: vectors.rows, columns: words.rows)
    cosines.multiply(vectors.normalizingRows(), words, transposeB: true)
    return (0..<vectors.rows).map { row in
      let values = cosines.row(row)
      return values.indices.sorted { values[$0] > values[$1] }.prefix(count).map {
        (anchors.words[$0], values[$0])
      }
    }
  }
}

extension PromptFile {
  /// The Euclidean length of each vector.
  public var lengths: [Double] { (0..<vectors.rows).map(vectors.rowNorm) }
}
