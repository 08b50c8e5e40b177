import Tensors
import TestSupport
import Testing

/// Maps whose weight stays as it is stored against those of the same weight in Float32: to the last bit where panels multiply.
@Suite struct StoredProductTests {
  /// Gives Float32 as if it had been widened, and checks what it is asked for.
  struct Blocks: StoredWeight {
    let matrix: Matrix
    let blockLength: Int
    func releasePages() {}
    var rows: Int { matrix.rows }
    var columns: Int { matrix.columns }

    func widen(row: Int, columns part: Range<Int>, to target: UnsafeMutablePointer<Float>) {
      #expect(part.lowerBound % blockLength == 0)
      #expect(part.upperBound % blockLength == 0 || part.upperBound == columns)
      target.update(from: matrix.pointer + row * columns + part.lowerBound, count: part.count)
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let rows, columns, block: Int
    var testDescription: String { "\(rows)x\(columns), blocks of \(block)" }
  }

  /// The last two are laid out in several parts in either direction.
  static let cases = [
    (1, 1, 1), (3, 17, 1), (65, 64, 32), (33, 256, 256), (40, 768, 256), (0, 4, 1), (800, 1536, 256),
    (1600, 803, 1),
  ].map { Case(rows: $0.0, columns: $0.1, block: $0.2) }

  private func expectSame(_ stored: Linear, _ plain: Linear, _ name: String) {
    let (rows, inputs, outputs) = (13, plain.inputs, plain.outputs)
    let (x, dy) = (Samples.matrix(rows, inputs, "x"), Samples.matrix(rows, outputs + 2, "dy"))
    func results(_ linear: Linear) -> [Matrix] {
      var y = Samples.matrix(rows, outputs + 2, "y")
      linear.forward(x, into: &y, column: 1)
      var product = Matrix(rows: rows, columns: outputs)
      linear.productForward(x, into: &product)
      var dx = Matrix(rows: rows, columns: inputs)
      linear.backward(dy, column: 1, into: &dx)
      var added = Samples.matrix(rows, inputs, "dx")
      linear.backward(dy, column: 1, into: &added, accumulating: true)
      return [y, product, dx, added]
    }
    // Before it is laid out a weight in Float32 multiplies from where it lies, too.
    let early = results(plain)
    plain.prepare(gradients: true)
    for (found, expected) in zip(results(stored) + early, results(plain) + results(plain)) {
      if Linear.keepsRowsApart {
        #expect(found == expected, "\(name)")
      } else {
        expectClose(found, expected, absolute: LinearTests.noise(max(inputs, outputs)), "\(name)")
      }
    }
  }

  @Test(arguments: cases, [Linear.Layout.outputsByInputs, .inputsByOutputs])
  func allOutputs(_ size: Case, _ layout: Linear.Layout) {
    let weight = Samples.matrix(size.rows, size.columns, "w")
    let bias = Samples.matrix(1, layout == .outputsByInputs ? size.rows : size.columns, "b")
    expectSame(
      Linear(weight: .stored(Blocks(matrix: weight, blockLength: size.block)), bias: bias, layout: layout),
      Linear(weight: weight, bias: bias, layout: layout), "\(layout)")
  }

  @Test(arguments: [Linear.Layout.outputsByInputs, .inputsByOutputs])
  func someOutputsSideBySide(_ layout: Linear.Layout) {
    let (weight, bias) = (Samples.matrix(96, 96, "w"), Samples.matrix(1, 32, "b"))
    for first in [0, 32, 64] {
      expectSame(
        Linear(
          weight: .stored(Blocks(matrix: weight, blockLength: 32)), bias: bias, layout: layout,
          firstOutput: first),
        Linear(weight: weight, bias: bias, layout: layout, firstOutput: first), "from \(first)")
    }
  }

  @Test(arguments: [1, 40, 900], [0, 1 << 24]) func chosenOutputs(_ count: Int, laidOutUpTo size: Int) {
    let (weight, bias) = (Samples.matrix(950, 1600, "w"), Samples.matrix(1, count, "b"))
    let rows = (0..<count).map { ($0 * 7 + 3) % 950 }
    expectSame(
      Linear(
        rows: rows, of: .stored(Blocks(matrix: weight, blockLength: 1)), bias: bias, laidOutUpTo: size),
      Linear(rows: rows, of: .matrix(weight), bias: bias), "chosen")
  }

  /// Many threads at a time, each with memory of its own.
  @Test func sideBySide() {
    let weight = Samples.matrix(70, 64, "w")
    let linear = Linear(
      weight: .stored(Blocks(matrix: weight, blockLength: 32)), bias: Matrix(rows: 1, columns: 70))
    let xs = (0..<64).map { Samples.matrix(9, 64, "x\($0)") }
    @Sendable func product(_ x: Matrix) -> Matrix {
      var y = Matrix(rows: x.rows, columns: 70)
      linear.forward(x, into: &y)
      return y
    }
    let alone = xs.map { product($0) }
    Parallelism(threads: 8).forEach(64) { _, task in #expect(product(xs[task]) == alone[task]) }
  }
}
