import Formats
import Foundation
import Tensors

/// What the template's `[X]`, `[X2]` and `[Y]` stand for: a fact of one relation, or an example of a task, whose texts are
/// asked for the word of their label.
public struct Example: Sendable, Hashable {
  /// The relation's name, or the task's.
  public let relation: String
  public let subject: String
  /// The second text of tasks that have two.
  public let second: String?
  public let object: String

  public init(relation: String, subject: String, second: String? = nil, object: String) {
    self.relation = relation
    self.subject = subject
    self.second = second
    self.object = object
  }

  /// What the texts are as bytes: spellings that look the same are other tokens, and are compared without normalising them.
  private var texts: [String] { [relation, subject, second ?? "", object] }

  public static func == (one: Example, other: Example) -> Bool {
    (one.second == nil) == (other.second == nil)
      && zip(one.texts, other.texts).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
  }

  public func hash(into hasher: inout Hasher) {
    for var text in texts {
      hasher.combine(text.utf8.count)
      text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }
}

/// Examples of one split: facts, each once, or a task's.
public struct ExampleSet: Sendable {
  public let examples: [Example]
  /// How many lines repeated an earlier subject and object of the same relation; they are left out.
  public let duplicateCount: Int

  public init(_ examples: [Example]) {
    var seen: Set<Example> = []
    self.examples = examples.filter { seen.insert($0).inserted }
    duplicateCount = examples.count - self.examples.count
  }

  /// Keeps repeated ones: in a task's data they count as often as they are there.
  init(everyOneOf examples: [Example]) {
    self.examples = examples
    duplicateCount = 0
  }

  public enum Split: String, Sendable, CaseIterable, Codable {
    case train, dev, test
  }

  /// Reads `train.jsonl`, `dev.jsonl` or `test.jsonl` of a folder, of all its subfolders when it holds none itself
  /// (relations side by side, as in LAMA), or one `.jsonl` file, or a folder of them in BEAR's layout, which are then every split; or the split's part of a `.csv` or
  /// `.tsv` table with the columns `subject`, `object` and, where there are several, `relation`.
  public init(_ url: URL, split: Split) throws {
    if FactTable.isOne(url) {
      try self.init(FactTable(url).facts(split))
      return
    }
    try self.init(FactFiles.find(url, split: split).flatMap(Self.read))
  }

  /// The facts of one relation: of the folder with its name, or its rows of a table. Throws where a table has none.
  public init(_ url: URL, relation: String, split: Split) throws {
    var source = try RelationSource(url)
    self = try source.facts(relation, split)
  }

  /// At most `count` of them, drawn at random; a larger number draws the same ones and more.
  public func drawn(_ count: Int, seed: UInt64) -> ExampleSet {
    var stream = RandomStream(seed: seed, name: "facts")
    return ExampleSet(examples.indices.shuffled(using: &stream).prefix(count).sorted().map { examples[$0] })
  }

  /// One JSON object a line with `sub_label` and `obj_label`; the relation is `predicate_id` (Google-RE: `pred`), else
  /// the name of the file, or of its folder where the file is named by a split.
  private static func read(_ url: URL) throws -> [Example] {
    let lines = try JSONLines.read(url)
    if let relation = try RelationMetadata.beside(url)?[url] {
      let name = url.deletingPathExtension().lastPathComponent
      return try lines.map { line in
        Example(relation: name, subject: try line.text("sub_label"), object: try relation.object(line))
      }
    }
    try refuseQuestions(lines)
    let stem = url.deletingPathExtension().lastPathComponent
    let name = Split(rawValue: stem) == nil ? stem : url.deletingLastPathComponent().lastPathComponent
    return try lines.map { line in
      Example(
        relation: line.json["predicate_id"]?.string ?? line.json["pred"]?.string ?? name,
        subject: try line.text("sub_label"), object: try line.text("obj_label"))
    }
  }

  /// Where LAMA's sets and those made like them keep whole sentences.
  private static let sentences = ["masked_sentences", "masked_sentence", "question", "sentence"]

  /// Throws where what is asked stands in sentences of the file's own and not in its subjects: LAMA's SQuAD says "Squad" in every
  /// `sub_label`, and its ConceptNet has none. Read as facts, they would be one question, and most of them duplicates.
  private static func refuseQuestions(_ lines: [JSONLines.Line]) throws(TransferError) {
    func field(_ line: JSONLines.Line) -> String? { sentences.first { line.json[$0] != nil } }
    guard let first = lines.first, let name = field(first) else { return }
    func problem(_ text: String) -> TransferError {
      TransferError(
        first.place, text,
        hint: "Write a file with a sub_label for each line, or one sentence as --template")
    }
    guard lines.contains(where: { $0.json["sub_label"] != nil }) else {
      throw problem("has no sub_label: what it asks stands in \(name), which is not read")
    }
    let subjects = Set(lines.map { $0.json["sub_label"]?.string ?? "" })
    guard subjects.count == 1, let subject = subjects.first else { return }
    func sentencesDiffer() -> Bool { Set(lines.map { $0.json[name]?.text ?? Data() }).count > 1 }
    guard subject.lowercased() == "squad" || (lines.count > 1 && sentencesDiffer()) else { return }
    let same = "has the sub_label \(subject.debugDescription) like every line"
    throw problem("\(same): what it asks stands in \(name), which is not read")
  }
}
