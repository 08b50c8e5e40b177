import Foundation
import Tensors

/// The subjects of facts without their objects, or the texts of a task without their labels: all that distilling may see. The
/// files' other fields are not looked at, and need not be there.
public struct SubjectSet: Sendable {
  /// Each once, in the order of the files, with nothing in place of the object.
  let examples: [Example]
  /// What is answered to them.
  let answers: CandidateVocabulary.AnswerKind

  /// Each once, in the order of the files; of two texts the first.
  public var subjects: [String] { examples.map(\.subject) }

  public init(_ subjects: [String]) {
    self.init(of: subjects.map { Example(relation: "", subject: $0, object: "") })
  }

  /// Of examples what is asked, and nothing else.
  /// - Parameter answers: labels of a task, whose texts are cut to a model's positions, or words
  public init(of examples: [Example], answers: CandidateVocabulary.AnswerKind = .words) {
    self.answers = answers
    var seen: Set<Example> = []
    self.examples =
      examples
      .map { Example(relation: $0.relation, subject: $0.subject, second: $0.second, object: "") }
      .filter { seen.insert($0).inserted }
  }

  /// Reads the subjects of the same files as `ExampleSet`.
  public init(_ url: URL, split: ExampleSet.Split) throws {
    if FactTable.isOne(url) {
      try self.init(FactTable(url, needsObjects: false).subjects(split))
      return
    }
    try self.init(
      FactFiles.find(url, split: split).flatMap { file in
        try JSONLines.read(file).map { try $0.text("sub_label") }
      })
  }

  /// Whether some have two texts.
  public var havePairs: Bool { examples.contains { $0.second != nil } }

  /// At most `count` of them, drawn at random; a larger number draws the same ones and more.
  public func drawn(_ count: Int, seed: UInt64) -> SubjectSet {
    var stream = RandomStream(seed: seed, name: "facts")
    return SubjectSet(
      of: examples.indices.shuffled(using: &stream).prefix(count).sorted().map { examples[$0] },
      answers: answers)
  }
}
