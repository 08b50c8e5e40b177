import Foundation
import LanguageModels

// What a prompt says of its making, made here so that the command and programs write the same.
extension SoftPrompt {
  /// The prompt of a model, with vectors that live in its space.
  init(
    _ vectors: Matrix, template: Template, for space: EmbeddingSpace, provenance: [String: String]
  ) {
    self.init(
      vectors: vectors, template: template, modelName: space.name,
      embeddingFingerprint: space.table.fingerprint, provenance: provenance)
  }

  /// The same with more said of its making; entries replace those of the same key.
  public func adding(provenance entries: [String: String]) -> SoftPrompt {
    SoftPrompt(
      vectors: vectors, template: template, modelName: modelName, embeddingFingerprint: embeddingFingerprint,
      provenance: provenance.merging(entries) { $1 })
  }
}

enum Provenance {
  /// - Parameter verb: `tune`, `transfer` or `distil`
  static func createdBy(_ verb: String) -> [String: String] {
    ["createdBy": "promptferry \(PromptFerryVersion.current) \(verb)"]
  }

  /// One of the models that a prompt comes from.
  static func source(_ space: EmbeddingSpace, weight: Float) -> [String: String] {
    ["model": space.name, "embeddingSHA256": space.table.fingerprint, "weight": "\(weight)"]
  }

  /// Where vectors started from: by name, or the prompt that was refined.
  static func start(_ start: PromptStart) -> [String: String] {
    switch start {
    case .random, .mean, .words: ["start": start.name]
    case .prompt(let origin): ["refines": json(origin.provenance)]
    case .vectors: [:]
    }
  }

  /// What a network's products are computed in, where that is not Float32.
  static func precision(_ network: any Network) -> [String: String] {
    network.precision == .f32 ? [:] : ["precision": network.precision.rawValue]
  }

  /// One line of JSON with sorted keys.
  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Plain values, whose numbers were checked to be finite: always encodable.
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
