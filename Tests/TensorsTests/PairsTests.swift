import CKernels
import Tensors
import TestSupport
import Testing

/// Products of operands rounded to BFloat16.
@Suite struct PairsTests {
  /// The twin: the nearest number with 8 significant bits, of two as near the one whose last bit is 0; 0 where it is below
  /// the normal numbers.
  static func rounded(_ value: Float) -> Double {
    guard value.isFinite, value != 0 else { return Double(value) }
    let wide = Double(value)
    let step = Double(sign: .plus, exponent: wide.exponent - 7, significand: 1)
    let nearest = (wide / step).rounded(.toNearestOrEven) * step
    return abs(value) < .leastNormalMagnitude ? 0 : nearest
  }

  struct Shape: Sendable, CustomTestStringConvertible {
    let rows, inputs, outputs: Int
    var testDescription: String { "\(rows)x\(inputs)x\(outputs)" }
  }

  static let shapes = [
    (1, 1, 1), (15, 17, 33), (113, 3, 64), (7, 1600, 31), (29, 64, 65), (3, 33, 8), (0, 3, 4), (2, 0, 3),
  ].map { Shape(rows: $0.0, inputs: $0.1, outputs: $0.2) }

  /// Both directions, with a bias and added to what is there, from either layout, in every set. Sums of Float32 are as exact as
  /// those of Float32 operands.
  @Test(arguments: KernelSet.allCases, shapes)
  func againstTheTwin(_ set: KernelSet, _ shape: Shape) {
    let (rows, inputs, outputs) = (shape.rows, shape.inputs, shape.outputs)
    let (weight, bias) = (Samples.matrix(outputs, inputs, "w"), Samples.normal(outputs, "b"))
    let (x, dy) = (Samples.matrix(rows, inputs, "x"), Samples.matrix(rows, outputs, "dy"))
    let own = weight.elements.map(Self.rounded)
    let expected = Naive.linear(
      x.elements.map(Self.rounded), own, bias.wide, rows: rows, inputs: inputs, outputs: outputs)
    let slope = Naive.product(
      dy.elements.map(Self.rounded), own, m: rows, k: outputs, n: inputs)
    let before = Samples.normal(rows * inputs, "dx")
    for stored in [weight, weight.transposed()] {
      let (y, dx) = products(set, stored, isTransposed: stored != weight, shape, bias, x, dy, before)
      expectClose(y, expected, absolute: LinearTests.noise(inputs), "y")
      expectClose(
        dx, zip(slope, before).map { $0 + Double($1) }, absolute: LinearTests.noise(outputs), "dx")
    }
  }

