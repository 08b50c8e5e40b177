import Tensors

/// The least-squares linear map between two spaces: `W = (As^T As + lambda I)^-1 As^T At`.
struct LinearMap: Sendable {
  private let weight: Matrix  // (Cs, Ct)

  /// - Parameters:
  ///   - source: (K, Cs)
  ///   - target: (K, Ct)
  ///   - ridge: in units of the mean diagonal of `As^T As`
  init(from source: Matrix, to target: Matrix, ridge: Double, parallelism: Parallelism) {
    let factor = GramMatrix(source, parallelism: parallelism).factored(ridge: ridge)
    var products = Matrix(rows: target.columns, columns: source.columns)  // (Ct, Cs)
    products.multiply(target, source, transposeA: true)
    var weight = Matrix(rows: source.columns, columns: target.columns)
    for column in 0..<target.columns {
      let solution = factor.solve(products.row(column).map(Double.init))
      for row in 0..<source.columns { weight[row, column] = Float(solution[row]) }
    }
    self.weight = weight
  }

  /// (P, Cs) to (P, Ct).
  func apply(_ vectors: Matrix) -> Matrix {
    var result = Matrix(rows: vectors.rows, columns: weight.columns)
    result.multiply(vectors, weight)
    return result
  }
}
