import Formats
import Foundation
import Tensors

/// Facts of a spreadsheet: a `.csv` or `.tsv` file whose first line names the columns `subject` and `object`, and `relation`
/// where there are several. Others do not count.
///
/// Its subjects are shared out among the splits, a fifth each to test and dev, by a hash of the subject:
/// the same in every run, and an added row moves few others.
struct FactTable {
  private struct Row {
    let relation, subject: String
    let object: String?
    let place: String
  }

  private let rows: [Row]
  private let testSubjects, devSubjects: Set<String>

  static func isOne(_ url: URL) -> Bool { ["csv", "tsv"].contains(url.pathExtension.lowercased()) }

  /// - Parameter needsObjects: whether a table without objects is refused
  init(_ url: URL, needsObjects: Bool = true) throws {
    try FactFiles.refuseOthers(url)
    let content = try WholeFile.text(url, .facts, hint: "Save the table as CSV in UTF-8")
    let records: [DelimitedText.Record]
    do {
      let isTabbed = url.pathExtension.lowercased() == "tsv"
      records = try isTabbed ? DelimitedText.tabs(content) : DelimitedText.commas(content)
    } catch {
      throw TransferError("\(url.path), line \(error.line)", error.text)
    }
    rows = try Self.rows(records, url, needsObjects: needsObjects)
    let subjects = Set(rows.map(\.subject)).map { subject in
      var stream = RandomStream(seed: 0, name: subject)
      return (subject: subject, number: stream.next())
    }.sorted { ($0.number, $0.subject) < ($1.number, $1.subject) }.map(\.subject)
    let share = (subjects.count + 4) / 5
    testSubjects = Set(subjects.prefix(share))
    devSubjects = Set(subjects.dropFirst(share).prefix(share))
  }

  /// What is wrong with a first line that lacks a column.
  private static func headerError(_ first: DelimitedText.Record, _ column: String, _ url: URL)
    -> TransferError
  {
    let isTabbed = url.pathExtension.lowercased() == "tsv"
    let separators: [(Unicode.Scalar, String)] = [(";", "semicolons"), ("\t", "tabs"), (",", "commas")]
    if first.columns.count == 1,
      let other = separators.first(where: { separator, _ in
        first.columns[0].unicodeScalars.contains(separator)
      })
    {
      return TransferError(
        url.path, "has \(other.1) between its columns, where \(isTabbed ? "tabs" : "commas") are read",
        hint: other.1 == "tabs" ? "Give it the ending .tsv" : "Save it with \(isTabbed ? "tabs" : "commas")")
    }
    let found = first.columns.map { $0.isEmpty ? "(empty)" : $0 }.joined(separator: ", ")
    return TransferError(
      url.path, "has no column \(column) in its first line, which names \(found)",
      hint: "Name the columns subject and object, and relation where there are several")
  }

  private static func rows(
    _ records: [DelimitedText.Record], _ url: URL, needsObjects: Bool
  ) throws(TransferError) -> [Row] {
    let names = records.first?.columns.map { $0.trimmed(.whitespaces).lowercased() } ?? []
    let form = "It begins with a line such as subject,object, and has a fact on each line after it"
    guard let first = records.first else { throw TransferError(url.path, "is empty", hint: form) }
    func column(_ name: String) -> Int? { names.firstIndex { $0.hasBytes(of: name) } }
    for name in ["subject", "object", "relation"] where names.count(where: { $0.hasBytes(of: name) }) > 1 {
      throw TransferError(url.path, "has the column \(name) twice", hint: "Rename the one that is not meant")
    }
    let (relation, object) = (column("relation"), column("object"))
    guard let subject = column("subject") else { throw headerError(first, "subject", url) }
    if object == nil, needsObjects { throw headerError(first, "object", url) }
    guard records.count > 1 else {
      throw TransferError(url.path, "has no rows after its first line", hint: form)
    }
    var rows: [Row] = []
    for record in records.dropFirst() {
      func text(_ column: Int?) -> String? {
        guard let column, record.columns.indices.contains(column) else { return nil }
        let text = record.columns[column].trimmed(.whitespacesAndNewlines)
        return text.isEmpty ? nil : text
      }
      let place = "\(url.path), line \(record.line)"
      guard record.columns.dropFirst(names.count).allSatisfy({ $0.trimmed(.whitespaces).isEmpty }) else {
        throw TransferError(
          place, "has \(record.columns.count) columns where the first line names \(names.count)",
          hint: url.pathExtension.lowercased() == "tsv"
            ? "A text holds no tab" : "A text with a comma in it is put between double quotes")
      }
      guard let name = text(subject) else { throw TransferError(place, "the subject is missing") }
      rows.append(
        Row(
          relation: text(relation) ?? url.deletingPathExtension().lastPathComponent,
          subject: name, object: text(object), place: place))
    }
    return rows
  }

  private func rows(_ split: ExampleSet.Split) -> [Row] {
    rows.filter { row in
      switch split {
      case .test: testSubjects.contains(row.subject)
      case .dev: devSubjects.contains(row.subject)
      case .train: !testSubjects.contains(row.subject) && !devSubjects.contains(row.subject)
      }
    }
  }

  func subjects(_ split: ExampleSet.Split) -> [String] { rows(split).map(\.subject) }

  func facts(_ split: ExampleSet.Split) throws(TransferError) -> [Example] {
    try rows(split).map { (row) throws(TransferError) in
      guard let object = row.object else { throw TransferError(row.place, "the object is missing") }
      return Example(relation: row.relation, subject: row.subject, object: object)
    }
  }
}

/// Facts of several relations in one place: a folder of folders, or a table, which is read once.
package struct RelationSource {
  private let url: URL
  private let table: FactTable?
  private var parts: [ExampleSet.Split: [String: [Example]]] = [:]

  package init(_ url: URL) throws {
    self.url = url
    table = FactTable.isOne(url) ? try FactTable(url) : nil
  }

  /// Throws where a table has none.
  package mutating func facts(_ relation: String, _ split: ExampleSet.Split) throws -> ExampleSet {
    guard let table else { return try ExampleSet(url.appendingPathComponent(relation), split: split) }
    let part = try parts[split] ?? Dictionary(grouping: table.facts(split), by: \.relation)
    parts[split] = part
    guard let facts = part[relation] else {
      throw TransferError(url.path, "has no \(split.rawValue) facts of the relation \(relation)")
    }
    return ExampleSet(facts)
  }
}

extension String {
  /// Without what is in the set at its ends. Foundation takes twenty times as long to see that there is nothing of it.
  func trimmed(_ set: CharacterSet) -> String {
    let isPlain = { (byte: UInt8?) in byte.map { (0x21...0x7E).contains($0) } ?? true }
    return isPlain(utf8.first) && isPlain(utf8.last) ? self : trimmingCharacters(in: set)
  }
}
