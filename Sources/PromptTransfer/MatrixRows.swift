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
    var result = self
    result.normalizeRows()
    return result
  }

  /// Divides every row by its length, in place; rows of zeros stay.
  mutating func normalizeRows() {
    let (height, width) = (rows, columns)
    let base = mutablePointer()
    for row in 0..<height {
      let norm = rowNorm(row)
      guard norm > 0 else { continue }
      for i in row * width..<(row + 1) * width { base[i] = Float(Double(base[i]) / norm) }
    }
  }

  /// Divides every column by its number; columns of zero stay.
  mutating func divideColumns(by numbers: [Double]) {
    precondition(numbers.count == columns)
    let (height, width) = (rows, columns)
    let base = mutablePointer()
    for column in 0..<width where numbers[column] > 0 {
      for row in 0..<height {
        base[row * width + column] = Float(Double(base[row * width + column]) / numbers[column])
      }
    }
  }

  mutating func setRow(_ row: Int, _ values: [Double]) {
    precondition(row >= 0 && row < rows && values.count == columns)
    let width = columns
    let target = mutablePointer() + row * width
    for column in 0..<width { target[column] = Float(values[column]) }
  }

  mutating func add(_ other: Matrix, scaledBy scale: Float = 1) {
    precondition(rows == other.rows && columns == other.columns)
    kernels.axpy(scale, other.pointer, mutablePointer(), count)
  }
}
