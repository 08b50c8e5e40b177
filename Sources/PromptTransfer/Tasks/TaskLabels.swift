import Formats
import Foundation

/// The label words of the task that a prompt was tuned for: each must be one token of a target as well.
extension SoftPrompt {
  static let labelsKey = "labels"

  /// The entry of `provenance` that holds the labels; none where there are none.
  public static func provenance(of labels: [TaskDescription.Label]) -> [String: String] {
    guard !labels.isEmpty else { return [:] }
    return [labelsKey: Provenance.json(Dictionary(uniqueKeysWithValues: labels.map { ($0.name, $0.word) }))]
  }

  /// The labels of the task it was tuned for, by name; none where it was tuned on facts.
  public var labels: [TaskDescription.Label] {
    let json = provenance[Self.labelsKey].flatMap { try? JSON.parse(Data($0.utf8)) }
    return (json?.members ?? []).compactMap { member in
      member.value.string.map { TaskDescription.Label(name: member.key, word: $0) }
    }
  }

  /// Throws unless every label word of its task is one token of this model.
  public func requireLabels(in space: EmbeddingSpace) throws(TransferError) {
    _ = try CandidateVocabulary(labels: labels, model: space.name, tokenizer: space.tokenizer)
  }
}
