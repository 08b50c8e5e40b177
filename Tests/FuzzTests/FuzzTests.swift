import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing
import Tokenization

/// Damaged files end in a result or in an error: a crash, a hang or runaway memory ends the tests.
///
/// `PROMPTFERRY_FUZZ` says how many files of each format (`make fuzz`: 250,000 of each, more than a million in all).
@Suite(.timeLimit(.minutes(60))) struct FuzzTests {
  static let count = ProcessInfo.processInfo.environment["PROMPTFERRY_FUZZ"].flatMap { Int($0) } ?? 2000

  /// Files whose names end so, below a folder of the tests.
  private static func seeds(_ folder: String, _ ending: String) throws -> [URL] {
    let root = Fixtures.repository.appending(path: "Tests/\(folder)")
    let all = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    let files = (all?.allObjects as? [URL] ?? []).filter { $0.lastPathComponent.hasSuffix(ending) }
    try #require(!files.isEmpty, "no seeds *\(ending) in \(folder)")
    return files.sorted { $0.path < $1.path }
  }

  /// Writes damaged copies as `name` into a folder that looks like the seed's, and opens each.
  private func fuzz(_ seeds: [URL], as name: String, _ open: (URL) throws -> Void) throws {
    let folder = try TemporaryFolder()
    var mutator = Mutator(seed: 1, name: name)
    var opened = 0
    let originals = try seeds.map { [UInt8](try Data(contentsOf: $0)) }
    for _ in 0..<Self.count {
      let damaged = mutator.mutate(originals[mutator.pick(originals.count)])
      try folder.write(Data(damaged), to: name)
      do {
        try open(folder.url)
        opened += 1
      } catch is CheckpointError {
      } catch is TokenizationError {
      }
    }
    #expect(opened < Self.count, "no damage was noticed")
    let memory = try #require(peakMemory())
    #expect(memory < 4 << 30, "\(memory) bytes")
  }

  private func peakMemory() -> Int? {
    var usage = rusage()
    #if canImport(Darwin)
      return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : nil
    #else
      return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? Int(usage.ru_maxrss) * 1024 : nil
    #endif
  }

  @Test func safetensors() throws {
    try fuzz(try Self.seeds("Fixtures/models", ".safetensors"), as: "model.safetensors") { folder in
      let file = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      for entry in file.entries {
        guard let tensor = try? StoredTensor(file, entry) else { continue }
        tensor.forEachBlock { _ in }
      }
    }
  }

  @Test func numPy() throws {
    try fuzz(try Self.seeds("Fixtures/prompts", ".npy"), as: "prompt.npy") { folder in
      _ = try NumPyFile.matrix(folder.appending(path: "prompt.npy"))
    }
  }

  @Test func tokenizerJSON() throws {
    try fuzz(try Self.seeds("TokenizationTests/Fixtures", "tokenizer.json"), as: "tokenizer.json") { folder in
      _ = try Tokenizer(folder: folder).encode("A few wörds, don't\u{301} \u{200D}日本 <mask>  .")
    }
  }

  @Test func sentencePiece() throws {
    try fuzz(try Self.seeds("TokenizationTests/Fixtures", ".model"), as: "spiece.model") { folder in
      _ = try Tokenizer(folder: folder).encode("A few wörds, don't\u{301} \u{200D}日本 <mask>  .")
    }
  }

  @Test func pyTorch() throws {
    try fuzz(try Self.seeds("Fixtures/pytorch", ".bin"), as: "pytorch_model.bin") { folder in
      try Data("{}".utf8).write(to: folder.appending(path: "config.json"))
      let checkpoint = try Checkpoint(folder: folder)
      for name in checkpoint.tensorNames { _ = try checkpoint.stored(name)?.gathering([]) }
    }
  }
}
