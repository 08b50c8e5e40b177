// The one door to BLAS and LAPACK: Accelerate on macOS, OpenBLAS on Linux. Nothing else in the project calls them.

#if canImport(Accelerate)
  import Accelerate
#else
  import COpenBLAS
#endif

package enum BLAS {
  /// Keeps the library on the calling thread: our own workers are the only parallelism. Evaluated once, by the
  /// first call of any routine below.
  private static let isSingleThreaded: Bool = {
    #if !canImport(Accelerate)
      openblas_set_num_threads(1)
    #endif
    return true
  }()

  /// What the library calls itself, for `--version` and benchmark records.
  package static var description: String {
    #if canImport(Accelerate)
      "Accelerate"
    #else
      String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
        + " " + String(cString: openblas_get_corename())
    #endif
  }

  /// `C = alpha * op(A) * op(B) + beta * C`, row-major. `op(A)` is (m, k), `op(B)` is (k, n), `C` is (m, n);
  /// `lda`, `ldb` and `ldc` are the distances between stored rows.
  package static func gemm(
    transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float,
    _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int, beta: Float,
    _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    _ = isSingleThreaded
    guard m > 0, n > 0 else { return }
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      Int32(m), Int32(n), Int32(k), alpha, a, Int32(max(lda, 1)), b, Int32(max(ldb, 1)), beta, c, Int32(ldc))
  }

  /// Adds `A^T B` of the row-major (rows, m) and (rows, n) matrices to the row-major (m, n) `c`.
  package static func addTransposedProduct(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, rows: Int, m: Int, n: Int,
    to c: UnsafeMutablePointer<Double>
  ) {
    _ = isSingleThreaded
    guard rows > 0, m > 0, n > 0 else { return }
    cblas_dgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, Int32(m), Int32(n), Int32(rows), 1, a, Int32(m), b, Int32(n),
      1, c,
      Int32(n))
  }

  /// Cholesky factorisation, in place, of the symmetric (n, n) matrix whose upper triangle (row-major) is given.
  /// Returns false when the matrix is not positive definite.
  package static func factorCholesky(_ a: UnsafeMutablePointer<Double>, n: Int) -> Bool {
    _ = isSingleThreaded
    var order = Int32(n)
    var leading = Int32(max(n, 1))
    var info: Int32 = 0
    var uplo: CChar = 0x4C  // "L": the row-major upper triangle is LAPACK's (column-major) lower one
    dpotrf_(&uplo, &order, a, &leading, &info)
    return info == 0
  }

  /// Solves `A x = b` in place for one right-hand side of length n, with the factor left by `factorCholesky`.
  package static func solveCholesky(
    _ factor: UnsafePointer<Double>, n: Int, _ b: UnsafeMutablePointer<Double>
  ) {
    _ = isSingleThreaded
    var order = Int32(n)
    var leading = Int32(max(n, 1))
    var one: Int32 = 1
    var info: Int32 = 0
    var uplo: CChar = 0x4C
    dpotrs_(
      &uplo, &order, &one, UnsafeMutablePointer(mutating: factor), &leading, b, &leading, &info)
  }
}
