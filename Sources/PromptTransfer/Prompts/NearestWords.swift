import LanguageModels
import Tensors

/// The whole words of a model's vocabulary, for finding those near to a vector.
public struct WordList: Sendable {
  public let words: [String]
  private let rows: Matrix  // (words, C), of unit length

  public init(_ space: EmbeddingSpace) throws(TransferError) {
    let vocabulary = try SharedVocabulary(of: space)
    words = vocabulary.words
    rows = vocabulary.target.all().normalizingRows()
  }

  /// The words whose embeddings have the largest cosine with each vector, best first; of equal ones the first.
  public func nearest(to vectors: Matrix, count: Int) -> [[(word: String, cosine: Float)]] {
    var cosines = Matrix(rows: vectors.rows, columns: rows.rows)
    cosines.multiply(vectors.normalizingRows(), rows, transposeB: true)
    return (0..<vectors.rows).map { row in
      var best: [(place: Int, cosine: Float)] = []
      for (place, cosine) in cosines.row(row).enumerated() {
        if best.count == count, let last = best.last, cosine <= last.cosine { continue }
        let index = best.firstIndex { $0.cosine < cosine } ?? best.count
        best.insert((place, cosine), at: index)
        if best.count > count { best.removeLast() }
      }
      return best.map { (words[$0.place], $0.cosine) }
    }
  }
}

extension EmbeddingSpace {
  /// The whole words whose embeddings have the largest cosine with each vector, best first.
  public func nearestWords(to vectors: Matrix, count: Int) throws(TransferError) -> [[(
    word: String, cosine: Float
  )]] {
    try WordList(self).nearest(to: vectors, count: count)
  }

  /// The same for each vector of a prompt.
  public func nearestWords(to prompt: SoftPrompt, count: Int) throws(TransferError) -> [[(
    word: String, cosine: Float
  )]] {
    try nearestWords(to: prompt.vectors, count: count)
  }
}

extension PromptFile {
  /// The Euclidean length of each vector.
  public var lengths: [Double] { (0..<vectors.rows).map(vectors.rowNorm) }
}
