import Foundation
import PromptTransfer
import TestSupport
import Testing

@Suite struct TaskDescriptionTests {
  /// A description with some members replaced, or left out where the replacement is empty.
  private func json(_ changes: [String: String] = [:]) -> String {
    let members = [
      "name": #""reviews""#, "format": #""jsonl""#, "fields": #"["text"]"#, "label": #""stars""#,
      "labels": #"{"0": "bad", "1": "good"}"#, "template": #""[X] [V]*2 [Y] .""#,
      "splits": #"{"train": "a.jsonl", "test": "b.jsonl"}"#,
    ].merging(changes) { $1 }
    let lines = members.filter { !$0.value.isEmpty }.map { "\"\($0.key)\": \($0.value)" }
    return "{\(lines.sorted().joined(separator: ",\n"))}"
  }

  private func read(_ text: String) throws -> TaskDescription {
    let folder = try TemporaryFolder()
    return try TaskDescription(folder.write(text, to: "task.json"))
  }

  @Test func keepsWhatItSays() throws {
    let task = try read(
      json([
        "fields": "[3, 1]", "label": "2", "format": #""csv""#, "encoding": #""latin1""#,
        "labelEndsAt": #"":""#,
        "template": #""[X] [V] [X2] [Y]""#, "manualTemplate": #""[X] [X2] [Y]""#,
        "labels": #"{"z": "good", "a": "bad"}"#,
        "splits": #"{"train": "t", "dev": {"holdOut": 4}, "test": "u"}"#,
      ]))
    #expect(task.format == .commas && task.encoding == .latin1 && task.labelEnd == ":")
    #expect(task.fields == [.column(3), .column(1)] && task.labelField == .column(2) && task.textCount == 2)
    #expect(task.labels.map(\.name) == ["z", "a"])
    #expect(task.splits == [.train: .file("t"), .dev: .heldOut(every: 4), .test: .file("u")])
  }

  /// What a result says of its task is a description again, and the same one.
  @Test(arguments: ["sst2", "rte", "agnews", "trec", "topic", "bond"]) func comesBackAsWritten(
    _ name: String
  )
    throws
  {
    let task = try TaskDescription(ZooFixture.task(name))
    let again = try read(String(decoding: JSONEncoder().encode(task), as: UTF8.self))
    #expect(again.labels.sorted { $0.name < $1.name } == task.labels.sorted { $0.name < $1.name })
    #expect(again.splits == task.splits && again.fields == task.fields && again.template == task.template)
    #expect(again.manualTemplate == task.manualTemplate && task.manualTemplate != nil)
    #expect(task.name == name)
  }

  @Test(arguments: [
    (["colour": "1"], #"has the unknown key "colour". Known are name, format"#),
    (["name": ""], "name: is missing"), (["name": "3"], "name: is no text"),
    (["format": ""], "format: is missing"),
    (["format": #""xml""#], #"format: is "xml". Known are label-text"#),
    (["encoding": #""utf-16""#, "format": #""tsv""#], #"encoding: is "utf-16". Known are utf8, latin1"#),
    (["encoding": #""latin1""#], "encoding: JSON is always UTF-8"),
    (["format": #""label-text""#], "fields: has no meaning where a line is a label and a text"),
    (["fields": ""], "fields: is missing"),
    (["fields": #"["a", "b", "c"]"#], "fields: are no list of one or two"),
    (["fields": "[0]", "format": #""tsv""#], "fields: is neither a name nor the number of a column"),
    (["fields": "[1]", "label": "2"], "fields: are numbers, where JSON has names"),
    (["fields": "[1]", "format": #""tsv""#], "fields: and label mix names with column numbers"),
    (["label": ""], "label: is missing"), (["labels": ""], "labels: is missing"),
    (["labels": #"{"0": "bad"}"#], "labels: are fewer than two"),
    (["labels": #"{"0": "so so", "1": "good"}"#], #"labels: the label "0" has no single word"#),
    (["labels": #"{"0": "bad", "1": "bad"}"#], #"the labels "0" and "1" have the same word, bad"#),
    (["template": ""], "template: is missing"),
    (["template": #""[X] [Y]""#], "template: has no prompt vectors"),
    (["template": #""[X] [Z] [V] [Y]""#], "[Z] is no known place"),
    (["template": #""[X] [X2] [V] [Y]""#], "template: has [X2] where examples have one text"),
    (["fields": #"["a", "b"]"#], "template: has no [X2] for the second field"),
    (["manualTemplate": #""[X] [V] [Y]""#], "manualTemplate: has prompt vectors"),
    (["splits": ""], "splits: is missing"), (["splits": "{}"], "splits: are empty"),
    (["splits": #"{"valid": "a"}"#], #"splits: "valid" is none of train, dev, test"#),
    (["splits": #"{"train": {"holdOut": 3}}"#], "splits: train is no file name"),
    (["splits": #"{"train": "a", "dev": {"holdOut": 1}}"#], "splits: dev is no file name"),
    (["splits": #"{"dev": {"holdOut": 3}}"#], "splits: hold out of train, which is missing"),
    (
      ["splits": #"{"train": "a", "dev": {"holdOut": 3}, "test": {"holdOut": 3}}"#],
      "Either dev or test may be"
    ),
  ])
  func refuses(_ changes: [String: String], _ problem: String) {
    let error = #expect(throws: TransferError.self) { try read(json(changes)) }
    #expect(error?.description.contains(problem) == true, "\(error?.description ?? "no error")")
  }

  @Test func wantsAnObject() {
    #expect(throws: TransferError.self) { try read("[1]") }
    #expect(throws: (any Error).self) { try read("{") }
  }
}
