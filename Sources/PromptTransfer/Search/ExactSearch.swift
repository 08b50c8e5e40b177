import Tensors

/// The target directions with the highest objective, in closed form.
///
/// With unit anchor rows `Â` the similarities of `v` are `Â v / |v|`, and cosine ignores `1/|v|`: the objective
/// `cos(Â v, r)` is largest at the least-squares direction `v = (Â^T Â + lambda I)^-1 Â^T r` with `lambda` 0. A ridge
/// trades fit for robustness; it is given in units of the mean diagonal of `Â^T Â`.
package struct ExactSearch: Sendable {
  package let ridge: Double

  package init(ridge: Double) { self.ridge = ridge }

  /// - Parameter anchors: (K, Ct), rows of unit length
  /// - Returns: (P, Ct), rows of unit length
  package func directions(_ code: RelativeCode, unitAnchors anchors: Matrix, parallelism: Parallelism)
    -> Matrix
  {
    let width = anchors.columns
    var result = Matrix(rows: code.similarities.rows, columns: width)
    var shared: CholeskyFactor?  // of the full set of anchors
    let target = result.mutablePointer()
    for row in 0..<result.rows {
      let kept = code.kept[row]
      var factor =
        (kept == nil ? shared : nil)
        ?? NormalEquations(anchors, rows: kept, parallelism: parallelism).factored(ridge: ridge)
      if kept == nil { shared = factor }
      var rightHandSide = [Double](repeating: 0, count: width)
      for index in kept ?? Array(0..<anchors.rows) {
        let weight = Double(code.similarities.row(row)[index])
        for (column, value) in anchors.row(index).enumerated() {
          rightHandSide[column] += weight * Double(value)
        }
      }
      let solution = factor.solve(rightHandSide)
      let norm = solution.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for column in 0..<width where norm > 0 { target[row * width + column] = Float(solution[column] / norm) }
    }
    return result
  }
}
