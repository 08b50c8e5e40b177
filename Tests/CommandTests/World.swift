import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// A folder with a tiny model, facts and word list, to run the command in.
struct World {
  static let words = [
    "paris", "rome", "oslo", "france", "italy", "norway", "is", "the", "capital", "of", ".",
  ]
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try addModel("model", seed: 1)
    try addModel("other", seed: 2, width: 6)
    let facts = [("france", "paris"), ("italy", "rome"), ("norway", "oslo")].map {
      #"{"sub_label": "\#($0.0)", "obj_label": "\#($0.1)", "predicate_id": "capital"}"#
    }.joined(separator: "\n")
    for split in ["train", "dev", "test"] { try folder.write(facts, to: "facts/\(split).jsonl") }
    try folder.write(Self.words.joined(separator: "\n"), to: "words.txt")
  }

  func addModel(_ name: String, seed: UInt64, width: Int = 8) throws {
    let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + Self.words
    let checkpoint = TinyCheckpoint(width: width, vocabulary: vocabulary.count, positions: 96, seed: seed)
    try checkpoint.write(to: folder.url.appending(path: name))
    try folder.write(vocabulary.joined(separator: "\n") + "\n", to: "\(name)/vocab.txt")
    try folder.write(#"{"do_lower_case": false}"#, to: "\(name)/tokenizer_config.json")
  }

  func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Command.Outcome {
    try Command.run(arguments, in: folder.url, environment: environment)
  }

  /// The result of a command that must succeed, as JSON.
  func json(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> JSON {
    try json(arguments, sourceLocation: sourceLocation)
  }

  func json(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> JSON {
    let outcome = try Command.run(arguments + ["--json", "--quiet"], in: folder.url)
    #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
    #expect(outcome.errors.isEmpty, sourceLocation: sourceLocation)
    return try JSON.parse(Data(outcome.output.utf8))
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: folder.url.appending(path: name)) }

  /// What every file holds, by its path.
  func snapshot() throws -> [String: Data] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path)
    return Dictionary(
      uniqueKeysWithValues: paths.compactMap { path in (try? bytes(path)).map { (path, $0) } })
  }
}
