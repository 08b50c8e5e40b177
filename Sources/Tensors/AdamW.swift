import Foundation

/// Adam with decoupled weight decay, step for step as `torch.optim.AdamW` (`torch.optim.Adam` when the decay
/// is 0). Loshchilov and Hutter, arXiv 1711.05101.
public struct AdamW: Sendable {
  public var beta1: Float = 0.9
  public var beta2: Float = 0.999
  public var epsilon: Float = 1e-8
  public var weightDecay: Float
  /// How many updates were made.
  public private(set) var stepCount = 0
  package private(set) var firstMoment: [Float]
  package private(set) var secondMoment: [Float]

  public init(parameterCount: Int, weightDecay: Float = 0) {
    self.weightDecay = weightDecay
    firstMoment = Array(repeating: 0, count: parameterCount)
    secondMoment = firstMoment
  }

  /// As it was after `stepCount` updates.
  package init(firstMoment: [Float], secondMoment: [Float], stepCount: Int, weightDecay: Float) {
    precondition(firstMoment.count == secondMoment.count)
    (self.firstMoment, self.secondMoment) = (firstMoment, secondMoment)
    (self.stepCount, self.weightDecay) = (stepCount, weightDecay)
  }

  /// One step on `parameters` along `-gradient`, both of the shape whose size the optimiser was made for.
  public mutating func update(_ parameters: inout Matrix, gradient: Matrix, learningRate: Float) {
    precondition(parameters.count == firstMoment.count && gradient.count == firstMoment.count)
    stepCount += 1
    let correction1 = Float(1 - pow(Double(beta1), Double(stepCount)))
    let correction2 = Float((1 - pow(Double(beta2), Double(stepCount))).squareRoot())
    let values = parameters.mutablePointer()
    let slope = gradient.pointer
    for i in 0..<firstMoment.count {
      values[i] *= 1 - learningRate * weightDecay
      firstMoment[i] += (slope[i] - firstMoment[i]) * (1 - beta1)
      secondMoment[i] = beta2 * secondMoment[i] + (1 - beta2) * slope[i] * slope[i]
      values[i] -=
        learningRate / correction1 * firstMoment[i]
        / (secondMoment[i].squareRoot() / correction2 + epsilon)
    }
  }
}

/// A learning rate that rises linearly from 0 over `warmupSteps` and falls linearly to 0 at `totalSteps`
/// (`transformers.get_linear_schedule_with_warmup`).
public struct LinearSchedule: Sendable {
  public let peak: Float
  public let warmupSteps: Int
  public let totalSteps: Int

  public init(peak: Float, warmupSteps: Int, totalSteps: Int) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The rate of step `step`, counted from 0.
  public func learningRate(at step: Int) -> Float {
    if step < warmupSteps { return peak * Float(step) / Float(max(1, warmupSteps)) }
    return peak * max(0, Float(totalSteps - step) / Float(max(1, totalSteps - warmupSteps)))
  }
}
