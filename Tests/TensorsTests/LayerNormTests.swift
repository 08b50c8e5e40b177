import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct LayerNormTests {
  struct Parts: Sendable { let bias, residual: Bool }
  static let parts = [(false, false), (true, false), (false, true), (true, true)]
  static let shapes = oddSizes.map { (3, $0) } + [(1, 768), (0, 5), (2, 129)]
  static let epsilon: Float = 1e-5

  /// 3e-6: a sum of C terms, its square root and division, in units of the result's size of about 3.
  @Test(arguments: shapes, parts)
  func forward(_ shape: (Int, Int), _ given: (bias: Bool, residual: Bool)) {
    let (rows, columns) = shape
    let x = Samples.matrix(rows, columns, "x", mean: 0.5)
    let bias = given.bias ? Samples.matrix(1, columns, "bias") : nil
    let residual = given.residual ? Samples.matrix(rows, columns, "residual") : nil
    let (gamma, beta) = (Samples.matrix(1, columns, "gamma", mean: 1), Samples.matrix(1, columns, "beta"))
    var sum = x.wide
    for i in sum.indices {
      sum[i] += (bias?.wide[i % columns] ?? 0) + (residual?.wide[i] ?? 0)
    }
    let expected = Naive.layerNorm(
      sum, gamma: gamma.wide, beta: beta.wide, epsilon: Double(Self.epsilon), rows: rows)
    for set in KernelSet.allCases {
      var normalized = [Float](repeating: 0, count: max(1, x.count))
      var deviation = [Float](repeating: 0, count: max(1, rows))
      let y = filling(x.count) {
        set.table.layer_norm_forward(
          x.pointer, bias?.pointer, residual?.pointer, gamma.pointer, beta.pointer, Self.epsilon, &normalized,
          &deviation, $0, rows, columns)
      }
      expectClose(y, expected, absolute: 3e-6, relative: 1e-6, set.name)
    }
    var saved = LayerNorm.Saved()
    var y = Matrix(rows: 0, columns: 0)
    LayerNorm(gamma: gamma, beta: beta, epsilon: Self.epsilon)
      .forward(x, bias: bias, residual: residual, saving: &saved, into: &y)
    expectClose(y.elements, expected, absolute: 3e-6, relative: 1e-6, "wrapper")
    #expect((saved.normalized.rows, saved.inverseDeviation.count) == (rows, rows))
  }

  /// Against the differences of the formula: 1e-5, since 1/sqrt(var + eps) multiplies all roundings, by more than
  /// 1 where a row has few columns.
  @Test(arguments: [(2, 3), (3, 17), (2, 64), (1, 65), (4, 8)], KernelSet.allCases)
  func backward(_ shape: (Int, Int), _ set: KernelSet) {
    let (rows, columns) = shape
    let x = Samples.matrix(rows, columns, "x", mean: 0.5)
    let (gamma, beta) = (Samples.matrix(1, columns, "gamma", mean: 1), Samples.matrix(1, columns, "beta"))
    let dy = Samples.matrix(rows, columns, "dy")
    var normalized = [Float](repeating: 0, count: x.count)
    var deviation = [Float](repeating: 0, count: rows)
    _ = filling(x.count) {
      set.table.layer_norm_forward(
        x.pointer, nil, nil, gamma.pointer, beta.pointer, Self.epsilon, &normalized, &deviation, $0, rows,
        columns)
    }
    let dx = filling(x.count) {
      set.table.layer_norm_backward(dy.pointer, normalized, deviation, gamma.pointer, $0, rows, columns)
    }
    expectGradient(dx, at: x.wide, absolute: 1e-5, relative: 1e-5, set.name) { point in
      weightedSum(
        Naive.layerNorm(
          point, gamma: gamma.wide, beta: beta.wide, epsilon: Double(Self.epsilon), rows: rows), dy.wide)
    }
    var inPlace = dy
    let pointer = inPlace.mutablePointer()
    set.table.layer_norm_backward(pointer, normalized, deviation, gamma.pointer, pointer, rows, columns)
    #expect(inPlace.elements == dx)
  }

  /// The wrapper may be given one matrix as gradient and as result.
  @Test func backwardInPlace() {
    let x = Samples.matrix(3, 9, "x")
    let norm = LayerNorm(
      gamma: Samples.matrix(1, 9, "gamma"), beta: Matrix(rows: 1, columns: 9), epsilon: Self.epsilon)
    var saved = LayerNorm.Saved()
    var (y, dx) = (Matrix(rows: 0, columns: 0), Matrix(rows: 0, columns: 0))
    norm.forward(x, saving: &saved, into: &y)
    var gradient = Samples.matrix(3, 9, "dy")
    norm.backward(gradient, saved, into: &dx)
    norm.backward(gradient, saved, into: &gradient)
    #expect(gradient == dx)
  }

  /// A row of equal numbers has no deviation: epsilon keeps the result finite, and it is beta.
  @Test(arguments: KernelSet.allCases)
  func equalNumbers(_ set: KernelSet) {
    let x = [Float](repeating: 3, count: 16)
    let beta = Samples.normal(16, "beta")
    var (normalized, deviation) = (x, [Float](repeating: 0, count: 1))
    let y = filling(16) {
      set.table.layer_norm_forward(x, nil, nil, x, beta, 1e-12, &normalized, &deviation, $0, 1, 16)
    }
    #expect(y == beta)
  }

  /// Not invariant to everything: it is to a shift of the row, not to another epsilon.
  @Test func epsilonCounts() {
    let x: [Double] = [0.001, -0.001, 0.0005]
    let one = [1.0, 1, 1]
    let zero = [0.0, 0, 0]
    let (a, b) = (
      Naive.layerNorm(x, gamma: one, beta: zero, epsilon: 1e-5, rows: 1),
      Naive.layerNorm(x, gamma: one, beta: zero, epsilon: 1e-12, rows: 1)
    )
    #expect(abs(a[0] - b[0]) > 0.1)
  }
}
