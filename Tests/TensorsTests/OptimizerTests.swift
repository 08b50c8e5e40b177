import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct OptimizerTests {
  /// AdamW in Double, as algorithm 2 of the paper reads (with PyTorch's decay, which multiplies by the rate).
  struct Reference {
    var parameters: [Double]
    let decay: Double
    var first: [Double]
    var second: [Double]
    var step = 0.0

    init(_ parameters: [Double], decay: Double) {
      self.parameters = parameters
      self.decay = decay
      first = parameters.map { _ in 0 }
      second = first
    }

    mutating func update(_ gradient: [Double], rate: Double) {
      step += 1
      for i in parameters.indices {
        parameters[i] -= rate * decay * parameters[i]
        first[i] = 0.9 * first[i] + 0.1 * gradient[i]
        second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
        let (m, v) = (first[i] / (1 - pow(0.9, step)), second[i] / (1 - pow(0.999, step)))
        parameters[i] -= rate * m / (v.squareRoot() + 1e-8)
      }
    }
  }

  /// Gradients of very different sizes, some zero. 1e-6: fifty steps of at most 0.01, each rounded to 6e-8.
  @Test(arguments: [0.0, 0.1])
  func fiftySteps(_ decay: Double) {
    let start = Samples.normal(12, "parameters")
    var parameters = Matrix(rows: 3, columns: 4, start)
    var optimizer = AdamW(parameterCount: 12, weightDecay: Float(decay))
    var reference = Reference(start.wide, decay: decay)
    for step in 0..<50 {
      var gradient = Samples.normal(12, seed: UInt64(step), "gradient")
      for i in gradient.indices { gradient[i] *= [1, 1e-3, 1e-5, 0][i % 4] }
      let rate: Float = step == 0 ? 0 : 0.01 / Float(step)
      optimizer.update(&parameters, gradient: Matrix(rows: 3, columns: 4, gradient), learningRate: rate)
      reference.update(gradient.wide, rate: Double(rate))
      expectClose(parameters.elements, reference.parameters, absolute: 2e-6, relative: 1e-6, "step \(step)")
    }
  }

  /// The first step has the length of the rate, whatever the gradient's size: the bias corrections cancel.
  @Test(arguments: [1e-4, 1, 1e4] as [Float])
  func theFirstStepIsTheRate(_ size: Float) {
    var parameters = Matrix(rows: 1, columns: 2)
    var optimizer = AdamW(parameterCount: 2)
    optimizer.update(
      &parameters, gradient: Matrix(rows: 1, columns: 2, [size, -2 * size]), learningRate: 0.5)
    expectClose(parameters.elements, [-0.5, 0.5], absolute: 0, relative: 2e-4)
  }

  @Test func aCopyGoesItsOwnWay() {
    var first = AdamW(parameterCount: 1)
    var (x, y) = (Matrix(rows: 1, columns: 1), Matrix(rows: 1, columns: 1))
    first.update(&x, gradient: Matrix(rows: 1, columns: 1, [1]), learningRate: 0.1)
    var second = first
    y = x
    first.update(&x, gradient: Matrix(rows: 1, columns: 1, [-3]), learningRate: 0.1)
    second.update(&y, gradient: Matrix(rows: 1, columns: 1, [-3]), learningRate: 0.1)
    #expect(x == y)
  }

  struct Schedule: Sendable {
    let warmup: Int
    let total: Int
    let factors: [Double]
  }

  /// Values of `transformers.get_linear_schedule_with_warmup`, before the multiplication with the peak.
  static let schedules = [
    Schedule(warmup: 2, total: 10, factors: [0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0, 0]),
    Schedule(warmup: 0, total: 4, factors: [1, 0.75, 0.5, 0.25, 0, 0]),
    Schedule(warmup: 3, total: 3, factors: [0, 1.0 / 3, 2.0 / 3, 0, 0]),
    Schedule(warmup: 0, total: 0, factors: [0, 0]),
    Schedule(warmup: 4, total: 2, factors: [0, 0.25, 0.5, 0.75, 0, 0]),
    Schedule(warmup: 1, total: 2, factors: [0, 1, 0]),
  ]

  @Test(arguments: schedules)
  func linearSchedule(_ wanted: Schedule) {
    let schedule = LinearSchedule(peak: 0.3, warmupSteps: wanted.warmup, totalSteps: wanted.total)
    let rates = wanted.factors.indices.map { schedule.learningRate(at: $0) }
    expectClose(rates, wanted.factors.map { Double(Float(0.3)) * $0 }, absolute: 1e-8, relative: 2e-7)
    #expect(rates.allSatisfy { $0 >= 0 })
  }
}
