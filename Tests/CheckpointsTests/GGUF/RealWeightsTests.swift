import Checkpoints
import Formats
import Foundation
import TestSupport
import Testing

/// Every tensor of the published models, to the last bit what transformers' loader gives.
@Suite(.enabled(if: RealModels.areThere, Comment(rawValue: RealModels.skipped))) struct RealWeightsTests {
  @Test(arguments: RealModels.names) func tensors(name: String) throws {
    let checkpoint = try Checkpoint(folder: RealModels.url(name))
    let digests = try RealModels.digests(name).tensors
    #expect(checkpoint.tensorNames == digests.keys.sorted())
    for (tensor, digest) in digests {
      let shape = try #require(checkpoint.shape(tensor))
      let values = try checkpoint.matrix(
        tensor, rows: shape.dropLast().reduce(1, *), columns: try #require(shape.last))
      #expect(sha256(of: values) == digest, "\(tensor) \(shape)")
    }
  }

  @Test func configurations() throws {
    let small = try Checkpoint(folder: RealModels.url("smollm2")).configuration
    for (key, value) in [
      ("vocab_size", 49152), ("hidden_size", 576), ("num_hidden_layers", 30), ("num_attention_heads", 9),
      ("num_key_value_heads", 3), ("head_dim", 64), ("intermediate_size", 1536),
      ("max_position_embeddings", 8192),
    ] { #expect(small[key]?.int == value, "\(key)") }
    #expect(small["model_type"]?.string == "llama" && small["tie_word_embeddings"]?.bool == true)
    #expect(small["rms_norm_eps"]?.double == 1e-5 && small["rope_theta"]?.double == 100_000)
    let gemma = try Checkpoint(folder: RealModels.url("gemma3")).configuration
    for (key, value) in [
      ("vocab_size", 262144), ("hidden_size", 640), ("num_hidden_layers", 18), ("num_attention_heads", 4),
      ("num_key_value_heads", 1), ("head_dim", 256), ("sliding_window", 512), ("query_pre_attn_scalar", 256),
    ] { #expect(gemma[key]?.int == value, "\(key)") }
    let layers = gemma["layer_types"]?.array?.compactMap(\.string) ?? []
    #expect(layers.indices.filter { layers[$0] == "full_attention" } == [5, 11, 17])
    #expect(gemma["rope_theta"]?.double == 1e6 && gemma["rope_local_base_freq"]?.double == 1e4)
    #expect(gemma["model_type"]?.string == "gemma3_text" && gemma["rms_norm_eps"]?.double == 1e-6)
  }
}
