import Checkpoints
import Foundation

extension ConfigurationFields {
  /// Rotary positions: from `rope_parameters` (transformers 5), which may hold an object for each type of layer, or from
  /// `rope_theta`, `rope_scaling` and `partial_rotary_factor` (before).
  /// - Parameters:
  ///   - layerType: whose object of `rope_parameters` counts
  ///   - baseKey: the member with the base, in older files
  ///   - partKey: the member that says which part of a head is turned, in older files
  ///   - isScaled: whether an older file's `rope_scaling` is for these layers
  func rotary(
    headWidth: Int, longest: Int, layerType: String? = nil, baseKey: String = "rope_theta",
    base defaultBase: Double = 10_000, partKey: String = "partial_rotary_factor",
    part defaultPart: Double = 1,
    isScaled: Bool = true
  ) throws(CheckpointError) -> Rotary {
    let all = nested("rope_parameters")
    let own =
      layerType.flatMap { all?.nested($0) } ?? (all?["rope_type"] == nil && layerType != nil ? nil : all)
    let parameters = own ?? (isScaled ? nested("rope_scaling") : nil)
    var base = try parameters?.positive("rope_theta")
    if base == nil { base = try positive(baseKey) }
    var part = try parameters?.positive("partial_rotary_factor")
    if part == nil { part = try positive(partKey) }
    let width = Int(Double(headWidth) * (part ?? defaultPart))
    guard width <= headWidth, width >= 2, width % 2 == 0 else {
      throw error(
        partKey, "makes \(width) of a head's \(headWidth) numbers turn, which cannot be done in pairs")
    }
    var rotary = Rotary(base: base ?? defaultBase, width: width)
    if let parameters {
      // Phi-3 has the length of pretraining beside the scaling, where it comes first.
      let original =
        self["original_max_position_embeddings"] == nil
        ? try parameters.size("original_max_position_embeddings", default: longest)
        : try size("original_max_position_embeddings")
      rotary.scaling = try parameters.scaling(pairs: width / 2, longest: longest, original: original)
    }
    return rotary
  }

  private func scaling(
    pairs: Int, longest: Int, original: Int
  ) throws(CheckpointError) -> RotaryScaling {
    let key = self["rope_type"] == nil && self["type"] != nil ? "type" : "rope_type"
    let name = try value(key, "a name", \.string) ?? "default"
    switch name {
    case "default": return .none
    case "linear": return .linear(factor: try required("factor"))
    case "dynamic":
      guard pairs > 1 else { throw error(key, "dynamic needs more than one pair") }
      return .dynamic(factor: try required("factor"), longest: longest)
    case "llama3":
      return .llama3(
        factor: try required("factor"), low: try required("low_freq_factor"),
        high: try required("high_freq_factor"), original: original)
    case "yarn": return .yarn(try yarn(longest, original))
    case "longrope", "su": return .longRoPE(try longRoPE(pairs, longest, original))
    default:
      throw error(
        key, "\(name) is not supported", hint: "Known: default, linear, dynamic, llama3, yarn, longrope")
    }
  }

  private func required(_ key: String) throws(CheckpointError) -> Double {
    guard let number = try positive(key) else { throw error(key, "is missing") }
    return number
  }

  private func yarn(_ longest: Int, _ original: Int) throws(CheckpointError) -> RotaryScaling.YaRN {
    let factor = try positive("factor") ?? Double(longest) / Double(original)
    func magnitude(_ scale: Double) -> Double {
      factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
    }
    var length = magnitude(1)
    if let stated = try positive("attention_factor") {
      length = stated
    } else if let one = try number("mscale"), let all = try number("mscale_all_dim"), one > 0, all > 0 {
      length = magnitude(one) / magnitude(all)
    }
    return RotaryScaling.YaRN(
      factor: factor, original: original, fast: try positive("beta_fast") ?? 32,
      slow: try positive("beta_slow") ?? 1, truncates: try flag("truncate", default: true), magnitude: length)
  }

  private func longRoPE(
    _ pairs: Int, _ longest: Int, _ original: Int
  ) throws(CheckpointError) -> RotaryScaling.LongRoPE {
    func factors(_ key: String) throws(CheckpointError) -> [Float] {
      let kind = "\(pairs) positive numbers"
      let numbers = try value(key, kind) { json -> [Float]? in
        let list = json.array?.compactMap(\.double) ?? []
        let arePositive = list.allSatisfy(Self.scales.contains)
        return list.count == pairs && json.array?.count == pairs && arePositive
          ? list.map { Float($0) } : nil
      }
      guard let numbers else { throw error(key, "is missing") }
      return numbers
    }
    let factor = try positive("factor") ?? Double(longest) / Double(original)
    let usual = factor <= 1 ? 1 : (1 + log(factor) / log(Double(original))).squareRoot()
    return RotaryScaling.LongRoPE(
      short: try factors("short_factor"), long: try factors("long_factor"), original: original,
      magnitude: try positive("attention_factor") ?? usual)
  }
}
