/// A matrix that stays as it is stored, in another type than Float32, and is widened where it is worked with.
package protocol StoredWeight: Sendable {
  var rows: Int { get }
  var columns: Int { get }
  /// Elements stand in blocks of so many columns, a power of two; 1 where each stands by itself.
  var blockLength: Int { get }

  /// A part of a row as Float32. The columns are whole blocks.
  func widen(row: Int, columns: Range<Int>, to target: UnsafeMutablePointer<Float>)

  /// Gives back what reading it took of memory; it is read again when it is needed again.
  func releasePages()
}

/// A matrix in Float32 as one of them.
struct MatrixRows: StoredWeight {
  let matrix: Matrix
  var rows: Int { matrix.rows }
  var columns: Int { matrix.columns }
  var blockLength: Int { 1 }

  func widen(row: Int, columns: Range<Int>, to target: UnsafeMutablePointer<Float>) {
    target.update(
      from: matrix.pointer + row * matrix.columns + columns.lowerBound, count: columns.count)
  }

  func releasePages() { matrix.releasePages() }
}

/// A frozen matrix: in Float32, or as it is stored.
package enum FrozenWeight: Sendable {
  case matrix(Matrix)
  case stored(any StoredWeight)

  package var rows: Int {
    switch self {
    case .matrix(let matrix): matrix.rows
    case .stored(let weight): weight.rows
    }
  }

  package var columns: Int {
    switch self {
    case .matrix(let matrix): matrix.columns
    case .stored(let weight): weight.columns
    }
  }

  /// Gives back what reading it took of memory; it is read again when it is needed again.
  package func releasePages() {
    switch self {
    case .matrix(let matrix): matrix.releasePages()
    case .stored(let weight): weight.releasePages()
    }
  }

  /// A row as Float32.
  package func copy(row: Int, to target: UnsafeMutablePointer<Float>) {
    switch self {
    case .matrix(let matrix):
      precondition(row >= 0 && row < matrix.rows)
      target.update(from: matrix.pointer + row * matrix.columns, count: matrix.columns)
    case .stored(let weight): weight.widen(row: row, columns: 0..<weight.columns, to: target)
    }
  }
}