  /// The same bits in every set but AMX's, which sums in another order.
  @Test(arguments: shapes) func setsAgree(_ shape: Shape) {
    let weight = Samples.matrix(shape.outputs, shape.inputs, "w")
    let bias = Samples.normal(shape.outputs, "b")
    let (x, dy) = (
      Samples.matrix(shape.rows, shape.inputs, "x"), Samples.matrix(shape.rows, shape.outputs, "dy")
    )
    let before = Samples.normal(shape.rows * shape.inputs, "dx")
    let results = KernelSet.allCases.filter { $0.name != "amx" }.map {
      products($0, weight, isTransposed: false, shape, bias, x, dy, before)
    }
    for result in results { #expect(result == results[0]) }
  }

  /// Ties, what is no number, what is too large and too small.
  @Test(arguments: KernelSet.allCases) func rounding(_ set: KernelSet) {
    let tie = Float(1) + 0x1p-8
    let values: [Float] = [
      1, tie, tie.nextUp, tie.nextDown, 1 + 0x3p-8, -tie, .greatestFiniteMagnitude, .infinity, .nan,
      0x1p-130, .leastNormalMagnitude, 3.1415926, -0.1,
    ]
    let shape = Shape(rows: values.count, inputs: 1, outputs: 1)
    let one = Matrix(rows: 1, columns: 1, [1])
    let x = Matrix(rows: values.count, columns: 1, values)
    let (y, _) = products(set, one, isTransposed: false, shape, [0], x, x, values.map { _ in 0 })
    for (value, found) in zip(values, y) {
      let expected = value == .greatestFiniteMagnitude ? Float.infinity : Float(Self.rounded(value))
      #expect(found == expected || (found.isNaN && expected.isNaN), "\(value): \(found)")
    }
    #expect(y[1] == 1 && y[2] == 1 + 0x1p-7 && y[4] == 1 + 0x1p-6)
  }

  private func products(
    _ set: KernelSet, _ weight: Matrix, isTransposed: Bool, _ shape: Shape, _ bias: [Float], _ x: Matrix,
    _ dy: Matrix, _ before: [Float]
  ) -> ([Float], [Float]) {
    let (pairs, inputs, outputs) = (set.table.pairs, shape.inputs, shape.outputs)
    let panels = Aligned(pairs.size(outputs, inputs))
    let transposed = Aligned(pairs.size(inputs, outputs))
    pairs.pack(
      weight.pointer, isTransposed ? 1 : inputs, isTransposed ? outputs : 1, outputs, inputs, panels.base)
    pairs.transpose(panels.base, outputs, inputs, transposed.base)
    let y = filling(shape.rows * outputs) {
      pairs.multiply(x.pointer, inputs, shape.rows, panels.base, outputs, inputs, bias, 0, $0, outputs)
    }
    var dx = before
    pairs.multiply(dy.pointer, outputs, shape.rows, transposed.base, inputs, outputs, nil, 1, &dx, inputs)
    return (y, dx)
  }

  private final class Aligned {
    let base: UnsafeMutablePointer<Float>
    private let memory: UnsafeMutableRawPointer

    init(_ count: Int) {
      memory = .allocate(byteCount: max(count, 1) * 4, alignment: 64)
      base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    deinit { memory.deallocate() }
  }

  // MARK: Maps

  /// Every row by itself as among others, in both directions.
  @Test(arguments: [(1, 1), (33, 17), (64, 48), (70, 800)])
  func aRowAloneIsAsAmongOthers(_ outputs: Int, _ inputs: Int) {
    let linear = Linear(
      weight: Samples.matrix(outputs, inputs, "w"), bias: Samples.matrix(1, outputs, "b"), precision: .bf16)
    let (x, dy) = (Samples.matrix(230, inputs, "x"), Samples.matrix(230, outputs, "dy"))
    let (y, dx) = results(linear, x, dy)
    for rows in [0..<1, 3..<16, 7..<21, 100..<215, 229..<230] {
      let (own, ownGradient) = results(linear, x.gathering(rows), dy.gathering(rows))
      #expect(own == y.gathering(rows) && ownGradient == dx.gathering(rows), "\(rows)")
    }
  }

  /// However the weight is stored, whichever of its outputs are the map's.
  @Test(arguments: StoredProductTests.cases, [Linear.Layout.outputsByInputs, .inputsByOutputs])
  func storedWeights(_ size: StoredProductTests.Case, _ layout: Linear.Layout) {
    let weight = Samples.matrix(size.rows, size.columns, "w")
    let all = layout == .outputsByInputs ? size.rows : size.columns
    let inputs = layout == .outputsByInputs ? size.columns : size.rows
    let part = all > 2 * size.block ? size.block..<2 * size.block : 0..<all
    for outputs in [0..<all, part] {
      let bias = Samples.matrix(1, outputs.count, "b")
      let maps = [
        FrozenWeight.matrix(weight),
        .stored(StoredProductTests.Blocks(matrix: weight, blockLength: size.block)),
      ].map {
        Linear(weight: $0, bias: bias, layout: layout, firstOutput: outputs.lowerBound, precision: .bf16)
      }
      let (x, dy) = (Samples.matrix(9, inputs, "x"), Samples.matrix(9, outputs.count, "dy"))
      #expect(results(maps[0], x, dy) == results(maps[1], x, dy), "\(outputs)")
      let exact = results(
        Linear(weight: weight, bias: bias, layout: layout, firstOutput: outputs.lowerBound), x, dy)
      // Both operands of each product are off by up to a part in 256, at random.
      expectClose(
        results(maps[0], x, dy).0, exact.0, absolute: 0.05 + 0.02 * Double(inputs).squareRoot(), "y")
      expectClose(
        results(maps[0], x, dy).1, exact.1, absolute: 0.05 + 0.02 * Double(outputs.count).squareRoot(), "dx")
      if inputs > 1, outputs.count > 1 { #expect(results(maps[0], x, dy).0 != exact.0) }
    }
  }

  @Test(arguments: [1, 40, 900]) func chosenOutputs(_ count: Int) {
    let (weight, bias) = (Samples.matrix(950, 160, "w"), Samples.matrix(1, count, "b"))
    let rows = (0..<count).map { ($0 * 7 + 3) % 950 }
    let (x, dy) = (Samples.matrix(9, 160, "x"), Samples.matrix(9, count, "dy"))
    let expected = results(Linear(weight: weight.gathering(rows), bias: bias, precision: .bf16), x, dy)
    for source in [
      FrozenWeight.matrix(weight), .stored(StoredProductTests.Blocks(matrix: weight, blockLength: 32)),
    ] {
      #expect(results(Linear(rows: rows, of: source, bias: bias, precision: .bf16), x, dy) == expected)
    }
  }

  private func results(_ linear: Linear, _ x: Matrix, _ dy: Matrix) -> (Matrix, Matrix) {
    var y = Matrix(rows: x.rows, columns: linear.outputs)
    linear.forward(x, into: &y)
    var dx = Matrix(rows: x.rows, columns: linear.inputs)
    linear.backward(dy, into: &dx)
    return (y, dx)
  }
}
