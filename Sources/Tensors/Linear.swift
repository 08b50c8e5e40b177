import CBLAS

/// A frozen affine map `y = x W^T + b`.
package struct Linear: Sendable {
  /// How the weight is stored.
  package enum Layout: Sendable {
    /// PyTorch's `nn.Linear`: (outputs, inputs).
    case outputsByInputs
    /// GPT-2's `Conv1D`: (inputs, outputs).
    case inputsByOutputs
  }

  package let weight: Matrix
  package let bias: Matrix  // (1, outputs)
  private let layout: Layout
  /// Where this map's outputs lie among those of the weight: several maps may share one.
  private let firstOutput: Int
  package let inputs: Int
  package var outputs: Int { bias.count }

  /// - Parameter firstOutput: this map's outputs are the `bias.count` ones from there on
  package init(
    weight: Matrix, bias: Matrix, layout: Layout = .outputsByInputs, firstOutput: Int = 0
  ) {
    let (outputs, inputs) =
      layout == .outputsByInputs ? (weight.rows, weight.columns) : (weight.columns, weight.rows)
    precondition(firstOutput >= 0 && firstOutput + bias.count <= outputs)
    self.weight = weight
    self.bias = bias
    self.layout = layout
    self.firstOutput = firstOutput
    self.inputs = inputs
  }

  /// The first weight of this map's outputs.
  private var base: UnsafePointer<Float> {
    weight.pointer + (layout == .outputsByInputs ? firstOutput * inputs : firstOutput)
  }

  /// `y[:, column ..< column + outputs] = x W^T`, without the bias: the op that follows adds it in its own pass.
  package func productForward(_ x: Matrix, into y: inout Matrix, column: Int = 0) {
    precondition(x.columns == inputs && y.rows == x.rows && column + outputs <= y.columns)
    let stride = y.columns
    BLAS.gemm(
      transposeA: false, transposeB: layout == .outputsByInputs, m: x.rows, n: outputs, k: inputs, alpha: 1,
      x.pointer, lda: inputs, base, ldb: weight.columns, beta: 0,
      y.mutablePointer() + column, ldc: stride)
  }

  /// `dx = dy[:, column ..< column + outputs] W`, or added to `dx` when `accumulating`.
  package func productBackward(
    _ dy: Matrix, column: Int = 0, into dx: inout Matrix, accumulating: Bool = false
  ) {
    precondition(dx.columns == inputs && dx.rows == dy.rows && column + outputs <= dy.columns)
    BLAS.gemm(
      transposeA: false, transposeB: layout == .inputsByOutputs, m: dy.rows, n: inputs, k: outputs, alpha: 1,
      dy.pointer + column, lda: dy.columns, base, ldb: weight.columns, beta: accumulating ? 1 : 0,
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
