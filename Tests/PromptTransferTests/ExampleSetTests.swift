import Foundation
import PromptTransfer
import TestSupport
import Testing

@Suite struct ExampleSetTests {
  private func line(_ subject: String, _ object: String, _ relation: String? = "P36") -> String {
    #"{"sub_label": "\#(subject)", "obj_label": "\#(object)""#
      + (relation.map { #", "predicate_id": "\#($0)""# } ?? "") + "}\n"
  }

  @Test func readsFolderFileAndFolders() throws {
    let folder = try TemporaryFolder()
    try folder.write(line("France", "Paris") + "\n" + line("Italy", "Rome"), to: "P36/test.jsonl")
    try folder.write(line("Mozart", "piano", nil), to: "P1303/test.jsonl")
    let one = try ExampleSet(folder.url.appending(path: "P36"), split: .test)
    #expect(one.examples.map(\.object) == ["Paris", "Rome"])
    let file = try ExampleSet(folder.url.appending(path: "P36/test.jsonl"), split: .train)
    #expect(file.examples == one.examples)
    let all = try ExampleSet(folder.url, split: .test)
    #expect(all.examples.map(\.relation) == ["P1303", "P36", "P36"])
  }

  /// Spellings that look the same are other tokens.
  @Test func otherSpellingsAreOtherFacts() throws {
    let folder = try TemporaryFolder()
    let spellings = ["Caf\u{E9}", "Cafe\u{301}"]
    try folder.write(spellings.map { line($0, "b") }.joined(), to: "f.jsonl")
    let set = try ExampleSet(folder.url.appending(path: "f.jsonl"), split: .test)
    #expect(
      set.examples.map { Array($0.subject.unicodeScalars) } == spellings.map { Array($0.unicodeScalars) })
    let marks = String(repeating: "\u{301}\u{327}", count: 200_000)
    #expect(Set([Example(relation: "r", subject: marks, object: "o")]).count == 1)
  }

  @Test func repeatedFactsCountOnce() throws {
    let folder = try TemporaryFolder()
    try folder.write(line("a", "b") + line("a", "b") + line("a", "b", "P1"), to: "f.jsonl")
    let set = try ExampleSet(folder.url.appending(path: "f.jsonl"), split: .test)
    #expect(set.examples.count == 2)
    #expect(set.duplicateCount == 1)
  }

  @Test(arguments: [
    (#"{"sub_label": "France"}"#, "line 1: the field obj_label is missing"),
    (#"{"sub_label": "", "obj_label": "x"}"#, "line 1: the field sub_label is missing"),
    (#"{"sub_label": 3, "obj_label": "x"}"#, "the field sub_label"),
    ("{\"sub_label\": \"a\", \"obj_label\": \"b\"}\n\n{nonsense", "line 3: invalid JSON"),
  ])
  func saysWhichLineIsWrong(_ text: String, _ problem: String) throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text, to: "facts.jsonl")
    let error = #expect(throws: TransferError.self) { try ExampleSet(file, split: .test) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "no error")")
  }

  @Test func saysWhatIsMissing() throws {
    let folder = try TemporaryFolder()
    #expect(throws: TransferError.self) {
      try ExampleSet(folder.url.appending(path: "nowhere"), split: .test)
    }
    let error = #expect(throws: TransferError.self) { try ExampleSet(folder.url, split: .dev) }
    #expect(error?.description.contains("holds no dev.jsonl") == true)
  }

  @Test func objectsThatAreNoSingleWordAreCounted() throws {
    let world = try TinyWorld()
    let model = try world.model("model")
    let facts = TinyWorld.facts + [Example(relation: "capital", subject: "italy", object: "new york")]
    let long = Example(relation: "capital", subject: String(repeating: "the ", count: 40), object: "paris")
    let set = try TinyWorld.evaluator(model).prepare(facts + [long], template: .vectors(2))
    #expect(set.examples == TinyWorld.facts)
    #expect(set.skipped.objectNotACandidate == 1)
    #expect(set.skipped.tooLong == 1)
  }
}
