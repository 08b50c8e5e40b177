import PromptTransfer
import Tensors
import TestSupport
import Testing

@Suite struct NormalizationTests {
  static let rules: [(String, Normalization)] = [
    ("moments", .moments(mean: 0.3, deviation: 0.7)), ("lengths", .lengths([0.5, 2, 1])), ("none", .none),
    ("distances", .lengths([0.5, 2, 1], about: [0.1, -0.2, 0.3, 0, 1, 0.5])),
  ]

  @Test(arguments: rules) func backwardIsTheGradient(_ name: String, _ rule: Normalization) {
    let v = Samples.matrix(3, 6, "v")
    let dy = Samples.matrix(3, 6, "dy")
    func loss(_ point: [Double]) -> Double {
      weightedSum(rule.forward(Matrix(rows: 3, columns: 6, point.map(Float.init))).wide, dy.wide)
    }
    // The forward is in Float: a wide step keeps its rounding below the bound.
    let slopes = centralDifferences(at: v.wide, step: 1e-2, loss)
    expectClose(rule.backward(v, dy).elements, slopes, absolute: 2e-3, relative: 2e-3, name)
  }

  @Test func momentsGivesMeanAndDeviation() {
    let y = Normalization.moments(mean: 0.3, deviation: 0.7).forward(Samples.matrix(4, 9, "v", mean: 5)).wide
    let mean = y.reduce(0, +) / 36
    let deviation = (y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 35).squareRoot()
    expectClose([mean, deviation], [0.3, 0.7], absolute: 1e-6)
  }

  /// A vector keeps its direction from the point, and gets that distance from it.
  @Test func distancesKeepDirectionsFromAPoint() {
    let v = Samples.matrix(3, 6, "v")
    let point = [0.1, -0.2, 0.3, 0, 1, 0.5]
    func offset(_ x: Matrix) -> Matrix {
      Matrix(rows: 3, columns: 6, x.elements.enumerated().map { $1 - Float(point[$0 % 6]) })
    }
    let y = Normalization.lengths([0.5, 2, 1], about: point).forward(v)
    for row in 0..<3 { #expect(cosine(offset(v), offset(y), row: row) > 1 - 1e-6) }
    expectClose((0..<3).map { Naive.norm(offset(y), $0) }, [0.5, 2, 1], relative: 1e-5)
  }

  @Test func lengthsKeepDirections() {
    let v = Samples.matrix(3, 6, "v")
    let y = Normalization.lengths([0.5, 2, 1]).forward(v)
    for row in 0..<3 { #expect(cosine(v, y, row: row) > 1 - 1e-6) }
    expectClose((0..<3).map { Naive.norm(y, $0) }, [0.5, 2, 1], relative: 1e-6)
    #expect(Normalization.lengths([1]).forward(Matrix(rows: 1, columns: 3)) == Matrix(rows: 1, columns: 3))
  }
}
