import CBLAS

/// A frozen affine map `y = x W^T + b`, with the weight as PyTorch stores it.
package struct Linear: Sendable {
  package let weight: Matrix  // (outputs, inputs)
  package let bias: Matrix  // (1, outputs)

  package init(weight: Matrix, bias: Matrix) {
    precondition(bias.count == weight.rows)
    self.weight = weight
    self.bias = bias
  }

  package var outputs: Int { weight.rows }
  package var inputs: Int { weight.columns }

  /// `y[:, column ..< column + outputs] = x W^T`, without the bias: the op that follows adds it in its own pass.
  package func productForward(_ x: Matrix, into y: inout Matrix, column: Int = 0) {
    precondition(x.columns == inputs && y.rows == x.rows && column + outputs <= y.columns)
    let stride = y.columns
    BLAS.gemm(
      transposeA: false, transposeB: true, m: x.rows, n: outputs, k: inputs, alpha: 1,
      x.pointer, lda: inputs, weight.pointer, ldb: inputs, beta: 0,
      y.mutablePointer() + column, ldc: stride)
  }

  /// `dx = dy[:, column ..< column + outputs] W`, or added to `dx` when `accumulating`.
  package func productBackward(
    _ dy: Matrix, column: Int = 0, into dx: inout Matrix, accumulating: Bool = false
  ) {
    precondition(dx.columns == inputs && dx.rows == dy.rows && column + outputs <= dy.columns)
    BLAS.gemm(
      transposeA: false, transposeB: false, m: dy.rows, n: inputs, k: outputs, alpha: 1,
      dy.pointer + column, lda: dy.columns, weight.pointer, ldb: inputs, beta: accumulating ? 1 : 0,
      dx.mutablePointer(), ldc: inputs)
  }

  /// `x[:, column ..< column + outputs] += b`.
  package func addBias(to x: inout Matrix, column: Int = 0) {
    let stride = x.columns
    let rows = x.rows
    let target = x.mutablePointer() + column
    if stride == outputs {
      kernels.add_bias(target, bias.pointer, rows, outputs)
    } else {
      for row in 0..<rows { kernels.add_bias(target + row * stride, bias.pointer, 1, outputs) }
    }
  }
}
