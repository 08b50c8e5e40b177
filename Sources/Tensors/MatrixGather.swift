extension Matrix {
  /// The rows of all of them, one matrix after the other; equal widths.
  package init(stacking parts: [Matrix]) {
    self.init(uninitializedRows: parts.reduce(0) { $0 + $1.rows }, columns: parts.first?.columns ?? 0)
    var target = mutablePointer()
    for part in parts {
      precondition(part.columns == columns)
      target.update(from: part.pointer, count: part.count)
      target += part.count
    }
  }

  /// Becomes the chosen rows of `other`, in that order.
  package mutating func gather(_ rows: [Int], of other: Matrix) {
    resize(rows: rows.count, columns: other.columns)
    let width = columns
    let target = mutablePointer()
    for (index, row) in rows.enumerated() {
      precondition(row >= 0 && row < other.rows)
      (target + index * width).update(from: other.pointer + row * width, count: width)
    }
  }

  /// Adds each row of `other` to the row that `rows` names for it, or to its own (nil); those that name no row of this
  /// matrix are left out.
  package mutating func scatterAdd(_ other: Matrix, to rows: [Int]? = nil) {
    precondition(columns == other.columns && (rows?.count ?? self.rows) == other.rows)
    let (height, width) = (self.rows, columns)
    let target = mutablePointer()
    guard let rows else {
      kernels.axpy(1, other.pointer, target, height * width)
      return
    }
    for (index, row) in rows.enumerated() where row < height {
      kernels.axpy(1, other.pointer + index * width, target + row * width, width)
    }
  }

  /// Becomes `height` rows, each the sum of the rows of `other` that name it.
  package mutating func sumRows(_ other: Matrix, by rows: [Int], height: Int) {
    resize(rows: height, columns: other.columns)
    fill(0)
    scatterAdd(other, to: rows)
  }
}
