import Foundation

/// How rotary frequencies are changed for sequences longer than those of pretraining: `modeling_rope_utils.py` of
/// transformers.
enum RotaryScaling: Sendable, Hashable {
  case none
  /// All frequencies divided.
  case linear(factor: Double)
  /// The base grows with sequences beyond the longest of pretraining.
  case dynamic(factor: Double, longest: Int)
  /// Low frequencies divided, high ones kept, those between interpolated (Llama 3.1).
  case llama3(factor: Double, low: Double, high: Double, original: Int)
  /// Peng et al., arXiv 2309.00071.
  case yarn(YaRN)
  /// A divisor for each pair, of one set for short sequences and of another for long ones (Ding et al., arXiv 2402.13753).
  case longRoPE(LongRoPE)

  struct YaRN: Sendable, Hashable {
    let factor: Double
    let original: Int
    var fast = 32.0
    var slow = 1.0
    var truncates = true
    let magnitude: Double
  }

  struct LongRoPE: Sendable, Hashable {
    let short, long: [Float]
    let original: Int
    let magnitude: Double
  }

  /// - Parameters:
  ///   - plain: the angles without scaling
  ///   - angles: those of another base
  func apply(
    _ plain: [Float], width: Int, base: Double, length: Int, angles: (Double) -> [Float]
  ) -> (angles: [Float], magnitude: Float) {
    switch self {
    case .none: return (plain, 1)
    case .linear(let factor): return (plain.map { $0 / Float(factor) }, 1)
    case .dynamic(let factor, let longest):
      guard length > longest else { return (plain, 1) }
      let growth = factor * Double(length) / Double(longest) - (factor - 1)
      return (angles(base * pow(growth, Double(width) / Double(width - 2))), 1)
    case .llama3(let factor, let low, let high, let original):
      return (plain.map { Self.llama3($0, Float(factor), Float(low), Float(high), Float(original)) }, 1)
    case .yarn(let yarn): return (yarn.apply(plain, width: width, base: base), Float(yarn.magnitude))
    case .longRoPE(let long):
      let divisors = length > long.original ? long.long : long.short
      return (zip(plain, divisors).map { 1 / ($1 * (1 / $0)) }, Float(long.magnitude))
    }
  }

  private static func llama3(
    _ angle: Float, _ factor: Float, _ low: Float, _ high: Float, _ original: Float
  ) -> Float {
    let wavelength = 2 * Float.pi / angle
    if wavelength > original / low { return angle / factor }
    if wavelength < original / high { return angle }
    let smooth = (original / wavelength - low) / (high - low)
    return (1 - smooth) * angle / factor + smooth * angle
  }
}

extension RotaryScaling.YaRN {
  /// Pairs that turn often are kept, those that turn seldom are divided, a ramp lies between.
  fileprivate func apply(_ plain: [Float], width: Int, base: Double) -> [Float] {
    func pair(turning rotations: Double) -> Double {
      Double(width) * log(Double(original) / (rotations * 2 * .pi)) / (2 * log(base))
    }
    var (first, last) = (pair(turning: fast), pair(turning: slow))
    if truncates { (first, last) = (first.rounded(.down), last.rounded(.up)) }
    (first, last) = (max(first, 0), min(last, Double(width - 1)))
    if first == last { last += 0.001 }
    return plain.enumerated().map { index, angle in
      let ramp = Float(min(1, max(0, (Double(index) - first) / (last - first))))
      return angle / Float(factor) * ramp + angle * (1 - ramp)
    }
  }
}
