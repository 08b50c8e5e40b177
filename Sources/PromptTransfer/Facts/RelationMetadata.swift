import Formats
import Foundation

/// What `metadata_relations.json` says beside facts in BEAR's layout: one `RELATION.jsonl` a relation, without splits, with templates and
/// a closed set of answers for each (Wiland, Ploner and Akbik 2024; the package `lm-pub-quiz`).
struct RelationMetadata {
  struct Relation {
    let templates: [String]
    /// The texts that can be answers, and their ids in the same order; none where the file does not say them.
    let answers: [String]
    let answerIds: [String]
  }

  private let relations: [String: Relation]
  private let file: URL

  /// Nil where there is no such file in the folder.
  init?(in folder: URL) throws {
    let file = folder.appendingPathComponent("metadata_relations.json")
    self.file = file
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let json = try JSON(contentsOf: file, as: .python)
    guard let members = json.members else {
      throw TransferError(file.path, "is no object of relations", hint: Self.form)
    }
    relations = try Dictionary(
      members.map { ($0.key, try Self.relation($0.value, "\(file.path): \($0.key)")) }
    ) { $1 }
  }

  private static func relation(_ json: JSON, _ place: String) throws(TransferError) -> Relation {
    func texts(_ key: String) throws(TransferError) -> [String] {
      guard let value = json[key], !value.isNull else { return [] }
      guard let list = value.array?.map(\.string), !list.contains(nil) else {
        throw TransferError("\(place).\(key)", "is no list of texts", hint: form)
      }
      return list.compactMap { $0 }
    }
    let answers = try texts("answer_space_labels")
    return Relation(
      templates: try texts("templates"), answers: answers.isEmpty ? try texts("answer_space") : answers,
      answerIds: try texts("answer_space_ids"))
  }

  /// The relation's file, where this is a folder or a file of this layout: `P6.jsonl` of `P6`.
  static func beside(_ file: URL) throws -> RelationMetadata? {
    guard file.pathExtension.lowercased() == "jsonl" else { return nil }
    return try RelationMetadata(in: file.deletingLastPathComponent())
  }

  private static let form =
    "It is {\"P6\": {\"templates\": [\"[X] ... [Y].\"], \"answer_space_labels\": [\"...\"]}}"

  /// The files of the relations, in the order of their names. Throws where none is there.
  func files() throws(TransferError) -> [URL] {
    let folder = file.deletingLastPathComponent()
    let files = relations.keys.sorted().map { folder.appendingPathComponent("\($0).jsonl") }
      .filter { FileManager.default.fileExists(atPath: $0.path) }
    guard !files.isEmpty else {
      throw TransferError(
        folder.path, "holds no file of the relations that metadata_relations.json names",
        hint: "The facts of P6 are in P6.jsonl")
    }
    return files
  }

  subscript(_ file: URL) -> Relation? { relations[file.deletingPathExtension().lastPathComponent] }
}

extension RelationMetadata.Relation {
  /// The object of a line that names it by its label, by its id or by its place among the answers.
  func object(_ line: JSONLines.Line) throws(TransferError) -> String {
    if line.json["obj_label"] != nil { return try line.text("obj_label") }
    if let place = line.json["answer_idx"]?.int {
      guard answers.indices.contains(place) else {
        throw TransferError(
          line.place, "has the answer \(place) of \(answers.count), counted from 0",
          hint: "Look at answer_space_labels in metadata_relations.json")
      }
      return answers[place]
    }
    if let id = line.json["obj_id"]?.string, let place = answerIds.firstIndex(where: { $0.hasBytes(of: id) }),
      answers.indices.contains(place)
    {
      return answers[place]
    }
    return try line.text("obj_label")
  }
}
