import Foundation
import TestSupport
import Testing

/// Pipes, endless files and endless lines in every place of a small file: one clear error, soon, and in little memory.
@Suite struct UnboundedReadingTests {
  /// What stands where a file is meant.
  enum Kind: String, CaseIterable {
    case pipe, sparse20GB, sparse1TB, line500MB, quote500MB, folder

    func put(at url: URL) throws {
      try? FileManager.default.removeItem(at: url)
      switch self {
      case .pipe: #expect(mkfifo(url.path, 0o600) == 0)
      case .folder: try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      case .sparse20GB: try Self.sparse(url, 20 << 30)
      case .sparse1TB: try Self.sparse(url, 1 << 40)
      case .line500MB: try Self.sparse(url, 500_000_000, after: "{\"sub_label\": \"")
      case .quote500MB: try Self.sparse(url, 500_000_000, after: "subject,object\na,\"")
      }
    }

    private static func sparse(_ url: URL, _ size: UInt64, after start: String = "") throws {
      try Data(start.utf8).write(to: url)
      let file = try FileHandle(forWritingTo: url)
      try file.truncate(atOffset: size)
      try file.close()
    }
  }

  static let ask = "evaluate --model model --template [X][Y] --facts"
  /// Where a file is read, and by what command.
  static let places: [(path: String, command: String)] = [
    ("f.jsonl", "\(ask) f.jsonl"), ("f.csv", "\(ask) f.csv"), ("f.tsv", "\(ask) f.tsv"),
    ("task.json", "\(ask) task.json"), ("facts/test.jsonl", "\(ask) facts"),
    ("words.txt", "\(ask) facts --vocabulary words.txt"),
    ("anchors.txt", "transfer --from model=p --to other --anchors anchors.txt -o q"),
    ("p", "transfer --from model=p --to other -o q"), ("p", "inspect p"), ("p.npy", "inspect p.npy"),
    ("p", "tune --model model --facts facts --init prompt:p -o q"),
    ("grid.json", "experiment status grid.json"), ("model/config.json", "inspect model"),
    ("model/vocab.txt", "inspect model"), ("model/tokenizer.json", "inspect model"),
    ("model/tokenizer_config.json", "inspect model"), ("model/special_tokens_map.json", "inspect model"),
    ("model/added_tokens.json", "inspect model"),
    ("adapter/adapter_config.json", "inspect adapter"),
    ("adapter/adapter_model.safetensors", "inspect adapter"),
    ("model.gguf", "inspect model.gguf"),
  ]

  @Test(arguments: Kind.allCases)
  func everyPlace(_ kind: Kind) throws {
    for (path, command) in Self.places {
      let world = try World()
      _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
      try world.folder.write(
        #"{"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 5, "token_dim": 8}"#,
        to: "adapter/adapter_config.json")
      try kind.put(at: world.folder.url.appending(path: path))
      let start = ContinuousClock.now
      // With less memory than the file would take.
      let outcome = try Command.run(
        ["-c", "ulimit -v 4000000; exec \"$0\" \(command)", Command.executable.path], in: world.folder.url,
        timeout: 30,
        executable: URL(filePath: "/bin/bash"))
      let seconds = start.duration(to: .now) / .seconds(1)
      #expect(
        outcome.status == 1 && !outcome.timedOut, "\(kind) as \(path): \(outcome.status), \(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(kind) as \(path): \(outcome.errors)")
      #expect(seconds < 20, "\(kind) as \(path): \(seconds) s")
    }
  }
}
