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
    if isBLASBehind, alpha == 1, beta == 0, m >= 8, k > 0 {
      multiplyByPanels(transposeA ? a.transposed() : a, b, transposeB: transposeB)
      return
    }
    let target = mutablePointer()
    BLAS.gemm(
      transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: alpha,
      a.pointer, lda: a.columns, b.pointer, ldb: b.columns, beta: beta, target, ldc: n)
  }

  /// `self = a * op(b)` by our own kernels, some columns at a time.
  package mutating func multiplyByPanels(_ a: Matrix, _ b: Matrix, transposeB: Bool) {
    let (m, n, k) = (rows, columns, a.columns)
    let target = mutablePointer()
    let width = min(n, 256)  // a megabyte of a thousand rows of b
    var panels: Panels?
    for start in stride(from: 0, to: n, by: max(1, width)) {
      let count = min(width, n - start)
      let first = b.pointer + (transposeB ? start * b.columns : start)
      let (outputStride, inputStride) = transposeB ? (b.columns, 1) : (1, b.columns)
      if let panels, panels.outputs == count {
        panels.pack(first, outputStride: outputStride, inputStride: inputStride)
      } else {
        panels = Panels(
          first, outputStride: outputStride, inputStride: inputStride, outputs: count, inputs: k)
      }
      panels?.multiply(
        a.pointer, stride: k, rows: m, bias: nil, accumulating: false, into: target + start, yStride: n)
    }
  }
}
