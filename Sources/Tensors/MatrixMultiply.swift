import CBLAS

extension Matrix {
  /// `self = alpha * op(a) * op(b) + beta * self`, where op transposes when asked to. `self` must have the
  /// result's shape; with `beta` 0 its old contents do not matter.
  package mutating func multiply(
    _ a: Matrix, _ b: Matrix, transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1,
    beta: Float = 0
  ) {
    let (m, k) = transposeA ? (a.columns, a.rows) : (a.rows, a.columns)
    let (inner, n) = transposeB ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(k == inner && rows == m && columns == n, "shapes do not multiply")
    let target = mutablePointer()
    BLAS.gemm(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha,
      a.pointer, lda: a.columns, b.pointer, ldb: b.columns, beta: beta, target, ldc: n)
  }
}
