import Foundation
import PromptTransfer
import TestSupport
import Testing

/// Tasks' files, in each format.
@Suite struct ClassificationTaskTests {
  private func task(_ members: String, _ files: [String: Data], folder: TemporaryFolder) throws
    -> ClassificationTask
  {
    let template = members.contains("[\"a\", \"b\"]") ? "[X] [X2] [V] [Y]" : "[X] [V] [Y]"
    let file = try folder.write(
      """
      {"name": "t", "template": "\(template)", "labels": {"0": "bad", "1": "good"}, \(members)
       \(members.contains("splits") ? "" : #", "splits": {"train": "data"}"#)}
      """, to: "task.json")
    for (name, data) in files { try folder.write(data, to: name) }
    return try ClassificationTask(file)
  }

  /// `subject|second|object` of each example.
  private func rows(_ members: String, _ text: Data) throws -> [String] {
    let folder = try TemporaryFolder()
    return try task(members, ["data": text], folder: folder).examples(.train).map {
      [$0.subject, $0.second, $0.object].compactMap { $0 }.joined(separator: "|")
    }
  }

  static let lines = #""format": "label-text""#
  static let named = #""fields": ["a"], "label": "y", "format": "#
  static let both = #""fields": ["a", "b"], "label": "y", "format": "#
  static let numbered = #""fields": [3], "label": 1, "format": "#

  @Test(arguments: [
    (lines, "1 a  film \r\n\n0 \tbad one", ["a  film|good", "bad one|bad"]),
    (lines, "\u{FEFF}1 line\u{2028}one\u{85}still\n", ["line\u{2028}one\u{85}still|good"]),
    (lines + #", "labelEndsAt": ":""#, "1:fine Where ?\n0 Who: me ?", ["Where ?|good", "Who: me ?|bad"]),
    (
      both + #""jsonl""#,
      #"{"a": " p ", "b": "h\nh", "y": 1, "z": 3}"# + "\n\n" + #"{"a":"p","b":"h","y":"0"}"#,
      ["p|h\nh|good", "p|h|bad"]
    ),
    (both + #""tsv""#, "y\ta\tb\n1\t\"p\t h \n", ["\"p|h|good"]),
    (numbered + #""tsv""#, "1\tx\ty y\n0\t\tz\n", ["y y|good", "z|bad"]),
    (
      named + #""csv""#, "a,y\r\n\"one, \"\"two\"\"\nthree\",1\r\nfour\"\"five,0",
      ["one, \"two\"\nthree|good", "four\"\"five|bad"]
    ),
    (numbered + #""csv""#, "\"1\",\"t\",\"d\"\n\n0,,e", ["d|good", "e|bad"]),
    (lines, "", []), (named + #""csv""#, "", []),
  ])
  func reads(_ members: String, _ text: String, _ expected: [String]) throws {
    #expect(try rows(members, Data(text.utf8)) == expected)
  }

  @Test func readsLatin1WhereToldTo() throws {
    let bytes = Data("1 caf".utf8) + [0xE9]
    #expect(try rows(Self.lines + #", "encoding": "latin1""#, bytes) == ["caf\u{E9}|good"])
    let error = #expect(throws: TransferError.self) { try rows(Self.lines, Data("1 a\n".utf8) + bytes) }
    #expect(error?.description.contains("data, line 2: is not UTF-8") == true)
  }

  @Test(arguments: [
    (lines, "1 fine\nD", "line 2: has no text after the label"),
    (lines, "1 fine\n\n2 odd", #"line 3: the label "2" is none of the task's. They are 0, 1"#),
    (lines, "1:x odd", #"the label "1:x" is none"#),
    (named + #""jsonl""#, #"{"a": "x"}"#, "line 1: the field y is missing"),
    (named + #""jsonl""#, #"{"a": 3, "y": 1}"#, "line 1: the field a is missing, empty or no text"),
    (named + #""jsonl""#, #"{"a": "x", "y": null}"#, "line 1: the field y is missing"),
    (named + #""jsonl""#, #"{"a": " ", "y": 1}"#, "line 1: the field a is empty"),
    (named + #""jsonl""#, "\n{a", "line 2: invalid JSON"),
    (named + #""tsv""#, "b\ty\n", "line 1: names no column a. It names b, y"),
    (named + #""tsv""#, "a\ty\nx\t1\nx\ty\t1", "line 3: has 3 columns where the first line has 2"),
    (named + #""tsv""#, "a\ty\n\t1", "line 2: the field a is empty"),
    (numbered + #""tsv""#, "1\tx", "line 1: has 2 columns where column 3 is asked for"),
    (numbered + #""csv""#, "1,x,\"y\nz", "line 1: a quoted column that never ends begins here"),
    (numbered + #""csv""#, "1,x,y\n1,x,\"y\"z", "line 2: there is text after a quoted column"),
    (numbered + #""csv""#, "1,x,\"y\nz\"\n1,x", "line 3: has 2 columns where the first line has 3"),
    (numbered + #""csv""#, "1,x,", "line 1: column 3 is empty"),
  ])
  func saysWhichLineIsWrong(_ members: String, _ text: String, _ problem: String) throws {
    let error = #expect(throws: TransferError.self) { try rows(members, Data(text.utf8)) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "no error")")
  }

  @Test func holdsOutEverySoManyth() throws {
    let folder = try TemporaryFolder()
    let text = (1...7).map { "1 x\($0)" }.joined(separator: "\n")
    let task = try task(
      Self.lines + #", "splits": {"train": "data", "dev": {"holdOut": 3}}"#, ["data": Data(text.utf8)],
      folder: folder)
    #expect(try task.examples(.dev).map(\.subject) == ["x3", "x6"])
    #expect(try task.examples(.train).map(\.subject) == ["x1", "x2", "x4", "x5", "x7"])
    let error = #expect(throws: TransferError.self) { try task.examples(.test) }
    #expect(error?.description.contains("task t: has no test split") == true)
  }

  @Test func repeatedExamplesCountEachTime() throws {
    let folder = try TemporaryFolder()
    let task = try task(Self.lines, ["data": Data("1 a\n1 a\n0 a".utf8)], folder: folder)
    let set = try Dataset.task(task).read(.train)
    #expect(set.examples.count == 3 && set.duplicateCount == 0)
  }

  @Test func saysWhereDataIsMissing() throws {
    let folder = try TemporaryFolder()
    let task = try task(Self.lines, [:], folder: folder)
    let error = #expect(throws: TransferError.self) { try task.examples(.train) }
    #expect(error?.description.contains("data: is not there, where the task t has its data") == true)
  }
}
