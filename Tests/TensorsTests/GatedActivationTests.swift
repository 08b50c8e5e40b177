import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct GatedActivationTests {
  private static func naive(_ sums: [Double], columns: Int, _ f: (Double) -> Double) -> [Double] {
    stride(from: 0, to: sums.count, by: 2 * columns).flatMap { start in
      (0..<columns).map { f(sums[start + $0]) * sums[start + columns + $0] }
    }
  }

  /// 2e-6: as the activation by itself, times a number of size 3.
  @Test(arguments: ActivationCase.all, KernelSet.allCases)
  func forward(_ activation: ActivationCase, _ set: KernelSet) {
    for (rows, columns) in [(1, 1), (3, 17), (2, 65), (5, 8), (0, 4)] {
      let sums = Samples.normal(rows * 2 * columns, "sums", deviation: 2)
      let y = filling(rows * columns) {
        set.table.gated_activation_forward(activation.kind, sums, $0, rows, columns)
      }
      expectClose(
        y, Self.naive(sums.wide, columns: columns, activation.formula), absolute: 2e-6, relative: 1e-6)
    }
  }

  @Test(arguments: ActivationCase.all, KernelSet.allCases)
  func backward(_ activation: ActivationCase, _ set: KernelSet) {
    for (rows, columns) in [(1, 1), (3, 17), (2, 33)] {
      let sums = Samples.normal(rows * 2 * columns, "sums", deviation: 2)
      let dy = Samples.normal(rows * columns, "dy")
      let dsums = filling(sums.count) {
        set.table.gated_activation_backward(activation.kind, sums, dy, $0, rows, columns)
      }
      expectGradient(dsums, at: sums.wide, absolute: 1e-5, relative: 1e-5) { point in
        weightedSum(Self.naive(point, columns: columns, activation.formula), dy.wide)
      }
    }
  }

  /// The wrapper's halves are gates and what they let through, in this order.
  @Test func gatesAreOnTheLeft() {
    var y = Matrix(rows: 0, columns: 0)
    ActivationFunction.relu.gatedForward(Matrix(rows: 1, columns: 4, [-1, 2, 5, 7]), into: &y)
    #expect(y.elements == [0, 14])
    var dsums = Matrix(rows: 0, columns: 0)
    ActivationFunction.relu.gatedBackward(
      Matrix(rows: 1, columns: 4, [-1, 2, 5, 7]), Matrix(rows: 1, columns: 2, [1, 1]), into: &dsums)
    #expect(dsums.elements == [0, 7, 0, 2])
  }
}

@Suite struct SoftCapTests {
  static let inputs: [Float] = (-400...400).map { Float($0) * 0.025 + 0.003 } + [0, 1e-6, -1e-6, 80, -80]

  /// Two roundings of the tanh and of the product.
  @Test(arguments: [0.5, 3, 30] as [Float], KernelSet.allCases)
  func forwardAndBackward(_ cap: Float, _ set: KernelSet) {
    var y = Self.inputs
    set.table.soft_cap(&y, cap, y.count)
    let expected = Self.inputs.wide.map { Naive.softCap($0, Double(cap)) }
    expectClose(y, expected, absolute: 1e-9, relative: 5e-7)
    let dy = Samples.normal(y.count, "dy")
    var dx = dy
    set.table.soft_cap_backward(y, cap, &dx, y.count)
    let slopes = Self.inputs.wide.map { x in
      (Naive.softCap(x + 1e-5, Double(cap)) - Naive.softCap(x - 1e-5, Double(cap))) / 2e-5
    }
    expectClose(dx, zip(slopes, dy.wide).map { $0 * $1 }, absolute: 3e-6)
  }
}
