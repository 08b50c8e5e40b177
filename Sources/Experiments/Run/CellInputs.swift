import Foundation
import PromptTransfer

/// All inputs of a cell's result, by content: its address is a hash of this. A changed default, model, fact or word
/// gives another address, and so another result; a changed name does not.
public struct CellInputs: Sendable, Codable, Hashable {
  /// Raised when the same inputs would come to another result.
  static let currentFormat = 2

  public let format: Int
  /// The method's name, and all of its settings with the defaults filled in.
  public let method: String
  public let settings: [String: Setting]
  /// Of what is trained on the target.
  public let tuning: TuningSettings?
  /// The prompts that are carried, or asked.
  public let prompts: [PromptInputs]
  /// All files of the model.
  public let target: String
  /// The words that anchors are chosen from.
  public let anchors: String?
  /// Of each split that is looked at.
  public let facts: [String: String]
  public let template: String
  /// The words that answers are chosen from.
  public let candidates: String
  public let vectorCount: Int
  public let seed: UInt64
  /// What the models were computed in; nil for Float32.
  public let precision: Precision?

  init(
    method: String, settings: [String: Setting], tuning: TuningSettings?, prompts: [PromptInputs],
    target: String, anchors: String?, facts: [String: String], template: String, candidates: String,
    vectorCount: Int, seed: UInt64, precision: Precision?
  ) {
    format = Self.currentFormat
    (self.method, self.settings, self.tuning, self.prompts) = (method, settings, tuning, prompts)
    (self.target, self.anchors, self.facts, self.template) = (target, anchors, facts, template)
    (self.candidates, self.vectorCount, self.seed) = (candidates, vectorCount, seed)
    self.precision = precision
  }

  /// The name of the result's file.
  public var address: String { Fingerprint.of(self) }
}

/// Everything that a tuned prompt rests on.
public struct PromptInputs: Sendable, Codable, Hashable {
  static let currentFormat = 2

  public let format: Int
  /// All files of the model.
  public let model: String
  public let tuning: TuningSettings
  /// Of the training and the development split.
  public let facts: [String: String]
  public let template: String
  public let candidates: String
  /// Where the vectors start from, by name; nil for random ones, as prompts of 0.1.0 have it.
  public let start: String?
  /// What the model was computed in; nil for Float32.
  public let precision: Precision?

  init(
    model: String, tuning: TuningSettings, facts: [String: String], template: String, candidates: String,
    start: String?, precision: Precision?
  ) {
    format = Self.currentFormat
    (self.model, self.tuning, self.facts) = (model, tuning, facts)
    (self.template, self.candidates, self.start) = (template, candidates, start)
    self.precision = precision
  }

  public var address: String { Fingerprint.of(self) }
}

extension CellInputs {
  /// What differs between two, by its place: `facts.test: 1f… is now 2e…`.
  public func differences(from old: CellInputs) -> [String] {
    let (now, before) = (Self.flat(self), Self.flat(old))
    return Set(now.keys).union(before.keys).sorted().compactMap { key in
      guard now[key] != before[key] else { return nil }
      return "\(key): \(before[key] ?? "none") is now \(now[key] ?? "none")"
    }
  }

  /// Values by their places.
  private static func flat(_ inputs: CellInputs) -> [String: String] {
    guard let data = try? JSONEncoder().encode(inputs),
      let object = try? JSONSerialization.jsonObject(with: data)
    else { return [:] }
    var values: [String: String] = [:]
    func visit(_ value: Any, _ place: String) {
      switch value {
      case let members as [String: Any]:
        for (key, member) in members { visit(member, place.isEmpty ? key : "\(place).\(key)") }
      case let elements as [Any]:
        for (index, element) in elements.enumerated() { visit(element, "\(place)[\(index)]") }
      default: values[place] = "\(value)"
      }
    }
    visit(object, "")
    return values
  }
}
