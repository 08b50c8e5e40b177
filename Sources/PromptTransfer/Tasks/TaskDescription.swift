/// A classification task as data: the form of its files, a word for each label, and the sentence around the texts.
///
/// It is one JSON file; share/promptferry/tasks/README.md describes every key.
public struct TaskDescription: Sendable, Equatable {
  /// How examples are written.
  public enum Format: String, Sendable, CaseIterable {
    /// A label, a space and the text on each line.
    case labelText = "label-text"
    /// One JSON object a line.
    case jsonLines = "jsonl"
    /// Columns between tabs; quotation marks are text, as in GLUE's files.
    case tabs = "tsv"
    /// Columns between commas, quoted as in RFC 4180.
    case commas = "csv"
  }

  public enum Encoding: String, Sendable, CaseIterable {
    case utf8, latin1
  }

  /// Where a value of an example stands.
  public enum Field: Sendable, Equatable, CustomStringConvertible {
    /// A key, or a column by its name in the first line.
    case named(String)
    /// A column, from 1, of a file without a line of names.
    case column(Int)

    public var description: String {
      switch self {
      case .named(let name): "the field \(name)"
      case .column(let number): "column \(number)"
      }
    }
  }

  /// A label as the files write it, and the word that stands for it.
  public struct Label: Sendable, Equatable {
    public let name: String
    public let word: String

    public init(name: String, word: String) {
      self.name = name
      self.word = word
    }
  }

  /// Where the examples of a split come from.
  public enum Source: Sendable, Equatable {
    case file(String)
    /// Every so many-th example of the training file, which training then does without.
    case heldOut(every: Int)
  }

  public let name: String
  public let format: Format
  public let encoding: Encoding
  /// One or two: what stands for `[X]` and `[X2]`. None in `labelText`, which has one text and no names.
  public let fields: [Field]
  /// Where the label is; nil in `labelText`.
  public let labelField: Field?
  /// The label ends before the first of these: ":" makes `LOC` of `LOC:city`.
  public let labelEnd: String?
  /// In the file's order.
  public let labels: [Label]
  /// The sentence with prompt vectors.
  public let template: Template
  /// The sentence without, for comparison.
  public let manualTemplate: Template?
  public let splits: [ExampleSet.Split: Source]

  /// How many texts an example has.
  public var textCount: Int { max(1, fields.count) }
}

extension TaskDescription: Encodable {
  /// The same keys that the file has.
  enum Key: String, CodingKey, CaseIterable {
    case name, format, encoding, fields, label, labelEndsAt, labels, template, manualTemplate, splits
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encode(format.rawValue, forKey: .format)
    try container.encode(encoding.rawValue, forKey: .encoding)
    if !fields.isEmpty { try container.encode(fields, forKey: .fields) }
    try container.encodeIfPresent(labelField, forKey: .label)
    try container.encodeIfPresent(labelEnd, forKey: .labelEndsAt)
    try container.encode(
      Dictionary(uniqueKeysWithValues: labels.map { ($0.name, $0.word) }), forKey: .labels)
    try container.encode(template.description, forKey: .template)
    try container.encodeIfPresent(manualTemplate?.description, forKey: .manualTemplate)
    try container.encode(
      Dictionary(uniqueKeysWithValues: splits.map { ($0.key.rawValue, $0.value) }), forKey: .splits)
  }
}

extension TaskDescription.Field: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .named(let name): try container.encode(name)
    case .column(let number): try container.encode(number)
    }
  }
}

extension TaskDescription.Source: Encodable {
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .file(let name): try container.encode(name)
    case .heldOut(let every): try container.encode(["holdOut": every])
    }
  }
}
