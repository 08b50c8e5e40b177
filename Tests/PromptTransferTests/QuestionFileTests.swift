import Foundation
import PromptTransfer
import TestSupport
import Testing

/// Files whose questions stand in sentences of their own, as LAMA's SQuAD and ConceptNet.
@Suite struct QuestionFileTests {
  private func read(_ lines: [String]) throws -> ExampleSet {
    let folder = try TemporaryFolder()
    return try ExampleSet(folder.write(lines.joined(separator: "\n"), to: "facts.jsonl"), split: .test)
  }

  private func line(_ subject: String?, _ sentence: String, _ field: String = "masked_sentences") -> String {
    let label = subject.map { #""sub_label": "\#($0)", "# } ?? ""
    return #"{\#(label)"obj_label": "fish", "\#(field)": ["\#(sentence)"]}"#
  }

  @Test(arguments: ["masked_sentences", "masked_sentence", "question"])
  func oneSubjectForAllQuestions(_ field: String) throws {
    let lines = [line("Squad", "a [MASK] .", field), line("Squad", "the [MASK] .", field)]
    let error = try #require(throws: TransferError.self) { try read(lines) }
    #expect(error.description.contains("line 1: has the sub_label \"Squad\" like every line"))
    #expect(error.description.contains(field))
    let other = [line("q", "a [MASK] .", field), line("q", "the [MASK] .", field)]
    #expect(throws: TransferError.self) { try read(other) }
    #expect(throws: TransferError.self) { try read([line("SQuAD", "a [MASK] .", field)]) }
  }

  @Test func noSubjects() throws {
    let error = try #require(throws: TransferError.self) { try read([line(nil, "a [MASK] .")]) }
    #expect(error.description.contains("has no sub_label: what it asks stands in masked_sentences"))
  }

  /// Google-RE and T-REx have sentences as well, and subjects that tell.
  @Test func subjectsThatTellAreRead() throws {
    #expect(try read([line("a", "x [MASK]"), line("b", "x [MASK]")]).examples.count == 2)
    #expect(try read([line("a", "x [MASK]")]).examples.count == 1)
  }
}
