import Formats
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

  /// One of the prompts that a prompt comes from, with all that it says of its own making.
  struct Source: Encodable {
    let model, embeddingSHA256, weight, vectorsSHA256: String
    let provenance: [String: JSON]

    /// - Parameter space: the prompt's own
    init(_ prompt: SoftPrompt, _ space: EmbeddingSpace, weight: Float) {
      model = space.name
      embeddingSHA256 = space.table.fingerprint
      self.weight = "\(weight)"
      vectorsSHA256 = SecureHash.sha256(
        Data(buffer: UnsafeBufferPointer(start: prompt.vectors.pointer, count: prompt.vectors.count)))
      provenance = prompt.provenance.mapValues { text in
        // JSON within JSON stays readable.
        let isNested = text.hasPrefix("{") || text.hasPrefix("[")
        return isNested ? (try? JSON.parse(Data(text.utf8))) ?? .string(text) : .string(text)
      }
    }

    /// What sources are sorted by: the same ones give the same file.
    var key: [String] { [embeddingSHA256, weight, vectorsSHA256] }
  }

  /// Where vectors started from: by name, or the prompt that was refined.
  static func start(_ start: PromptStart) -> [String: String] {
    switch start {
    case .random, .mean, .words: ["start": start.name]
    case .prompt(let origin): ["refines": json(origin.provenance)]
    case .vectors: [:]
    }
  }

  /// What a network's products are computed in where that is not Float32, and what it ran on where that is not this processor.
  static func computing(_ network: any Network) -> [String: String] {
    [
      "precision": network.precision == .f32 ? nil : network.precision.rawValue, "device": network.deviceName,
    ].compactMapValues { $0 }
  }

  /// One line of JSON with sorted keys.
  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Plain values, whose numbers were checked to be finite: always encodable.
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
