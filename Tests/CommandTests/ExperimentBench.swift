import Formats
import Foundation
import PromptTransfer
import Tensors
import TestSupport
import Testing

/// Two relations, one of them a task with two texts, and methods that look at everything there is.
struct ExperimentBench {
  let world: World

  init(_ members: [String: String] = [:]) throws {
    world = try World()
    for split in ["train", "dev", "test"] {
      try world.folder.write(world.bytes("facts/\(split).jsonl"), to: "data/capital/\(split).jsonl")
      try world.folder.write(Self.examples, to: "texts/\(split).jsonl")
    }
    try write(
      #"{"relation": "capital", "template": "[X] is the [Y] ."}"#, to: "templates.jsonl")
    try world.folder.write(World.words.joined(separator: "\n"), to: "anchors.txt")
    try write(Self.task, to: "bond.json")
    try configure(members)
  }

  private static let examples = [("italy", "rome", 1), ("france", "rome", 0), ("norway", "oslo", 1)].map {
    #"{"a": "\#($0.0)", "b": "the \#($0.1)", "same": "\#($0.2)"}"#
  }.joined(separator: "\n")

  static let task = """
    {"name": "bond", "format": "jsonl", "fields": ["a", "b"], "label": "same", "labels": {"0": "of", "1": "is"},
     "template": "[X] [V]*2 [Y] [X2] .", "manualTemplate": "[X] [Y] [X2] .",
     "splits": {"train": "train.jsonl", "dev": "dev.jsonl", "test": "test.jsonl"}}
    """

  static let methods = """
    [{"method": "manual"}, {"method": "majority"}, {"method": "direct"}, {"method": "canonical"},
     {"method": "refine", "factLimit": 2}]
    """

  /// Writes the configuration, with other members than these.
  func configure(_ members: [String: String], to name: String = "tiny.json") throws {
    let all = [
      "name": #""tiny""#, "start": #""random""#, "title": #""Tiny""#, "facts": #""data""#,
      "templates": #""templates.jsonl""#,
      "relations": #"["capital", "bond.json=texts"]"#, "vocabulary": #""words.txt""#,
      "anchors": #""anchors.txt""#, "vectorCounts": "[2]", "tuning": #"{"epochs": 1, "batchSize": 2}"#,
      "pairs": #"[{"sources": ["model"], "target": "other"}]"#, "methods": Self.methods,
    ].merging(members) { $1 }
    try write(
      "{" + all.map { "\"\($0.key)\": \($0.value)" }.sorted().joined(separator: ",\n ") + "}", to: name)
  }

  func write(_ text: String, to name: String) throws { try world.folder.write(text, to: name) }

  func replace(_ old: String, _ new: String, in name: String) throws {
    let text = String(decoding: try world.bytes(name), as: UTF8.self)
    let place = try #require(text.range(of: old), "\(name) lacks \(old)")
    try write(text.replacingCharacters(in: place, with: new), to: name)
  }

  /// Adds 1 to one number of a model, outside its table.
  func changeWeight(of name: String, width: Int, seed: UInt64) throws {
    var checkpoint = TinyCheckpoint(
      width: width, vocabulary: World.words.count + 5, positions: 96, seed: seed)
    let place = "bert.encoder.layer.1.output.dense.bias"
    var bias = try #require(checkpoint.tensors[place])
    bias[0, 0] += 1
    checkpoint.tensors[place] = bias
    try checkpoint.write(to: world.folder.url.appending(path: name))
  }

  func experiment(_ verb: String, _ config: String = "tiny.json", to output: String = "runs/one") throws
    -> JSON
  {
    try world.json("experiment", verb, config, "-o", output)
  }

  func isFinished(_ config: String = "tiny.json") throws -> Bool {
    let status = try experiment("status", config)
    return status["finishedCells"] == status["cellCount"]
  }

  /// Every result by the name of its file.
  func results(_ output: String = "runs/one") throws -> [String: Data] {
    let folder = world.folder.url.appending(path: "\(output)/cells")
    return Dictionary(
      uniqueKeysWithValues: try TemporaryFolder.names(folder).map {
        ($0, try Data(contentsOf: folder.appending(path: $0)))
      })
  }

  /// The methods in the table of all cells, each once.
  func methods() throws -> Set<String> {
    let lines = try report().split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let header = try #require(lines.first { $0.contains("method") && $0.contains("seed") })
    let place = try #require(header.firstIndex(of: "method"))
    let isRow = { (line: [Substring]) in line.count == header.count && Int(line[place + 2]) != nil }
    return Set(lines.filter(isRow).map { String($0[place]) })
  }

  /// The table of all cells, and the overview.
  func report(_ config: String = "tiny.json") throws -> String {
    _ = try world.json("experiment", "report", config, "-o", "runs/one", "--to", "report")
    let folder = world.folder.url.appending(path: "report")
    let files = try #require(FileManager.default.enumerator(atPath: folder.path)).compactMap {
      $0 as? String
    }
    return try files.filter { $0.hasSuffix(".md") || $0.hasSuffix("cells.csv") }.sorted().map {
      try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
    }.joined(separator: "\n")
  }
}
