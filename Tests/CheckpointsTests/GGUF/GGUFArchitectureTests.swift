import Checkpoints
import Formats
import Foundation
import Tensors
import TestSupport
import Testing

/// A GGUF file gives the tensors and the configuration of the model that it was made from.
@Suite struct GGUFArchitectureTests {
  static let names = [
    "bert", "gemma", "gemma2", "gemma3", "gpt2", "gptneox", "llama", "olmo2", "phi3", "qwen2", "qwen3",
  ]

  private static func folder(_ name: String) -> URL { GGUFFileTests.folder.appending(path: name) }

  @Test(arguments: names) func tensorsAreTheModels(name: String) throws {
    let checkpoint = try Checkpoint(folder: Self.folder(name).appending(path: "model.gguf"))
    let golden = try #require(try Fixtures.json(Self.folder(name).appending(path: "golden.json")).members)
    // Llama's scaling of positions is part of the configuration.
    #expect(checkpoint.tensorNames.filter { $0 != "rope_freqs.weight" } == golden.map(\.key).sorted())
    for tensor in golden {
      let shape = tensor.value["shape"]?.array?.compactMap(\.int) ?? []
      #expect(checkpoint.shape(tensor.key) == shape, "\(tensor.key)")
      let columns = shape.last ?? 1
      let rows = shape.dropLast().reduce(1, *)
      let values = try checkpoint.matrix(tensor.key, rows: rows, columns: columns)
      #expect(sha256(of: values) == tensor.value["sha256"]?.string, "\(tensor.key)")
      guard shape.count == 2, let stored = try checkpoint.stored(tensor.key) else { continue }
      #expect(stored.gathering(Array(0..<rows)).elements == values.elements, "\(tensor.key)")
    }
  }

  /// Members that `config.json` has too are the same; Hugging Face's older names count for those in `rope_parameters`.
  @Test(arguments: names) func configuration(name: String) throws {
    let found = try Checkpoint(folder: Self.folder(name).appending(path: "model.gguf")).configuration
    let expected = try Fixtures.json(Self.folder(name).appending(path: "config.json"))
    let rotary = expected["rope_parameters"]?["full_attention"] ?? expected["rope_parameters"]
    var compared = 0
    for member in try #require(found.members) {
      var other = expected[member.key]
      switch member.key {
      case "rope_theta", "partial_rotary_factor": other = rotary?[member.key]
      case "rotary_emb_base": other = rotary?["rope_theta"]
      case "rotary_pct": other = rotary?["partial_rotary_factor"]
      case "rope_local_base_freq": other = expected["rope_parameters"]?["sliding_attention"]?["rope_theta"]
      case "rope_scaling":
        for part in try #require(member.value.members) {
          #expect(part.value.double == rotary?[part.key]?.double, "\(part.key)")
        }
        continue
      case "n_inner", "mlp_bias", "use_sliding_window", "head_dim", "attention_bias", "hidden_act",
        "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id":
        // Absent, null or a class default in config.json.
        if other == nil || other == .null { continue }
        if name == "gpt2" || name == "bert" || name == "gemma", member.key != "n_inner" { continue }
      default: break
      }
      compared += 1
      let isSame = member.value == other || member.value.double != nil && member.value.double == other?.double
      #expect(isSame, "\(member.key): \(member.value), not \(String(describing: other))")
    }
    #expect(compared >= 8)
  }

  @Test func llama3sScalingIsRecognised() throws {
    let url = Self.folder("llama").appending(path: "model.gguf")
    let scaling = try #require(try Checkpoint(folder: url).configuration["rope_scaling"])
    #expect(scaling["rope_type"]?.string == "llama3")
    #expect(scaling["factor"]?.double == 8)
    #expect(scaling["original_max_position_embeddings"]?.int == 8192)
  }

  /// What a transfer needs is there for architectures that have no table.
  @Test func unknownArchitecturesKeepTheirNames() throws {
    let folder = try TemporaryFolder()
    let url = try folder.write(GGUFHeaderTests.good.bytes, to: "m.gguf")
    let checkpoint = try Checkpoint(folder: url)
    #expect(checkpoint.tensorNames == ["other.weight", "token_embd.weight"])
    #expect(checkpoint.configuration["model_type"]?.string == "unheard-of")
    #expect(checkpoint.configuration["vocab_size"]?.int == 2)
  }

  @Test func headsThatDoNotDivideRowsAreRefused() throws {
    let folder = try TemporaryFolder()
    var file = RawGGUF(architecture: "llama")
    file.set("llama.attention.head_count", 2)
    file.add("blk.0.attn_q.weight", [[1], [2], [3]])
    let url = try folder.write(file.bytes, to: "m.gguf")
    let error = try #require(throws: CheckpointError.self) { try Checkpoint(folder: url) }
    #expect("\(error)".contains("blk.0.attn_q.weight: has 3 rows, which do not fit the number of heads"))
  }

  /// No product of sizes out of metadata may overflow.
  @Test func numbersBeyondReasonAreRefused() throws {
    let folder = try TemporaryFolder()
    for (architecture, tensor) in [("llama", "blk.0.attn_q.weight"), ("gptneox", "blk.0.attn_qkv.weight")] {
      var file = RawGGUF(architecture: architecture)
      file.set("\(architecture).attention.head_count", .max)
      file.add(tensor, [[1], [2], [3]])
      let url = try folder.write(file.bytes, to: "m.gguf")
      let error = try #require(throws: CheckpointError.self) { try Checkpoint(folder: url) }
      #expect("\(error)".contains("attention.head_count: is missing, or no number of heads"))
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    let folder = try TemporaryFolder()
    var file = RawGGUF(architecture: "qwen2")
    file.add("token_embd.weight", [[1, 2]])
    let url = try folder.write(file.bytes, to: "m.gguf")
    let error = try #require(throws: CheckpointError.self) { try Checkpoint(folder: url) }
    #expect("\(error)".contains("qwen2.embedding_length: is missing"))
  }
}
