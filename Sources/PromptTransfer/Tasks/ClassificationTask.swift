import Foundation
import Tokenization

/// A task and where its data is.
public struct ClassificationTask: Sendable {
  public let description: TaskDescription
  public let folder: URL
  /// The description.
  private let file: URL

  /// - Parameter folder: where the files of the splits are; beside the description when nil
  public init(_ file: URL, folder: URL? = nil) throws {
    description = try TaskDescription(file)
    self.file = file
    self.folder = folder ?? file.deletingLastPathComponent()
  }

  /// The description and the files of its splits.
  var files: [URL] {
    [file]
      + description.splits.values.compactMap { source in
        if case .file(let name) = source { folder.appendingPathComponent(name) } else { nil }
      }
  }

  /// Every example of a split, in the file's order, repeated ones too. The object of each is the word of its label.
  public func examples(_ split: ExampleSet.Split) throws -> [Example] {
    switch description.splits[split] {
    case nil:
      throw TransferError(
        "task \(description.name)", "has no \(split.rawValue) split",
        hint: "Name a file in \"splits\", or hold out: \"\(split.rawValue)\": {\"holdOut\": 10}")
    case .file(let name):
      let examples = try read(name)
      guard split == .train, let every = heldOut else { return examples }
      return examples.enumerated().filter { ($0.offset + 1) % every != 0 }.map(\.element)
    case .heldOut(let every):
      guard case .file(let name) = description.splits[.train] else { return [] }
      return try read(name).enumerated().filter { ($0.offset + 1) % every == 0 }.map(\.element)
    }
  }

  private var heldOut: Int? {
    for case .heldOut(let every) in description.splits.values { return every }
    return nil
  }

  private func read(_ name: String) throws -> [Example] {
    let url = folder.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw TransferError(
        url.path, "is not there, where the task \(description.name) has its data",
        hint: "Say which folder holds it: TASK=FOLDER")
    }
    let words = Dictionary(uniqueKeysWithValues: description.labels.map { ($0.name, $0.word) })
    return try LabelledExample.read(url, description).map { example in
      guard let word = words[example.label] else {
        throw TransferError(
          example.place, "the label \"\(example.label)\" is none of the task's",
          hint: "They are \(description.labels.map(\.name).joined(separator: ", "))")
      }
      return Example(
        relation: description.name, subject: example.texts[0], second: example.texts.dropFirst().first,
        object: word)
    }
  }
}

extension CandidateVocabulary {
  /// The label words. Throws unless each is one token of the model, and no two the same one.
  public init(
    labels: [TaskDescription.Label], model: String, tokenizer: Tokenizer
  ) throws(TransferError) {
    var owners: [Int: String] = [:]
    for label in labels {
      guard let id = try tokenizer.token(ofWord: label.word) else {
        throw TransferError(
          "label \"\(label.name)\"", "its word \"\(label.word)\" is not one token of \(model)",
          hint: "Label words must be single tokens in every model that is used")
      }
      if let other = owners.updateValue(label.name, forKey: id) {
        throw TransferError(
          "label \"\(label.name)\"",
          "its word \"\(label.word)\" is the same token of \(model) as that of "
            + "the label \"\(other)\"")
      }
    }
    try self.init(labels.map(\.word), tokenizer: tokenizer, answers: .labels)
  }
}
