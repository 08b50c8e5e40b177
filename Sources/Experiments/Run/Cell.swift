import Formats
import Foundation
import PromptTransfer

/// The smallest piece of an experiment: one method for one relation, pair of models, number of vectors and seed.
///
/// What does not matter to a method is empty here (a manual template has no source and no seed), so that cells that
/// must come out alike are one.
public struct Cell: Sendable, Hashable, Codable {
  public let sources: [String]
  public let target: String
  public let relation: String
  public let method: Method
  public let vectorCount: Int
  public let seed: UInt64

  public init(
    pair: ExperimentConfiguration.Pair, relation: String, method: Method, vectorCount: Int, seed: UInt64
  ) {
    sources = method.method.usesSources ? pair.sources : []
    target = pair.target
    self.relation = relation
    self.method = method
    self.vectorCount = method.method.usesVectors ? vectorCount : 0
    self.seed = method.method.usesVectors ? seed : 0
  }

  /// Its settings' fingerprint: the name of its result.
  public var identifier: String { Fingerprint.of(self) }

  /// The prompts that must be tuned before it can run.
  var prompts: [PromptKey] {
    let models = method.method == .direct && method.factLimit == nil ? [target] : sources
    return models.map { PromptKey(model: $0, relation: relation, vectorCount: vectorCount, seed: seed) }
  }
}

/// A prompt tuned on the model it belongs to, shared by the cells that carry it.
package struct PromptKey: Hashable, Codable, Sendable {
  let model: String
  let relation: String
  let vectorCount: Int
  let seed: UInt64

  var identifier: String { Fingerprint.of(self) }
}

/// SHA-256 over JSON with sorted keys, the first 16 digits.
enum Fingerprint {
  static func of(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = (try? encoder.encode(value)) ?? Data()  // plain values: always encodable
    return of(bytes)
  }

  static func of(_ bytes: Data) -> String {
    String(SecureHash.sha256(bytes).prefix(16))
  }
}
