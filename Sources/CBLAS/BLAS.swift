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

  /// The bits of the vectors that the library's kernels work with. OpenBLAS takes those of a processor that is older by twenty
  /// years where it does not know the one it runs on, without a word.
  package static let vectorBits: Int = {
    #if arch(x86_64) && !canImport(Accelerate)
      switch String(cString: openblas_get_corename()).lowercased() {
      case "skylakex", "cooperlake", "sapphirerapids": 512
      case "haswell", "zen", "excavator": 256
      default: 128
      }
    #else
      Int.max  // made for the one processor, or of vectors that all have
    #endif
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

  /// Solves `A x = b` in place for right-hand sides of length n, one after the other, with the factor left by
  /// `factorCholesky`.
  package static func solveCholesky(
    _ factor: UnsafePointer<Double>, n: Int, _ b: UnsafeMutablePointer<Double>, count: Int = 1
  ) {
    _ = isSingleThreaded
    var order = Int32(n)
    var leading = Int32(max(n, 1))
    var count = Int32(count)
    var info: Int32 = 0
    var uplo: CChar = 0x4C
    dpotrs_(
      &uplo, &order, &count, UnsafeMutablePointer(mutating: factor), &leading, b, &leading, &info)
  }

  package enum Side { case left, right }

  /// Multiplies the row-major (rows, columns) matrix `b` in place from one side with the upper triangle `u` (n, n), row-major,
  /// or with its transpose, its inverse, or both.
  package static func applyTriangle(
    _ u: UnsafePointer<Double>, n: Int, isTransposed: Bool, isInverted: Bool, side: Side,
    _ b: UnsafeMutablePointer<Double>, rows: Int, columns: Int
  ) {
    _ = isSingleThreaded
    guard rows > 0, columns > 0 else { return }
    let apply = isInverted ? cblas_dtrsm : cblas_dtrmm
    apply(
      CblasRowMajor, side == .left ? CblasLeft : CblasRight, CblasUpper,
      isTransposed ? CblasTrans : CblasNoTrans, CblasNonUnit, Int32(rows), Int32(columns), 1, u, Int32(n), b,
      Int32(columns))
  }

  /// The thin singular value decomposition `A = U diag(s) V^T` of a row-major (rows, columns) matrix, which is lost. With
  /// `r = min(rows, columns)`, `u` is (rows, r) and `vt` (r, columns), both row-major. Returns false when it does not
  /// converge, as for entries that are not finite.
  package static func decomposeSingular(
    _ a: UnsafeMutablePointer<Double>, rows: Int, columns: Int, singularValues: UnsafeMutablePointer<Double>,
    u: UnsafeMutablePointer<Double>, vt: UnsafeMutablePointer<Double>
  ) -> Bool {
    _ = isSingleThreaded
    let rank = min(rows, columns)
    guard rank > 0 else { return true }
    // LAPACK reads columns: it sees A^T = V diag(s) U^T, so the two factors change places.
    var (m, n, inner) = (Int32(columns), Int32(rows), Int32(rank))
    var (leadingA, leadingU) = (m, m)
    var job: CChar = 0x53  // "S"
    var info: Int32 = 0
    var integers = [Int32](repeating: 0, count: 8 * rank)
    var size = 0.0
    var query: Int32 = -1
    dgesdd_(
      &job, &m, &n, a, &leadingA, singularValues, vt, &leadingU, u, &inner, &size, &query, &integers, &info)
    var count = Int32(size)
    var work = [Double](repeating: 0, count: Int(count))
    dgesdd_(
      &job, &m, &n, a, &leadingA, singularValues, vt, &leadingU, u, &inner, &work, &count, &integers, &info)
    return info == 0
  }
}
