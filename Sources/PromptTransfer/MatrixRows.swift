import Tensors

extension Matrix {
  /// The Euclidean length of a row.
  func rowNorm(_ row: Int) -> Double {
    kernels.dot_double(pointer + row * columns, pointer + row * columns, columns).squareRoot()
  }

  /// The mean length of the rows.
  var meanRowNorm: Double {
    (0..<rows).reduce(0) { $0 + rowNorm($1) } / Double(Swift.max(1, rows))
  }

  /// Every row divided by its length; rows of zeros stay.
  package func normalizingRows() -> Matrix {
    Normalization.lengths(Array(repeating: 1, count: rows)).forward(self)
  }

  mutating func add(_ other: Matrix, scaledBy scale: Float = 1) {
    precondition(rows == other.rows && columns == other.columns)
    kernels.axpy(scale, other.pointer, mutablePointer(), count)
  }
}
