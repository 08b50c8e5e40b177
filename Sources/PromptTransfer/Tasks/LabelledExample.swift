import Formats
import Foundation

/// A row of a task's file, before its label is looked up.
struct LabelledExample: Equatable {
  /// One or two, none empty, without white space around.
  let texts: [String]
  let label: String
  /// File and line, for errors.
  let place: String

  /// Every example of a file, in order: nothing but empty lines is passed over.
  static func read(_ url: URL, _ task: TaskDescription) throws -> [LabelledExample] {
    switch task.format {
    case .labelText:
      return try DelimitedText.lines(text(url, task)).map { line in
        let place = "\(url.path), line \(line.number)"
        let parts = line.text.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        guard parts.count == 2 else { throw TransferError(place, "has no text after the label") }
        return try LabelledExample(texts: [String(parts[1])], label: String(parts[0]), place, task)
      }
    case .jsonLines:
      return try JSONLines.read(url).map { line in
        try LabelledExample(
          texts: task.fields.map { try line.text(name($0)) }, label: line.label(name(task.labelField)),
          line.place, task)
      }
    case .tabs: return try rows(DelimitedText.tabs(text(url, task)), url, task)
    case .commas:
      do {
        return try rows(DelimitedText.commas(text(url, task)), url, task)
      } catch let problem as DelimitedText.Problem {
        throw TransferError("\(url.path), line \(problem.line)", problem.text)
      }
    }
  }

  private init(texts: [String], label: String, _ place: String, _ task: TaskDescription) throws(TransferError)
  {
    self.texts = texts.map { $0.trimmed(.whitespacesAndNewlines) }
    if let empty = self.texts.firstIndex(of: "") {
      let field = task.fields.isEmpty ? "the text" : task.fields[empty].description
      throw TransferError(place, "\(field) is empty")
    }
    self.label =
      task.labelEnd.flatMap { label.range(of: $0) }.map { String(label[..<$0.lowerBound]) } ?? label
    self.place = place
  }

  private static func name(_ field: TaskDescription.Field?) -> String {
    if case .named(let name) = field { name } else { "" }
  }

  /// The records as examples. Each has as many columns as the first, which is the line of names where fields have names.
  private static func rows(
    _ records: [DelimitedText.Record], _ url: URL, _ task: TaskDescription
  ) throws(TransferError) -> [LabelledExample] {
    guard let first = records.first, let labelField = task.labelField else { return [] }
    func place(_ record: DelimitedText.Record) -> String { "\(url.path), line \(record.line)" }
    var hasNames = false
    var columns: [Int] = []
    for field in task.fields + [labelField] {
      switch field {
      case .column(let number): columns.append(number - 1)
      case .named(let name):
        hasNames = true
        guard let index = first.columns.firstIndex(of: name) else {
          throw TransferError(
            place(first), "names no column \(name)",
            hint:
              "It names \(first.columns.joined(separator: ", ")). Number the columns if there are no names")
        }
        columns.append(index)
      }
    }
    guard columns.allSatisfy(first.columns.indices.contains) else {
      throw TransferError(
        place(first),
        "has \(first.columns.count) columns where column \((columns.max() ?? 0) + 1) is asked for")
    }
    var examples: [LabelledExample] = []
    for record in records.dropFirst(hasNames ? 1 : 0) {
      guard record.columns.count == first.columns.count else {
        throw TransferError(
          place(record), "has \(record.columns.count) columns where the first line has \(first.columns.count)"
        )
      }
      examples.append(
        try LabelledExample(
          texts: columns.dropLast().map { record.columns[$0] },
          label: record.columns[columns[columns.count - 1]],
          place(record), task))
    }
    return examples
  }

  /// The file's text in the task's encoding, without a byte-order mark.
  private static func text(_ url: URL, _ task: TaskDescription) throws -> String {
    let data = try WholeFile.read(url, .facts)
    try WholeFile.requireLines(data, url)
    switch task.encoding {
    case .latin1: return String(String.UnicodeScalarView(data.map { Unicode.Scalar($0) }))
    case .utf8:
      guard let text = String(validating: data, as: UTF8.self) else {
        let line = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
          .firstIndex { String(validating: $0, as: UTF8.self) == nil }
        throw TransferError(
          "\(url.path), line \((line ?? 0) + 1)", "is not UTF-8",
          hint: "The task may say \"encoding\": \"latin1\"")
      }
      return text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }
  }
}
