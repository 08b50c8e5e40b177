import Checkpoints
import Formats
import Foundation

extension TaskDescription {
  /// Reads and checks a description. Throws `TransferError` with the key concerned, `CheckpointError` where the file is
  /// no JSON; unknown keys are refused.
  public init(_ url: URL) throws {
    let file = try TaskFile(url)
    name = try file.required(.name, file.text(.name))
    guard FileName.isOne(name) else {
      throw file.failure(
        .name, "cannot name a file, as it does for prompts", hint: "Use no / and no dot at its beginning")
    }
    format = try file.required(.format, file.choice(.format, Format.self))
    encoding = try file.choice(.encoding, Encoding.self) ?? .utf8
    if format == .jsonLines, encoding != .utf8 { throw file.failure(.encoding, "JSON is always UTF-8") }
    (fields, labelField) = try file.fields(format)
    labelEnd = try file.text(.labelEndsAt)
    labels = try file.labels()
    template = try file.required(.template, file.template(.template, textCount: max(1, fields.count)))
    manualTemplate = try file.template(.manualTemplate, textCount: max(1, fields.count))
    splits = try file.splits()
    guard template.vectorCount > 0 else {
      throw file.failure(.template, "has no prompt vectors", hint: "The one without is manualTemplate")
    }
    guard manualTemplate?.vectorCount ?? 0 == 0 else {
      throw file.failure(.manualTemplate, "has prompt vectors")
    }
  }
}

/// A description's JSON and the errors about it.
private struct TaskFile {
  typealias Key = TaskDescription.Key
  let url: URL
  let json: JSON

  init(_ url: URL) throws {
    self.url = url
    json = try JSON(contentsOf: url)
    guard json.array == nil else {
      throw TransferError(
        url.path, "is a JSON array, where a .json file is the description of a task",
        hint: "For facts w" + JSONLines.arrayHint.dropFirst())
    }
    guard let members = json.members else { throw TransferError(url.path, "is no JSON object") }
    if members.contains(where: { $0.key == "sub_label" }) {
      throw TransferError(
        url.path, "holds a fact, where a .json file is the description of a task",
        hint: "For facts write one object a line into a file that ends in .jsonl")
    }
    if let member = members.first(where: { Key(rawValue: $0.key) == nil }) {
      throw TransferError(
        url.path, "has the unknown key \"\(member.key)\"",
        hint: "Known are \(Key.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  func failure(_ key: Key, _ problem: String, hint: String? = nil) -> TransferError {
    TransferError("\(url.path), \(key.rawValue)", problem, hint: hint)
  }

  func required<Value>(_ key: Key, _ value: Value?) throws(TransferError) -> Value {
    guard let value else { throw failure(key, "is missing") }
    return value
  }

  func text(_ key: Key) throws(TransferError) -> String? {
    guard let value = json[key.rawValue] else { return nil }
    guard let text = value.string, !text.isEmpty else { throw failure(key, "is no text, or empty") }
    return text
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: Key, _ type: Choice.Type
  ) throws(TransferError) -> Choice? {
    guard let name = try text(key) else { return nil }
    guard let value = Choice(rawValue: name) else {
      let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw failure(key, "is \"\(name)\"", hint: "Known are \(known)")
    }
    return value
  }

  /// Where texts and label stand: both by name, or both by column.
  func fields(
    _ format: TaskDescription.Format
  ) throws(TransferError) -> ([TaskDescription.Field], label: TaskDescription.Field?) {
    guard format != .labelText else {
      for key in [Key.fields, .label] where json[key.rawValue] != nil {
        throw failure(key, "has no meaning where a line is a label and a text", hint: "Leave it out")
      }
      return ([], nil)
    }
    let given = try required(.fields, json[Key.fields.rawValue]).array ?? []
    guard (1...2).contains(given.count) else { throw failure(.fields, "are no list of one or two") }
    var fields: [TaskDescription.Field] = []
    for value in given { fields.append(try field(.fields, value)) }
    let label = try field(.label, required(.label, json[Key.label.rawValue]))
    let columns = (fields + [label]).count { if case .column = $0 { true } else { false } }
    if columns > 0, format == .jsonLines { throw failure(.fields, "are numbers, where JSON has names") }
    guard columns == 0 || columns == fields.count + 1 else {
      throw failure(.fields, "and label mix names with column numbers")
    }
    return (fields, label)
  }

  private func field(_ key: Key, _ value: JSON) throws(TransferError) -> TaskDescription.Field {
    if let name = value.string, !name.isEmpty { return .named(name) }
    guard let number = value.int, number > 0 else {
      throw failure(key, "is neither a name nor the number of a column, from 1")
    }
    return .column(number)
  }

  func labels() throws(TransferError) -> [TaskDescription.Label] {
    var labels: [TaskDescription.Label] = []
    var (names, owners): (Set<String>, [String: String]) = ([], [:])
    for member in try required(.labels, json[Key.labels.rawValue]).members ?? [] {
      guard let word = member.value.string, !word.isEmpty, !word.contains(where: \.isWhitespace) else {
        throw failure(.labels, "the label \"\(member.key)\" has no single word")
      }
      if let other = owners.updateValue(member.key, forKey: word) {
        throw failure(
          .labels, "the labels \"\(other)\" and \"\(member.key)\" have the same word, \(word)")
      }
      // As Strings, which is how examples find their labels.
      guard names.insert(member.key).inserted else {
        throw failure(
          .labels, "the label \"\(member.key)\" is there twice, in two spellings that look the same")
      }
      labels.append(TaskDescription.Label(name: member.key, word: word))
    }
    guard labels.count > 1 else { throw failure(.labels, "are fewer than two") }
    return labels
  }

  func template(_ key: Key, textCount: Int) throws(TransferError) -> Template? {
    guard let text = try text(key) else { return nil }
    let template = try Template(text)
    guard template.textCount == textCount else {
      throw failure(
        key, textCount == 1 ? "has [X2] where examples have one text" : "has no [X2] for the second field")
    }
    return template
  }

  func splits() throws(TransferError) -> [ExampleSet.Split: TaskDescription.Source] {
    var splits: [ExampleSet.Split: TaskDescription.Source] = [:]
    var holdsOut = false
    for member in try required(.splits, json[Key.splits.rawValue]).members ?? [] {
      guard let split = ExampleSet.Split(rawValue: member.key) else {
        throw failure(.splits, "\"\(member.key)\" is none of train, dev, test")
      }
      if let name = member.value.string, !name.isEmpty {
        splits[split] = .file(name)
      } else if let every = member.value["holdOut"]?.int, member.value.members?.count == 1, every > 1,
        split != .train, !holdsOut
      {
        splits[split] = .heldOut(every: every)
        holdsOut = true
      } else {
        throw failure(
          .splits, "\(split.rawValue) is no file name",
          hint: "Either dev or test may be {\"holdOut\": 10}, every tenth training example")
      }
    }
    guard !splits.isEmpty else { throw failure(.splits, "are empty") }
    guard !holdsOut || splits[.train] != nil else {
      throw failure(.splits, "hold out of train, which is missing")
    }
    return splits
  }
}
