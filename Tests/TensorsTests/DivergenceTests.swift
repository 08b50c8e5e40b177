import Tensors
import TestSupport
import Testing

@Suite struct DivergenceTests {
  static let shapes = [(1, 1), (1, 17), (3, 5), (4, 65), (2, 1000)]

  private static func targets(_ rows: Int, _ columns: Int) -> Matrix {
    var targets = Samples.matrix(rows, columns, "targets", deviation: 2)
    Softmax.forward(&targets, temperature: 1)
    return targets
  }

  @Test(arguments: shapes, [1, 0.5, 4] as [Float])
  func agreesWithTheFormula(_ shape: (Int, Int), _ temperature: Float) {
    let (rows, columns) = shape
    let logits = Samples.matrix(rows, columns, "logits", deviation: 2)
    let targets = Self.targets(rows, columns)
    func naive(_ x: [Double]) -> [Double] {
      Naive.divergences(x, targets: targets.wide, columns: columns, temperature: Double(temperature))
    }
    // Each row has a scale of its own.
    let scales = (0..<rows).map { 0.25 / Float($0 + 1) }
    var gradient = logits
    let losses = Divergence.forwardBackward(
      &gradient, targets: targets, temperature: temperature, scales: scales)
    expectClose(losses, naive(logits.wide), absolute: 2e-6, relative: 1e-6)
    expectGradient(gradient.elements, at: logits.wide, absolute: 2e-7, relative: 2e-6) { x in
      zip(naive(x), scales).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
  }

  /// Nothing to learn from one's own answers; a target that is sure is a label.
  @Test func ownAnswersAndLabels() {
    let logits = Samples.matrix(2, 6, "logits")
    var own = logits
    Softmax.forward(&own, temperature: 2)
    var gradient = logits
    let losses = Divergence.forwardBackward(&gradient, targets: own, temperature: 2, scales: [1, 1])
    expectClose(losses, [0, 0], absolute: 1e-6)
    expectClose(gradient.elements, [Double](repeating: 0, count: 12), absolute: 1e-7)

    var (soft, hard) = (logits, logits)
    let sure = Matrix(rows: 2, columns: 6, (0..<12).map { [3, 6].contains($0) ? 1 : 0 })
    expectClose(
      Divergence.forwardBackward(&soft, targets: sure, temperature: 1, scales: [0.5, 0.5]),
      CrossEntropy.forwardBackward(&hard, labels: [3, 0], scales: [0.5, 0.5]).wide, absolute: 1e-6)
    expectClose(soft.elements, hard.elements.wide, absolute: 1e-7)
  }
}
