import Foundation
import PromptTransfer
import TestSupport
import Testing

/// Facts in spreadsheets.
@Suite struct FactTableTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func table(_ text: String, _ name: String = "capital.csv") throws -> URL {
    try folder.write(text, to: name)
  }

  @Test func splitsAreAFifthAFifthAndTheRest() throws {
    let rows = (0..<23).map { "s\($0),o\($0)\ns\($0),p\($0)" }
    let url = try table((["Subject,Object"] + rows).joined(separator: "\r\n"))
    let splits = try ExampleSet.Split.allCases.map { try ExampleSet(url, split: $0).examples }
    #expect(splits.map(\.count) == [26, 10, 10])
    let subjects = splits.map { Set($0.map(\.subject)) }
    #expect(subjects.reduce(0) { $0 + $1.count } == 23 && subjects.reduce(Set()) { $0.union($1) }.count == 23)
    #expect(splits[0].allSatisfy { $0.relation == "capital" })
    #expect(try SubjectSet(url, split: .dev).subjects.count == 5)
    // The order of the rows does not matter.
    let turned = try table((["Subject,Object"] + rows.reversed()).joined(separator: "\n"), "turned.csv")
    for (split, subjects) in zip(ExampleSet.Split.allCases, subjects) {
      #expect(try Set(ExampleSet(turned, split: split).examples.map(\.subject)) == subjects)
    }
  }

  @Test(arguments: [
    ("a.csv", "\u{FEFF}object,relation,note,subject\n\"Washington, D.C.\",capital,,\"the \"\"US\"\"\"\n"),
    ("a.tsv", "object\trelation\tnote\tsubject\nWashington, D.C.\tcapital\t\tthe \"US\"\n"),
  ])
  func readsBothForms(_ name: String, _ text: String) throws {
    let url = try table(text, name)
    #expect(
      try ExampleSet(url, split: .test).examples == [
        Example(relation: "capital", subject: "the \"US\"", object: "Washington, D.C.")
      ])
  }

  @Test(arguments: [
    ("Oslo,Norway\n", "has no column subject in its first line"),
    ("\u{212A}ubject,object\nOslo,\n", "has no column subject"),
    ("subject;\u{301}object\nOslo;Norway\n", "has semicolons between its columns"),
    ("", "is empty. It begins with a line such as subject,object"),
    ("subject,object\nOslo,\n", "line 2: the object is missing"),
    ("subject,object\n,Norway\n", "line 2: the subject is missing"),
    ("subject\nOslo\n", "has no column object in its first line, which names subject"),
    ("subject,object\n\"Oslo,Norway\n", "line 2: a quoted column that never ends begins here"),
  ])
  func saysWhatIsWrong(_ text: String, _ problem: String) throws {
    let url = try table(text)
    let error = #expect(throws: TransferError.self) { try ExampleSet(url, split: .test) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
  }

  @Test func aRelationsRowsAreItsFacts() throws {
    let url = try table("relation,subject,object\na,Oslo,Norway\nb,Rome,Italy\n", "facts.csv")
    let facts = ExampleSet.Split.allCases.flatMap { split in
      ["a", "b"].flatMap { (try? ExampleSet(url, relation: $0, split: split).examples) ?? [] }
    }
    #expect(Set(facts.map(\.relation)) == ["a", "b"] && facts.count == 2)
    #expect(throws: TransferError.self) { try ExampleSet(url, relation: "c", split: .test) }
  }

  @Test func subjectsNeedNoObjects() throws {
    #expect(try SubjectSet(table("subject\nOslo\n"), split: .test).subjects == ["Oslo"])
  }
}
