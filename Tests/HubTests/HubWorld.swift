import Foundation
import Hub
import Synchronization
import TestSupport
import Testing

/// A server with models and an empty cache of its own.
final class HubWorld: Sendable {
  let server: HubServer
  let home: TemporaryFolder
  private let said = Mutex<[String]>([])
  private let waits = Mutex<[Duration]>([])

  /// `org/tiny`, a whole small model, and `org/sharded`, whose table is in the smaller of its two shards.
  init() throws {
    server = try HubServer()
    home = try TemporaryFolder()
    server.set(try Self.wholeModel.get(), as: "org/tiny")
    server.set(try Self.shardedModel.get(), as: "org/sharded")
  }

  var notes: [String] { said.withLock { $0 } }
  var pauses: [Duration] { waits.withLock { $0 } }

  func settings(_ environment: [String: String] = [:]) throws -> HubSettings {
    let base = ["HF_HOME": home.url.path, "HF_ENDPOINT": server.endpoint, "HF_HUB_DOWNLOAD_TIMEOUT": "1"]
    return try HubSettings(environment: base.merging(environment) { $1 })
  }

  func hub(_ environment: [String: String] = [:]) throws -> HubClient {
    var retry = Retry()
    retry.pause = { [self] wait in waits.withLock { $0.append(wait) } }
    return HubClient(
      settings: try settings(environment), retry: retry,
      observer: HubObserver(note: { [self] note in said.withLock { $0.append(note) } }))
  }

  @discardableResult
  func fetch(
    _ id: String, _ part: HubPart = .model, _ environment: [String: String] = [:]
  ) async throws -> HubModel {
    try await hub(environment).fetch(try #require(HubID(id)), part)
  }

  /// What a fetch fails with.
  func failure(
    _ id: String, _ part: HubPart = .model, _ environment: [String: String] = [:]
  ) async throws -> HubError {
    try await #require(throws: HubError.self) { try await self.fetch(id, part, environment) }
  }

  /// Every file below the cache by its path: its content, or where its link leads.
  func tree(_ folder: String = "hub") throws -> [String: String] {
    let root = home.url.appending(path: folder)
    var tree: [String: String] = [:]
    let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    for name in names {
      let path = root.appending(path: name).path
      if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) {
        tree[name] = "-> \(target)"
      } else if let data = FileManager.default.contents(atPath: path), !Self.isFolder(path) {
        tree[name] = data.count < 300 ? String(decoding: data, as: UTF8.self) : "\(data.count) bytes"
      }
    }
    return tree
  }

  /// What a download that did not end left behind, in any folder of ours.
  func unfinished() throws -> [String] { try tree("").keys.filter { $0.hasSuffix(".incomplete") } }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  // MARK: Models

  static let vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "paris", "rome", "oslo", "is"]

  private static let wholeModel = Result { try tiny() }
  private static let shardedModel = Result { try sharded() }

  static func tiny(commit: Character = "a", seed: UInt64 = 1) throws -> HubRepository {
    let folder = try TemporaryFolder()
    try TinyCheckpoint(vocabulary: vocabulary.count, seed: seed).write(to: folder.url)
    var repository = HubRepository(commit: commit)
    try repository.add(folder: folder.url)
    repository.add("vocab.txt", vocabulary.joined(separator: "\n") + "\n")
    repository.add("tokenizer_config.json", #"{"do_lower_case": false}"#)
    // What is not needed: it must not be fetched.
    repository.add("README.md", "# A model")
    repository.add("pytorch_model.bin", Data(repeating: 1, count: 5000))
    repository.add("onnx/model.onnx", Data(repeating: 2, count: 5000), isLarge: true)
    return repository
  }

  /// Rows and width of the sharded model's table.
  static let (rows, width) = (4000, 256)
  static let tableBytes = rows * width * 2

  static func sharded() throws -> HubRepository {
    var repository = HubRepository(commit: "b")
    repository.add("config.json", #"{"model_type": "llama", "vocab_size": 4000, "hidden_size": 256}"#)
    repository.add("vocab.txt", vocabulary.joined(separator: "\n") + "\n")
    var table = [UInt8](repeating: 0x3C, count: tableBytes)
    for row in 0..<rows {
      (table[row * width * 2], table[row * width * 2 + 2]) = (UInt8(row & 255), UInt8(row >> 8))
    }
    repository.add(
      "model-00001-of-00002.safetensors",
      RawSafetensors.file([
        ("model.layers.0.a", "BF16", [1000, 1000], [UInt8](repeating: 1, count: 2_000_000)),
        ("model.embed_tokens.weight", "BF16", [rows, width], table),
        ("model.layers.0.b", "BF16", [1000, 1000], [UInt8](repeating: 2, count: 2_000_000)),
      ]))
    repository.add(
      "model-00002-of-00002.safetensors",
      RawSafetensors.file([("lm_head.weight", "BF16", [rows, width], table.reversed())]))
    repository.add(
      "model.safetensors.index.json",
      """
      {"weight_map": {"model.embed_tokens.weight": "model-00001-of-00002.safetensors",
        "model.layers.0.a": "model-00001-of-00002.safetensors",
        "model.layers.0.b": "model-00001-of-00002.safetensors",
        "lm_head.weight": "model-00002-of-00002.safetensors"}}
      """)
    return repository
  }
}
