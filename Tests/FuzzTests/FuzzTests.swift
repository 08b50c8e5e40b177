import Checkpoints
import Foundation
import PromptTransfer
import Tensors
import TestSupport
import Testing
import Tokenization

/// Damaged files end in a result or in an error, and in little memory. Each kind is opened in a child process: a crash ends
/// no other test, and the memory is the kind's own. What was opened last is still in the temporary folder then.
///
/// `PROMPTFERRY_FUZZ` says how many files of each format (`make fuzz`: 250,000 of each, two million in all).
@Suite(.timeLimit(.minutes(60))) struct FuzzTests {
  @Test func safetensors() async {
    await #expect(processExitsWith: .success) { try Fuzz.safetensors() }
  }

  @Test func numPy() async {
    await #expect(processExitsWith: .success) { try Fuzz.numPy() }
  }

  @Test func prompts() async {
    await #expect(processExitsWith: .success) { try Fuzz.prompts() }
  }

  @Test func adapters() async {
    await #expect(processExitsWith: .success) { try Fuzz.adapters() }
  }

  @Test func tokenizerJSON() async {
    await #expect(processExitsWith: .success) { try Fuzz.tokenizerJSON() }
  }

  @Test func sentencePiece() async {
    await #expect(processExitsWith: .success) { try Fuzz.sentencePiece() }
  }

  @Test func pyTorch() async {
    await #expect(processExitsWith: .success) { try Fuzz.pyTorch() }
  }

  @Test func gguf() async {
    await #expect(processExitsWith: .success) { try Fuzz.gguf() }
  }

  @Test func ggufTokenizers() async {
    await #expect(processExitsWith: .success) { try Fuzz.ggufTokenizers() }
  }
}

private enum Fuzz {
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
  private static func fuzz(_ seeds: [URL], as name: String, _ open: (URL) throws -> Void) throws {
    try fuzz(try seeds.map { try Data(contentsOf: $0) }, as: name, in: try TemporaryFolder(), open)
  }

  /// The same in a folder that holds what else is read.
  private static func fuzz(
    _ originals: [Data], as name: String, in folder: TemporaryFolder, _ open: (URL) throws -> Void
  ) throws {
    var mutator = Mutator(seed: 1, name: name)
    var opened = 0
    let originals = originals.map { [UInt8]($0) }
    for _ in 0..<Self.count {
      let damaged = mutator.mutate(originals[mutator.pick(originals.count)])
      try folder.write(Data(damaged), to: name)
      do {
        try open(folder.url)
        opened += 1
      } catch is CheckpointError {
      } catch is TokenizationError {
      } catch is TransferError {
      }
    }
    #expect(opened < Self.count, "no damage was noticed")
    let memory = try #require(peakMemory())
    #expect(memory < 1 << 30, "\(memory) bytes")
  }

  private static func peakMemory() -> Int? {
    #if canImport(Darwin)
      var usage = rusage()
      return getrusage(RUSAGE_SELF, &usage) == 0 ? Int(usage.ru_maxrss) : nil
    #else
      // Not getrusage: its figure starts with that of the process that forked this one.
      let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
      return status.firstMatch(of: /VmHWM:\s*(\d+) kB/).flatMap { Int($0.1) }.map { $0 * 1024 }
    #endif
  }

  static func safetensors() throws {
    try fuzz(try Self.seeds("Fixtures/models", ".safetensors"), as: "model.safetensors") { folder in
      let file = try SafetensorsFile(folder.appending(path: "model.safetensors"))
      for entry in file.entries {
        guard let tensor = try? StoredTensor(file, entry) else { continue }
        tensor.forEachBlock { _ in }
      }
    }
  }

  static func numPy() throws {
    try fuzz(try Self.seeds("Fixtures/prompts", ".npy"), as: "prompt.npy") { folder in
      _ = try NumPyFile.matrix(folder.appending(path: "prompt.npy"))
    }
  }

