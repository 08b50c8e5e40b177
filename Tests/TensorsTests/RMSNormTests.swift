import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct RMSNormTests {
  static let shapes = oddSizes.map { (3, $0) } + [(1, 640), (0, 5), (2, 129)]
  static let epsilon: Float = 1e-5

  /// 3e-6: a sum of C terms, its root and division, in units of the result's size of about 3.
  @Test(arguments: shapes, KernelSet.allCases)
  func forward(_ shape: (Int, Int), _ set: KernelSet) {
    let (rows, columns) = shape
    let x = Samples.matrix(rows, columns, "x", mean: 0.5)
    let gamma = Samples.matrix(1, columns, "gamma", mean: 1)
    var normalized = [Float](repeating: .nan, count: max(1, x.count))
    var deviation = [Float](repeating: .nan, count: max(1, rows))
    let y = filling(x.count) {
      set.table.rms_norm_forward(
        x.pointer, gamma.pointer, Self.epsilon, &normalized, &deviation, $0, rows, columns)
    }
    let expected = Naive.rmsNorm(x.wide, gamma: gamma.wide, epsilon: Double(Self.epsilon))
    expectClose(y, expected, absolute: 3e-6, relative: 1e-6)
  }

  /// Against the differences of the formula; in place as well.
  @Test(arguments: [(2, 3), (3, 17), (2, 64), (1, 65), (4, 8)], KernelSet.allCases)
  func backward(_ shape: (Int, Int), _ set: KernelSet) {
    let (rows, columns) = shape
    let x = Samples.matrix(rows, columns, "x", mean: 0.5)
    let gamma = Samples.matrix(1, columns, "gamma", mean: 1)
    let dy = Samples.matrix(rows, columns, "dy")
    var normalized = [Float](repeating: 0, count: x.count)
    var deviation = [Float](repeating: 0, count: rows)
    _ = filling(x.count) {
      set.table.rms_norm_forward(
        x.pointer, gamma.pointer, Self.epsilon, &normalized, &deviation, $0, rows, columns)
    }
    let dx = filling(x.count) {
      set.table.rms_norm_backward(dy.pointer, normalized, deviation, gamma.pointer, $0, rows, columns)
    }
    expectGradient(dx, at: x.wide, absolute: 1e-5, relative: 1e-5, set.name) { point in
      weightedSum(Naive.rmsNorm(point, gamma: gamma.wide, epsilon: Double(Self.epsilon)), dy.wide)
    }
    var inPlace = dy
    let pointer = inPlace.mutablePointer()
    set.table.rms_norm_backward(pointer, normalized, deviation, gamma.pointer, pointer, rows, columns)
    #expect(inPlace.elements == dx)
  }

  /// A matrix of heads side by side is normalised head by head, in place or not, and so is its gradient.
  @Test func headByHead() {
    let norm = RMSNorm(gamma: Samples.matrix(1, 5, "gamma"), epsilon: Self.epsilon)
    let x = Samples.matrix(4, 15, "x")
    var (saved, partsSaved) = (RMSNorm.Saved(), RMSNorm.Saved())
    var (y, parts) = (Matrix(rows: 0, columns: 0), Matrix(rows: 12, columns: 5, x.elements))
    norm.forward(x, saving: &saved, into: &y)
    norm.forward(&parts, saving: &partsSaved)
    #expect((y.rows, y.columns) == (4, 15) && y.elements == parts.elements)
    var dy = Samples.matrix(4, 15, "dy")
    var dx = Matrix(rows: 0, columns: 0)
    norm.backward(dy, saved, into: &dx)
    norm.backward(&dy, saved)
    #expect(dx == dy)
    // Fewer rows of the gradient are the first ones.
    norm.backward(Samples.matrix(4, 15, "dy").gathering(0..<2), saved, into: &dx)
    #expect(dx == dy.gathering(0..<2))
  }

  /// It is no LayerNorm: a shift of the row counts.
  @Test func aShiftCounts() {
    let one = [1.0, 1, 1]
    let (a, b) = (
      Naive.rmsNorm([1, 2, 3], gamma: one, epsilon: 0), Naive.rmsNorm([2, 3, 4], gamma: one, epsilon: 0)
    )
    #expect(abs(a[0] - b[0]) > 0.1)
  }
}
