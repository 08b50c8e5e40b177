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

  /// Writes columns: `part` is (rows, range.count).
  mutating func setColumns(_ range: Range<Int>, to part: Matrix) {
    precondition(part.rows == rows && part.columns == range.count && range.upperBound <= columns)
    let (height, width) = (rows, columns)
    let target = mutablePointer()
    for row in 0..<height {
      (target + row * width + range.lowerBound).update(
        from: part.pointer + row * part.columns, count: part.columns)
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

  /// The matrix product.
  func product(_ other: Matrix) -> Matrix {
    var result = Matrix(rows: rows, columns: other.columns)
    result.multiply(self, other)
    return result
  }

  func scaled(by factor: Float) -> Matrix {
    var result = self
    let values = result.mutablePointer()
    for i in 0..<count { values[i] *= factor }
    return result
  }

  /// Every row with a multiple of the numbers added.
  func addingToRows(_ numbers: [Double], scaledBy scale: Double = 1) -> Matrix {
    precondition(numbers.count == columns)
    var result = self
    let (height, width) = (rows, columns)
    let target = result.mutablePointer()
    for row in 0..<height {
      for column in 0..<width {
        let place = row * width + column
        target[place] = Float(Double(target[place]) + scale * numbers[column])
      }
    }
    return result
  }

  /// Adds the one row of `other` to a row.
  mutating func addRow(_ other: Matrix, toRow row: Int) {
    precondition(other.rows == 1 && other.columns == columns && row >= 0 && row < rows)
    let width = columns
    kernels.axpy(1, other.pointer, mutablePointer() + row * width, width)
  }

  /// (1, columns)
  func columnSums() -> Matrix {
    var sums = Matrix(rows: 1, columns: columns)
    for row in 0..<rows { kernels.axpy(1, pointer + row * columns, sums.mutablePointer(), columns) }
    return sums
  }
}
