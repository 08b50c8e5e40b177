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

  /// Laying a weight out takes as long as so many products that do without.
  package static let productsBeforeLayout = 4

  /// What multiplies: our kernels with the weight as panels, or BLAS with the weight in its own layout; of a weight that is
  /// not in Float32, either with some of it at a time, unless it is rounded.
  private enum Product: Sendable {
    case panels(PanelStore)
    case blas(Matrix, firstElement: Int, Layout)
    case stored(StoredProduct, Layout)
  }

  private let product: Product
  package let bias: Matrix  // (1, outputs), zeros where the map has none
  private let hasBias: Bool
  package let inputs: Int
  package var outputs: Int { bias.count }

  private init(_ product: Product, bias: Matrix, inputs: Int) {
    self.product = product
    self.bias = bias
    hasBias = bias.elements.contains { $0 != 0 }
    self.inputs = inputs
  }

  /// - Parameter firstOutput: this map's outputs are the `bias.count` ones from there on: several maps may share a weight
  package init(
    weight: Matrix, bias: Matrix, layout: Layout = .outputsByInputs, firstOutput: Int = 0,
    precision: Precision = .f32
  ) {
    let isTransposed = layout == .inputsByOutputs
    let (outputs, inputs) =
      isTransposed ? (weight.columns, weight.rows) : (weight.rows, weight.columns)
    precondition(firstOutput >= 0 && firstOutput + bias.count <= outputs)
    let firstElement = isTransposed ? firstOutput : firstOutput * inputs
    guard precision.panels.width > 0 else {
      self.init(.blas(weight, firstElement: firstElement, layout), bias: bias, inputs: inputs)
      return
    }
    let count = bias.count
    let (own, all) = (firstOutput..<firstOutput + count, 0..<inputs)
    let direct = StoredProduct(
      MatrixRows(matrix: weight), rows: .run(isTransposed ? all : own), columns: isTransposed ? own : all)
    let store = PanelStore(direct: precision == .f32 ? .init(product: direct, layout: layout) : nil) {
      defer { weight.releasePages() }
      return Panels(
        weight.pointer + firstElement, outputStride: isTransposed ? 1 : inputs,
        inputStride: isTransposed ? outputs : 1, outputs: count, inputs: inputs, precision)
    }
    self.init(.panels(store), bias: bias, inputs: inputs)
  }

  /// The same of a weight in any type.
  package init(
    weight: FrozenWeight, bias: Matrix, layout: Layout = .outputsByInputs, firstOutput: Int = 0,
    precision: Precision = .f32
  ) {
    switch weight {
    case .matrix(let matrix):
      self.init(
        weight: matrix, bias: bias, layout: layout, firstOutput: firstOutput, precision: precision)
    case .stored(let stored):
      let isTransposed = layout == .inputsByOutputs
      let outputs = firstOutput..<firstOutput + bias.count
      precondition(
        firstOutput >= 0 && outputs.upperBound <= (isTransposed ? stored.columns : stored.rows))
      let product: Product
      switch precision {
      case .f32:
        let rows = StoredProduct.Rows.run(isTransposed ? 0..<stored.rows : outputs)
        let columns = isTransposed ? outputs : 0..<stored.columns
        product = .stored(StoredProduct(stored, rows: rows, columns: columns), layout)
      case .bf16, .f16:
        product = .panels(
          PanelStore {
            defer { stored.releasePages() }
            return isTransposed
              ? Panels(columns: outputs, of: stored, precision)
              : Panels(rows: outputs, of: weight, precision)
          })
      }
      self.init(product, bias: bias, inputs: isTransposed ? stored.rows : stored.columns)
    }
  }

  /// Some outputs only, in their order, of a map whose weight is stored as (outputs, inputs).
  /// - Parameter size: up to how many numbers are laid out once of a weight that is not in Float32 and is not rounded. Rows that
  ///   lie scattered in a file take as long to read as to multiply.
  package init(
    rows: [Int], of weight: FrozenWeight, bias: Matrix, precision: Precision = .f32,
    laidOutUpTo size: Int = 0
  ) {
    precondition(rows.count == bias.count && rows.allSatisfy { $0 >= 0 && $0 < weight.rows })
    let isLaidOut = precision.panels.width > 0
    switch weight {
    case .matrix(let matrix) where !isLaidOut:
      self.init(
        .blas(matrix.gathering(rows), firstElement: 0, .outputsByInputs), bias: bias,
        inputs: weight.columns)
    case .stored(let stored)
    where !isLaidOut || (precision == .f32 && rows.count * weight.columns > size):
      let product = StoredProduct(stored, rows: .chosen(rows), columns: 0..<weight.columns)
      self.init(.stored(product, .outputsByInputs), bias: bias, inputs: weight.columns)
    default:
      var direct: PanelStore.Direct?
      if case .matrix(let matrix) = weight, precision == .f32 {
        let product = StoredProduct(
          MatrixRows(matrix: matrix), rows: .chosen(rows), columns: 0..<weight.columns)
        direct = .init(product: product, layout: .outputsByInputs)
      }
      let store = PanelStore(direct: direct) {
        defer { weight.releasePages() }
        return Panels(rows: rows, of: weight, precision)
      }
      self.init(.panels(store), bias: bias, inputs: weight.columns)
    }
  }

  /// Whether what becomes of a row of `x` is the same to the last bit whatever the other rows are.
  package static var keepsRowsApart: Bool { kernels.panels.width > 0 }

  /// Lays the weight out for the products to come, which else happens after the first few of them.
  package func prepare(gradients: Bool) {
    guard case .panels(let store) = product else { return }
    if gradients { _ = store.backward } else { store.layOut() }
  }

  /// `y[:, column ..< column + outputs] = x W^T + b`.
  package func forward(_ x: Matrix, into y: inout Matrix, column: Int = 0) {
    product(x, into: &y, column: column, bias: bias)
  }

  /// The same without the bias: the op that follows adds it in its own pass.
  package func productForward(_ x: Matrix, into y: inout Matrix) {
    product(x, into: &y, column: 0, bias: nil)
  }

  private func product(_ x: Matrix, into y: inout Matrix, column: Int, bias: Matrix?) {
    precondition(x.columns == inputs && y.rows == x.rows && column + outputs <= y.columns)
    let (rows, stride) = (y.rows, y.columns)
    let target = y.mutablePointer() + column
    let operands = StoredProduct.Operands(
      x: x.pointer, stride: inputs, rows: rows, bias: bias?.pointer, y: target, yStride: stride)
    switch product {
    case .panels(let store):
      switch store.next {
      case .panels(let panels):
        panels.multiply(
          x.pointer, stride: inputs, rows: rows, bias: bias?.pointer, accumulating: false, into: target,
          yStride: stride)
      case .stored(let weight, let layout):
        weight.multiply(operands, layout)
      }
    case .blas(let weight, let firstElement, let layout):
      BLAS.gemm(
        transposeA: false, transposeB: layout == .outputsByInputs, m: rows, n: outputs, k: inputs,
        alpha: 1,
        x.pointer, lda: inputs, weight.pointer + firstElement, ldb: weight.columns, beta: 0, target,
        ldc: stride)
      guard let bias else { return }
      for row in 0..<rows { kernels.add_bias(target + row * stride, bias.pointer, 1, outputs) }
    case .stored(let weight, let layout):
      weight.multiply(operands, layout)
    }
  }

  /// `dx = dy[:, column ..< column + outputs] W`, or added to `dx` when `accumulating`.
  package func backward(
    _ dy: Matrix, column: Int = 0, into dx: inout Matrix, accumulating: Bool = false
  ) {
    precondition(dx.columns == inputs && dx.rows == dy.rows && column + outputs <= dy.columns)
    let rows = dy.rows
    let target = dx.mutablePointer()
    switch product {
    case .panels(let store):
      store.backward.multiply(
        dy.pointer + column, stride: dy.columns, rows: rows, bias: nil, accumulating: accumulating,
        into: target, yStride: inputs)
    case .blas(let weight, let firstElement, let layout):
      BLAS.gemm(
        transposeA: false, transposeB: layout == .inputsByOutputs, m: rows, n: inputs, k: outputs,
        alpha: 1,
        dy.pointer + column, lda: dy.columns, weight.pointer + firstElement, ldb: weight.columns,
        beta: accumulating ? 1 : 0, target, ldc: inputs)
    case .stored(let weight, let layout):
      let operands = StoredProduct.Operands(
        x: dy.pointer + column, stride: dy.columns, rows: rows, isAccumulating: accumulating,
        y: target,
        yStride: inputs)
      switch layout {
      case .outputsByInputs: weight.multiplyByColumns(operands)
      case .inputsByOutputs: weight.multiplyByRows(operands)
      }
    }
  }

  /// `x += b`, row by row.
  package func addBias(to x: inout Matrix) {
    guard hasBias else { return }
    let rows = x.rows
    kernels.add_bias(x.mutablePointer(), bias.pointer, rows, outputs)
  }
}
