import CKernels
import Tensors
import TestSupport
import Testing

@Suite struct SoftmaxTests {
  static let rows: [(name: String, values: [Float])] =
    oddSizes.map { ("\($0) normal", Samples.normal($0, "softmax", deviation: 3)) }
    + [
      ("equal", [Float](repeating: 2.5, count: 33)), ("large", [1e4, 1e4 + 1, 1e4 - 2]),
      ("very small", [-1e4, -1e4 - 3, -1e4 - 1]), ("far apart", [0, -200, -1e30]),
      ("one towers", [500, 0, 1]),
      ("tiny differences", [1e-7, 2e-7, 0]),
    ]

  /// 3e-7: the exponential is good to 2 units in the last place, its argument and the sum to one each. Near 1e4 the
  /// difference from the top is exact, so that large values are no worse; their log-sum is itself of that size.
  @Test(arguments: rows.indices, KernelSet.allCases)
  func softmax(_ index: Int, _ set: KernelSet) {
    let (name, values) = Self.rows[index]
    var x = values
    let logSum = set.table.softmax(&x, x.count)
    expectClose(x, Naive.softmax(values.wide), absolute: 1e-7, relative: 1e-6, name)
    expectClose([logSum], [Naive.logSum(values.wide)], absolute: 1e-6, relative: 3e-7, name)
    expectClose([x.wide.reduce(0, +)], [1], absolute: 1e-6, "sum")
    #expect(x.allSatisfy { $0.isFinite && $0 >= 0 })
  }

  @Test(arguments: KernelSet.allCases)
  func equalValuesShareEqually(_ set: KernelSet) {
    var x = [Float](repeating: -7, count: 64)
    _ = set.table.softmax(&x, 64)
    #expect(x == [Float](repeating: 1 / 64, count: 64))
  }

  @Test(arguments: KernelSet.allCases)
  func notANumber(_ set: KernelSet) {
    for place in [0, 20, 36] {
      var x = Samples.normal(37, "x")
      x[place] = .nan
      let logSum = set.table.softmax(&x, 37)
      #expect(logSum.isNaN && x.allSatisfy(\.isNaN))
    }
  }

  static let shapes = [(1, 1), (1, 17), (3, 5), (4, 65), (2, 1000)]

  @Test(arguments: shapes)
  func crossEntropy(_ rows: Int, _ columns: Int) {
    let logits = Samples.matrix(rows, columns, "logits", deviation: 2)
    let labels = (0..<rows).map { ($0 * 7 + 3) % columns }
    let scale: Float = 0.25
    var gradient = logits
    let losses = CrossEntropy.forwardBackward(&gradient, labels: labels, scales: labels.map { _ in scale })
    expectClose(
      losses, Naive.crossEntropy(logits.wide, labels: labels, columns: columns), absolute: 1e-6,
      relative: 3e-7)
    expectGradient(gradient.elements, at: logits.wide, absolute: 1e-7, relative: 1e-6) { x in
      Naive.crossEntropy(x, labels: labels, columns: columns).reduce(0, +) * Double(scale)
    }
  }

  @Test func noRowsNoLosses() {
    var logits = Matrix(rows: 0, columns: 5)
    #expect(CrossEntropy.forwardBackward(&logits, labels: [], scales: []) == [])
  }

  /// A confident and right answer costs nothing, a confident and wrong one its margin.
  @Test func extremeLogits() {
    var logits = Matrix(rows: 2, columns: 2, [300, -300, 300, -300])
    let losses = CrossEntropy.forwardBackward(&logits, labels: [0, 1], scales: [1, 1])
    expectClose(losses, [0, 600], absolute: 1e-6)
    expectClose(logits.elements, [0, 0, 1, -1], absolute: 1e-6)
  }
}