  /// In its own form and in others', by what the bytes say.
  static func prompts() throws {
    var originals = try ["float32.npy", "rows.npy", "task_prompt"].map {
      try Data(contentsOf: Fixtures.folder.appending(path: "prompts/\($0)"))
    }
    for template in ["[X] [V]*3 [Y] .", "[V1] [V2] [X] is [V3] [Y]"] {
      let prompt = SoftPrompt(
        vectors: Samples.matrix(3, 4, template), template: try Template(template), modelName: "m",
        embeddingFingerprint: String(repeating: "0", count: 64), provenance: ["seed": "0"])
      let folder = try TemporaryFolder()
      try prompt.write(to: folder.url.appending(path: "p"))
      originals.append(try Data(contentsOf: folder.url.appending(path: "p")))
    }
    try fuzz(originals, as: "prompt", in: try TemporaryFolder(), Self.readPrompt("prompt"))
  }

  /// One of the folder's two files is damaged, the other whole.
  static func adapters() throws {
    for (name, damaged) in [
      ("prompt-tuning", "adapter_config.json"), ("prompt-tuning", "adapter_model.safetensors"),
      ("p-tuning-bin", "adapter_model.bin"), ("encoder-decoder", "adapter_config.json"),
    ] {
      let folder = try TemporaryFolder()
      let source = try folder.copy(Fixtures.folder.appending(path: "prompts/\(name)"))
      let original = try Data(contentsOf: source.appending(path: damaged))
      try fuzz([original], as: "\(name)/\(damaged)", in: folder, Self.readPrompt(name))
    }
  }

  /// What `inspect` and `convert` do with a prompt.
  private static func readPrompt(_ name: String) -> (URL) throws -> Void {
    { folder in
      let file = try PromptFile(folder.appending(path: name))
      #expect(file.vectors.rows == file.template.vectorCount && file.vectors.elements.allSatisfy(\.isFinite))
      #expect(try Template(file.template.description) == file.template)
      if file.embeddingFingerprint != nil { _ = try file.prompt(in: nil) }
    }
  }

  static func tokenizerJSON() throws {
    try fuzz(try Self.seeds("TokenizationTests/Fixtures", "tokenizer.json"), as: "tokenizer.json") { folder in
      _ = try Tokenizer(folder: folder).encode("A few wörds, don't\u{301} \u{200D}日本 <mask>  .")
    }
  }

  static func sentencePiece() throws {
    try fuzz(try Self.seeds("TokenizationTests/Fixtures", ".model"), as: "spiece.model") { folder in
      _ = try Tokenizer(folder: folder).encode("A few wörds, don't\u{301} \u{200D}日本 <mask>  .")
    }
  }

  static func pyTorch() throws {
    try fuzz(try Self.seeds("Fixtures/pytorch", ".bin"), as: "pytorch_model.bin") { folder in
      try Data("{}".utf8).write(to: folder.appending(path: "config.json"))
      let checkpoint = try Checkpoint(folder: folder)
      for name in checkpoint.tensorNames { _ = try checkpoint.stored(name)?.gathering([]) }
    }
  }

  static func gguf() throws {
    let models = try Self.seeds("Fixtures/gguf", ".gguf")
    try fuzz(models, as: "model.gguf") { folder in
      let checkpoint = try Checkpoint(folder: folder.appending(path: "model.gguf"))
      for name in checkpoint.tensorNames {
        guard let tensor = try? checkpoint.stored(name) else { continue }
        tensor.forEachBlock { _ in }
      }
    }
  }

  static func ggufTokenizers() throws {
    let tokenizers = try Self.seeds("TokenizationTests/Fixtures/gguf", ".gguf")
    try fuzz(tokenizers, as: "model.gguf") { folder in
      _ = try Tokenizer(folder: folder.appending(path: "model.gguf"))
        .encode("A few wörds, don't\u{301} \u{200D}日本 <mask>  12 .")
    }
  }
}
