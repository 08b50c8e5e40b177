import Checkpoints
import Formats
import Foundation
import TestSupport
import Testing

/// `convert` for servers.
@Suite struct ServingCommandTests {
  private let world: World

  init() throws {
    world = try World()
    for name in ["gpt2", "gemma3"] {
      try FileManager.default.copyItem(
        at: Fixtures.folder.appending(path: "gguf/\(name)/model.gguf"),
        to: world.folder.url.appending(path: "\(name).gguf"))
      let width = try world.json("inspect", "\(name).gguf")["embeddingWidth"]?.int ?? 0
      let vectors = Samples.matrix(2, width, "prompt", deviation: 0.1)
      try world.folder.write(NumPyFile.serialize(vectors), to: "\(name).npy")
      _ = try world.json(
        "convert", "\(name).npy", "-o", "\(name).safetensors", "--model", "\(name).gguf", "--template",
        "[X] [V]*2 [Y]")
    }
  }

  private func convert(_ model: String, _ output: String, _ options: String...) throws -> JSON {
    try world.json(
      ["convert", "\(model).safetensors", "-o", output, "--model", "\(model).gguf"] + options)
  }

  /// vLLM's tensors and SGLang's numbers are the same Float32, and those of the plain file.
  @Test(arguments: ["gpt2", "gemma3"]) func theSameNumbersInEachForm(_ model: String) throws {
    let said = try convert(model, "v.jsonl", "--to", "vllm", "--input", "a b", "--input", "ab")
    #expect(said["inputCount"]?.int == 2 && said["space"]?.string == "inputs-embeds")
    #expect((said["scale"]?.double ?? 0 > 1) == (model == "gemma3"))
    _ = try convert(model, "s.jsonl", "--to", "sglang", "--input", "a b", "--input", "ab")
    let lines = try ["v.jsonl", "s.jsonl"].map { name in
      try String(decoding: world.bytes(name), as: UTF8.self).split(separator: "\n").map {
        try JSON.parse(Data($0.utf8))
      }
    }
    #expect(lines.map(\.count) == [2, 2])
    for (index, text) in ["a b", "ab"].enumerated() {
      #expect(lines[0][index]["text"]?.string == text)
      let base64 = try #require(lines[0][index]["prompt_embeds"]?.string)
      let url = try world.folder.write(try #require(Data(base64Encoded: base64)), to: "t\(index).pt")
      let file = try PyTorchFile(url)
      let tensor = try file.matrix(try #require(file.entry("tensor")))
      let rows = lines[1][index]["input_embeds"]?.array ?? []
      let numbers = rows.map { ($0.array ?? []).compactMap(\.double).map(Float.init) }
      #expect(rows.count == tensor.rows && numbers.flatMap(\.self) == tensor.elements)
      let plain = try convert(model, "e\(index).f32", "--to", "embeddings", "--input", text)
      #expect(plain["rowCount"]?.int == tensor.rows)
      #expect(
        try world.bytes("e\(index).f32").withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
          == tensor.elements)
    }
  }

  @Test func tablesAndGrownFiles() throws {
    let table = try convert("gemma3", "table.npy", "--to", "tensorrt-llm")
    #expect(table["space"]?.string == "inputs-embeds" && table["form"]?.string == "tensorrt-llm")
    #expect(String(decoding: try world.bytes("table.npy").prefix(100), as: UTF8.self).contains("(1, 2, "))
    let grown = try convert("gemma3", "grown.gguf")
    #expect(grown["form"]?.string == "llama.cpp" && grown["text"]?.string == "[X][V1][V2]")
    #expect(grown["space"]?.string == "embedding-row" && grown["scale"] == nil)
    let rows = try ["gemma3", "grown"].map {
      try world.json("inspect", "\($0).gguf")["embeddingRows"]?.int ?? 0
    }
    #expect(rows[1] == rows[0] + 2)
    let subjects = try convert("gpt2", "q.jsonl", "--to", "vllm", "--subjects", "facts", "--split", "dev")
    #expect(subjects["inputCount"]?.int == 3)
  }

  @Test(arguments: [
    ("convert gpt2.safetensors -o q.jsonl --to vllm --input a", "--model is missing", 64),
    (
      "convert gpt2.safetensors -o q.jsonl --to vllm --model gpt2.gguf", "--input or --subjects is missing",
      64
    ),
    ("convert gpt2.safetensors -o q.npy --input a", "belong to vllm, sglang and embeddings", 64),
    (
      "convert gpt2.safetensors -o q.f32 --to embeddings --model gpt2.gguf --input a --input b",
      "of one --input", 64
    ),
    ("convert gpt2.safetensors -o words.txt --to sglang --model gpt2.gguf --input a", "is there already", 1),
    ("convert gpt2.safetensors -o gpt2.gguf --to llama.cpp --model gpt2.gguf", "gpt2.gguf", 1),
    ("convert gpt2.safetensors -o q.gguf --to llama.cpp --model gemma3.gguf", "does not belong to", 1),
    ("convert p.npy -o q.gguf --model model", "is no causal model", 1),
    ("convert p.npy -o q.jsonl --to vllm --model model --input oslo", "is no causal model", 1),
    ("convert gpt2.safetensors -o q.jsonl --to vllm --model gpt2.gguf --subjects nothing", "nothing", 1),
    (
      "convert two.npy -o q.jsonl --to vllm --model gpt2.gguf --input a --template [X][V]*2[X2][Y]",
      "takes two texts", 1
    ),
    (
      "convert two.npy -o q.jsonl --to vllm --model gpt2.gguf --input a --template [X][Y][V]*2",
      "has a vector after [Y]", 1
    ),
  ])
  func saysWhatIsWrong(_ line: String, _ problem: String, _ status: Int32) throws {
    try world.folder.write(NumPyFile.serialize(Samples.matrix(5, 8, "p")), to: "p.npy")
    try world.folder.write(try world.bytes("gpt2.npy"), to: "two.npy")
    let before = try world.snapshot()
    let outcome = try Command.run(line.split(separator: " ").map(String.init), in: world.folder.url)
    #expect(outcome.status == status)
    #expect(outcome.errors.contains(problem), "\(outcome.errors)")
    #expect(try world.snapshot() == before)
  }
}
