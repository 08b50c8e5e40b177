import CBLAS
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct LinearTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let m, k, n: Int
    var testDescription: String { "\(m)x\(k)x\(n)" }
  }

  static let shapes = [
    (1, 1, 1), (3, 17, 1), (1, 64, 3), (17, 3, 65), (65, 64, 17), (64, 65, 64), (5, 1, 7), (0, 3, 4),
    (3, 4, 0),
    (2, 0, 3),
  ].map { Shape(m: $0.0, k: $0.1, n: $0.2) }

  /// A sum of k products of size 1 in Float: its partial sums and the number of their roundings both grow.
  static func noise(_ k: Int) -> Double { 1.5e-6 * Double(max(k, 1)).squareRoot() }

  @Test(arguments: shapes)
  func allTransposes(_ shape: Shape) {
    let (m, k, n) = (shape.m, shape.k, shape.n)
    let (a, b, c) = (Samples.matrix(m, k, "a"), Samples.matrix(k, n, "b"), Samples.matrix(m, n, "c"))
    let product = Naive.product(a.wide, b.wide, m: m, k: k, n: n)
    for transposeA in [false, true] {
      for transposeB in [false, true] {
        let (left, right) = (transposeA ? a.transposed() : a, transposeB ? b.transposed() : b)
        var result = Matrix(rows: m, columns: n)
        result.fill(.nan)  // with beta 0 the old contents do not matter
        result.multiply(left, right, transposeA: transposeA, transposeB: transposeB)
        expectClose(result.elements, product, absolute: Self.noise(k), "A^\(transposeA) B^\(transposeB)")
        var updated = c
        updated.multiply(left, right, transposeA: transposeA, transposeB: transposeB, alpha: -0.5, beta: 2)
        let expected = zip(product, c.wide).map { -0.5 * $0 + 2 * $1 }
        expectClose(updated.elements, expected, absolute: Self.noise(k), "alpha and beta")
      }
    }
  }

  @Test(arguments: shapes.filter { $0.k > 0 && $0.n > 0 })
  func forwardAndBackward(_ shape: Shape) {
    let (rows, inputs, outputs) = (shape.m, shape.k, shape.n)
    let weight = Samples.matrix(outputs, inputs, "w")
    let linear = Linear(weight: weight, bias: Samples.matrix(1, outputs, "b"))
    let x = Samples.matrix(rows, inputs, "x")
    let expected = Naive.linear(
      x.wide, weight.wide, linear.bias.wide, rows: rows, inputs: inputs, outputs: outputs)
    var y = Matrix(rows: rows, columns: outputs)
    linear.forward(x, into: &y)
    expectClose(y.elements, expected, absolute: Self.noise(inputs), "y")

    let dy = Samples.matrix(rows, outputs, "dy")
    let slope = Naive.product(dy.wide, weight.wide, m: rows, k: outputs, n: inputs)
    var dx = Matrix(rows: rows, columns: inputs)
    linear.backward(dy, into: &dx)
    expectClose(dx.elements, slope, absolute: Self.noise(outputs), "dx")
    linear.backward(dy, into: &dx, accumulating: true)
    expectClose(dx.elements, slope.map { 2 * $0 }, absolute: 2 * Self.noise(outputs), "accumulated")
  }

  @Test func backwardIsTheGradient() {
    let weight = Samples.matrix(5, 7, "w")
    let linear = Linear(weight: weight, bias: Samples.matrix(1, 5, "b"))
    let (x, dy) = (Samples.matrix(3, 7, "x"), Samples.matrix(3, 5, "dy"))
    var dx = Matrix(rows: 3, columns: 7)
    linear.backward(dy, into: &dx)
    expectGradient(dx.elements, at: x.wide, absolute: 2e-6, relative: 1e-6) { point in
      weightedSum(
        Naive.linear(point, weight.wide, linear.bias.wide, rows: 3, inputs: 7, outputs: 5), dy.wide)
    }
  }

  /// Two maps write beside each other, as keys and values do, and each reads its own columns back.
  @Test func columnsOfAWiderMatrix() {
    let first = Linear(weight: Samples.matrix(3, 4, "w1"), bias: Samples.matrix(1, 3, "b1"))
    let second = Linear(weight: Samples.matrix(3, 4, "w2"), bias: Samples.matrix(1, 3, "b2"))
    let x = Samples.matrix(5, 4, "x")
    var wide = Matrix(rows: 5, columns: 6)
    var (one, two) = (Matrix(rows: 5, columns: 3), Matrix(rows: 5, columns: 3))
    for (linear, column) in [(first, 0), (second, 3)] {
      linear.forward(x, into: &wide, column: column)
    }
    first.forward(x, into: &one)
    second.forward(x, into: &two)
    for row in 0..<5 {
      expectClose(Array(wide.row(row)), Array(one.row(row)) + Array(two.row(row)), absolute: 1e-6)
    }
    let both = Samples.matrix(5, 6, "dy")
    let right = Matrix(rows: 5, columns: 3, (0..<5).flatMap { both.row($0).suffix(3) })
    var (dx, expected) = (Matrix(rows: 5, columns: 4), Matrix(rows: 5, columns: 4))
    second.backward(both, column: 3, into: &dx)
    second.backward(right, into: &expected)
    expectClose(dx, expected, absolute: 1e-6)
  }

  /// Panels against the naive product: both directions, with a bias and added to what is there, from either layout, in
  /// every set that has them.
  @Test(
    arguments: KernelSet.allCases,
    [(1, 1, 1), (15, 17, 33), (113, 3, 64), (7, 1600, 31), (29, 64, 65), (0, 3, 4), (2, 0, 3)].map {
      Shape(m: $0.0, k: $0.1, n: $0.2)
    })
  func panels(_ set: KernelSet, _ shape: Shape) throws {
    let (rows, inputs, outputs) = (shape.m, shape.k, shape.n)
    let width = set.table.panels.width
    guard width > 0 else { return }
    let (weight, bias) = (Samples.matrix(outputs, inputs, "w"), Samples.normal(outputs, "b"))
    let x = Samples.matrix(rows, inputs, "x")
    let expected = Naive.linear(
      x.wide, weight.wide, bias.wide, rows: rows, inputs: inputs, outputs: outputs)
    let size = (outputs + width - 1) / width * width * inputs
    let back = (inputs + width - 1) / width * width * outputs
    try withAligned(size + back + 1) { memory in
      let (panels, transposed) = (memory, memory + (size + 15) / 16 * 16)
      for stored in [weight, weight.transposed()] {
        let isTransposed = stored.rows != outputs || stored != weight
        set.table.panels.pack(
          stored.pointer, isTransposed ? 1 : inputs, isTransposed ? outputs : 1, outputs, inputs, panels)
        let y = filling(rows * outputs) {
          set.table.panels.multiply(
            x.pointer, inputs, rows, panels, outputs, inputs, bias, 0, $0, outputs)
        }
        expectClose(y, expected, absolute: Self.noise(inputs), "y")
      }
      set.table.panels.transpose(panels, outputs, inputs, transposed)
      let dy = Samples.matrix(rows, outputs, "dy")
      let slope = Naive.product(dy.wide, weight.wide, m: rows, k: outputs, n: inputs)
      var dx = Samples.normal(rows * inputs, "dx")
      let before = dx
      set.table.panels.multiply(dy.pointer, outputs, rows, transposed, inputs, outputs, nil, 1, &dx, inputs)
      expectClose(
        dx, zip(slope, before).map { $0 + Double($1) }, absolute: Self.noise(outputs), "added to dx")
    }
  }

  private func withAligned(_ count: Int, _ body: (UnsafeMutablePointer<Float>) throws -> Void) throws {
    var memory: UnsafeMutableRawPointer?
    #expect(posix_memalign(&memory, 64, (count + 16) * MemoryLayout<Float>.size) == 0)
    defer { free(memory) }
    try body(#require(memory).bindMemory(to: Float.self, capacity: count + 16))
  }

  @Test(arguments: KernelSet.allCases, oddSizes + [0])
  func vectorKernels(_ set: KernelSet, _ count: Int) {
    let (x, y) = (Samples.normal(count, "x"), Samples.normal(count, "y"))
    let product = weightedSum(x.wide, y.wide)
    expectClose([set.table.dot(x, y, count)], [product], absolute: Self.noise(count))
    expectClose([set.table.dot_double(x, y, count)], [product], absolute: 1e-13 * Double(count + 1))
    var sum = y
    set.table.axpy(-1.5, x, &sum, count)
    expectClose(sum, zip(x.wide, y.wide).map { -1.5 * $0 + $1 }, absolute: 1e-6)
    var rows = x + x
    set.table.add_bias(&rows, y, 2, count)
    #expect(rows == zip(x + x, y + y).map { $0 + $1 })
  }
}
