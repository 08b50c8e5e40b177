import Formats
import Foundation

extension GGUFConfiguration {
  /// Scalings of rotary positions that files keep as tensors: Llama 3's and Phi-3's.
  mutating func addRotaryFactors(
    _ vector: (String) throws(CheckpointError) -> [Float]?
  ) throws(CheckpointError) {
    if let factors = try vector("rope_freqs.weight") {
      self["rope_scaling"] = try llama3(factors)
    }
    if let long = try vector("rope_factors_long.weight"), let short = try vector("rope_factors_short.weight")
    {
      var scaling = self["rope_scaling"] ?? [:]
      scaling = scaling.setting("rope_type", to: "longrope")
      for (name, factors) in [("long_factor", long), ("short_factor", short)] {
        scaling = scaling.setting(name, to: .array(factors.map { .number(Double("\($0)") ?? Double($0)) }))
      }
      self["rope_scaling"] = scaling
      if let length = try int("rope.scaling.original_context_length") {
        self["original_max_position_embeddings"] = .integer(length)
      }
    }
  }

  /// Llama 3's scaling, recognised by its factors: the file does not name it, and its settings are the same in all models that
  /// were published with it but for the factor.
  private func llama3(_ factors: [Float]) throws(CheckpointError) -> JSON {
    let (low, high, original) = (1.0, 4.0, 8192.0)
    let base = self["rope_theta"]?.double ?? 10_000
    /// Tokens in which a pair turns once.
    func length(_ index: Int) -> Double { 2 * .pi * pow(base, Double(index) / Double(factors.count)) }
    // The slowest pair tells the factor: it is the factor, or a mean of it and 1.
    var factor = factors.last.map { Double($0) } ?? 0
    if case let slowest = length(factors.count - 1), slowest <= original / low {
      let share = (original / slowest - low) / (high - low)
      factor = (1 - share) / (1 / factor - share)
    }
    factor = (factor * 1000).rounded() / 1000
    let isLlama3 = factors.indices.allSatisfy { index in
      let length = length(index)
      let expected: Double
      if length < original / high {
        expected = 1
      } else if length > original / low {
        expected = factor
      } else {
        let share = (original / length - low) / (high - low)
        expected = 1 / ((1 - share) / factor + share)
      }
      return abs(expected - Double(factors[index])) <= 1e-4 * expected
    }
    guard isLlama3 else {
      throw failure(
        "rope_freqs.weight", "holds a scaling of positions that is not Llama 3's",
        hint: "Use the model in Hugging Face's layout")
    }
    return [
      "rope_type": "llama3", "factor": .number(factor),
      "low_freq_factor": .number(low), "high_freq_factor": .number(high),
      "original_max_position_embeddings": .integer(Int(original)),
    ]
  }
}
