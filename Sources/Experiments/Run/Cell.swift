import Foundation
import PromptTransfer

/// The smallest piece of an experiment: one method for one relation, pair of models, number of vectors and seed, by their names
/// in the configuration.
///
/// What does not matter to a method is empty here (a manual template has no source and no seed), so that cells that
/// must come out alike are one. What a cell rests on is ``CellInputs``.
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
    sources = method.usesSources ? pair.sources : []
    target = pair.target
    self.relation = relation
    self.method = method
    self.vectorCount = method.usesVectors ? vectorCount : 0
    self.seed = method.usesVectors ? seed : 0
  }

  /// A fingerprint of the names. Version 0.1.0 named results by it.
  package var identifier: String { Fingerprint.of(self) }

  /// The prompts that must be tuned before it can run.
  var prompts: [PromptKey] {
    let models = method.mark == .direct && !method.tunesForItself ? [target] : sources
    return models.map { PromptKey(model: $0, relation: relation, vectorCount: vectorCount, seed: seed) }
  }

  /// In words.
  public var description: String {
    let from = sources.isEmpty ? "" : sources.joined(separator: " + ") + " to "
    let vectors = method.usesVectors ? ", \(vectorCount) vectors, seed \(seed)" : ""
    return "\(from)\(target), \(relation), \(method.label)\(vectors)"
  }
}

/// A prompt tuned on the model it belongs to, shared by the cells that carry it.
package struct PromptKey: Hashable, Codable, Sendable {
  let model: String
  let relation: String
  let vectorCount: Int
  let seed: UInt64

  /// In words.
  var description: String { "prompt on \(model), \(relation), \(vectorCount) vectors, seed \(seed)" }
}
