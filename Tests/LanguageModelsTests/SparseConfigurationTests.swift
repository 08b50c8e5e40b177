import Checkpoints
import Formats
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Members that a `config.json` leaves out have the values that transformers gives them.
@Suite struct SparseConfigurationTests {
  struct Published: Sendable, CustomTestStringConvertible {
    let name, json: String
    /// V, C, L, H, I, positions, and the widths of queries and of keys.
    let sizes: [Int]
    init(_ name: String, _ json: String, _ sizes: [Int]) {
      (self.name, self.json, self.sizes) = (name, json, sizes)
    }
    var testDescription: String { name }
  }

  /// As published, with the sizes that transformers 5.23 reads from them.
  static let published = [
    Published(
      "gemma-3-4b-it",
      """
      {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "text_config": {"hidden_size": 2560,
      "intermediate_size": 10240, "model_type": "gemma3_text", "num_hidden_layers": 34,
      "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024},
      "vision_config": {"hidden_size": 1152, "num_attention_heads": 16}}
      """, [262208, 2560, 34, 8, 10240, 131072, 2048, 1024]),
    Published(
      "gemma-3-12b-it",
      """
      {"model_type": "gemma3", "text_config": {"hidden_size": 3840, "intermediate_size": 15360,
      "model_type": "gemma3_text", "num_attention_heads": 16, "num_hidden_layers": 48, "num_key_value_heads": 8,
      "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}}
      """, [262208, 3840, 48, 16, 15360, 131072, 4096, 2048]),
    Published(
      "gemma-3-27b-it",
      """
      {"model_type": "gemma3", "text_config": {"head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504,
      "model_type": "gemma3_text", "num_attention_heads": 32, "num_hidden_layers": 62, "num_key_value_heads": 16,
      "query_pre_attn_scalar": 168, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}}
      """, [262208, 5376, 62, 32, 21504, 131072, 4096, 2048]),
    Published(
      "a text model with every default",
      #"{"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}"#,
      [262208, 2304, 26, 8, 9216, 131072, 2048, 1024]),
    Published(
      "llama-7b",
      """
      {"architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
      "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 2048,
      "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 32, "pad_token_id": -1,
      "rms_norm_eps": 1e-06, "torch_dtype": "float16", "use_cache": true, "vocab_size": 32000}
      """, [32000, 4096, 32, 32, 11008, 2048, 4096, 4096]),
    Published(
      "pythia-70m",
      """
      {"architectures": ["GPTNeoXForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "gelu",
      "hidden_size": 512, "initializer_range": 0.02, "intermediate_size": 2048, "layer_norm_eps": 1e-05,
      "max_position_embeddings": 2048, "model_type": "gpt_neox", "num_attention_heads": 8, "num_hidden_layers": 6,
      "rotary_emb_base": 10000, "rotary_pct": 0.25, "tie_word_embeddings": false, "torch_dtype": "float16",
      "use_cache": true, "use_parallel_residual": true, "vocab_size": 50304}
      """, [50304, 512, 6, 8, 2048, 2048, 512, 512]),
    Published(
      "gpt2",
      """
      {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "layer_norm_epsilon": 1e-05,
      "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024,
      "vocab_size": 50257}
      """, [50257, 768, 12, 12, 3072, 1024, 768, 768]),
    Published(
      "bert-base-uncased",
      """
      {"architectures": ["BertForMaskedLM"], "hidden_act": "gelu", "hidden_size": 768, "intermediate_size": 3072,
      "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": 12,
      "num_hidden_layers": 12, "type_vocab_size": 2, "vocab_size": 30522}
      """, [30522, 768, 12, 12, 3072, 512, 768, 768]),
  ]

  @Test(arguments: published)
  func sizes(_ model: Published) throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appending(path: "config.json")
    try model.json.write(to: file, atomically: true, encoding: .utf8)
    let found = try ModelConfiguration(JSON(contentsOf: file, as: .python), file: file)
    let width = found.width
    #expect(
      [
        found.vocabularySize, width, found.layerCount, found.headCount, found.innerWidth,
        found.longestSequence,
        found.layerMaps.query / width, found.layerMaps.keyAndValue / 2 / width,
      ] == model.sizes)
  }

  struct Absent: Sendable, CustomTestStringConvertible {
    let model, key, usual, other: String
    init(_ model: String, _ key: String, _ usual: String, not other: String) {
      (self.model, self.key, self.usual, self.other) = (model, key, usual, other)
    }
    var testDescription: String { "\(model): \(key)" }
  }

  /// Each member with transformers' default, and another value that gives other logits.
  static let absent =
    [
      ("bert-odd", "layer_norm_eps", "1e-12"), ("roberta-odd", "layer_norm_eps", "1e-12"),
      ("albert-groups", "layer_norm_eps", "1e-12"), ("electra-odd", "layer_norm_eps", "1e-12"),
      ("gpt2-odd", "layer_norm_epsilon", "1e-05"), ("llama-grouped", "rms_norm_eps", "1e-06"),
      ("mistral-window", "rms_norm_eps", "1e-06"), ("qwen2-odd", "rms_norm_eps", "1e-06"),
      ("qwen3-odd", "rms_norm_eps", "1e-06"), ("gemma-odd", "rms_norm_eps", "1e-06"),
      ("gemma2-odd", "rms_norm_eps", "1e-06"), ("gemma3-odd", "rms_norm_eps", "1e-06"),
      ("olmo2-odd", "rms_norm_eps", "1e-05"), ("phi3-odd", "rms_norm_eps", "1e-05"),
      ("neox-odd", "layer_norm_eps", "1e-05"), ("modernbert-odd", "norm_eps", "1e-05"),
    ].map { Absent($0.0, $0.1, $0.2, not: "0.01") }
    + [
      "llama-grouped", "mistral-window", "qwen2-odd", "qwen3-odd", "gemma-odd", "gemma2-odd", "olmo2-odd",
      "phi3-odd",
    ].map { Absent($0, "rope_theta", "10000.0", not: "50.0") }
    + [
      ("bert-odd", "hidden_act", "gelu"), ("albert-groups", "hidden_act", "gelu_new"),
      ("electra-odd", "hidden_act", "gelu"), ("distilbert-odd", "activation", "gelu"),
      ("gpt2-odd", "activation_function", "gelu_new"), ("llama-grouped", "hidden_act", "silu"),
      ("qwen3-odd", "hidden_act", "silu"), ("neox-odd", "hidden_act", "gelu"),
      ("opt-odd", "activation_function", "relu"), ("modernbert-odd", "hidden_activation", "gelu"),
    ].map { Absent($0.0, $0.1, "\"\($0.2)\"", not: "\"quick_gelu\"") }
    + [
      Absent("roberta-odd", "pad_token_id", "1", not: "0"),
      Absent("mistral-window", "sliding_window", "4096", not: "2"),
      Absent("qwen2-odd", "sliding_window", "4096", not: "2"),
      Absent("qwen2-odd", "use_sliding_window", "false", not: "true"),
      Absent("qwen2-odd", "max_window_layers", "28", not: "0"),
      Absent("gemma2-odd", "sliding_window", "4096", not: "2"),
      Absent("gemma2-odd", "query_pre_attn_scalar", "256", not: "17"),
      Absent("gemma2-odd", "attn_logit_softcapping", "50.0", not: "3.0"),
      Absent("gemma2-odd", "final_logit_softcapping", "30.0", not: "null"),
      Absent("gemma3-odd", "sliding_window", "4096", not: "2"),
      Absent("gemma3-odd", "sliding_window_pattern", "6", not: "2"),
      Absent("gemma3-odd", "query_pre_attn_scalar", "256", not: "17"),
      Absent("gemma3-odd", "rope_theta", "1000000.0", not: "50.0"),
      Absent("gemma3-odd", "rope_local_base_freq", "10000.0", not: "50.0"),
      Absent("gemma3-odd", "attn_logit_softcapping", "null", not: "3.0"),
      Absent("phi3-odd", "sliding_window", "null", not: "2"),
      Absent("neox-odd", "rotary_pct", "0.25", not: "0.5"),
      Absent("neox-odd", "rotary_emb_base", "10000", not: "50"),
      Absent("neox-odd", "use_parallel_residual", "true", not: "false"),
      Absent("modernbert-odd", "local_attention", "128", not: "2"),
      Absent("modernbert-odd", "global_attn_every_n_layers", "3", not: "1"),
      Absent("modernbert-odd", "global_rope_theta", "160000.0", not: "50.0"),
      Absent("modernbert-odd", "local_rope_theta", "10000.0", not: "50.0"),
    ]

  @Test(arguments: absent)
  func absentIsTheDefault(_ absent: Absent) throws {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(Fixtures.model(absent.model))
    let file = copy.appending(path: "config.json")
    let json = try JSON(contentsOf: file, as: .python)
    let golden = try Golden(Fixtures.model(absent.model))
    func logits(_ value: String?) throws -> [Float] {
      let members = try #require(json.members).filter { $0.key != absent.key }
      let rest = String(decoding: JSON.object(members).text, as: UTF8.self)
      let stated = value.map { "{\"\(absent.key)\": \($0), " + rest.drop { $0 != "{" }.dropFirst() }
      try (stated ?? rest).write(to: file, atomically: true, encoding: .utf8)
      let model = try FrozenModel(folder: copy)
      return model.logits(golden.inputs[...], prompt: golden.prompt, candidates: model.allWords, Workspace())
        .elements
    }
    let expected = try logits(absent.usual)
    #expect(try logits(nil) == expected && logits(absent.other) != expected)
  }

  /// Words added to a model whose configuration is nested and says no `vocab_size`: the file then says the new one.
  @Test(arguments: [false, true]) func addedWordsOfANestedConfiguration(isStatedOutside: Bool) throws {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(Fixtures.model("gemma3-odd"))
    let file = copy.appending(path: "config.json")
    let text = try #require(JSON(contentsOf: file, as: .python).members).filter { $0.key != "vocab_size" }
    let outside = isStatedOutside ? #""vocab_size": 97, "# : ""
    try
      #"{"model_type": "gemma3", \#(outside)"text_config": \#(String(decoding: JSON.object(text).text, as: UTF8.self))}"#
      .write(to: file, atomically: true, encoding: .utf8)
    let error = try #require(throws: CheckpointError.self) { try FrozenModel(folder: copy) }
    #expect(error.problem.contains("has shape [97, 34] where config.json asks for [262208, 34]"), "\(error)")

    let grown = try TemporaryFolder()
    let table = try EmbeddingTable(folder: copy)
    try Checkpoint(folder: copy).write(
      into: grown.url, words: Samples.matrix(3, 34, "words"), from: 97, table: table)
    let written = try JSON(contentsOf: grown.url.appending(path: "config.json"), as: .python)
    #expect(written["text_config"]?["vocab_size"]?.int == 100)
    #expect(written["vocab_size"]?.int == (isStatedOutside ? 100 : nil))
    #expect(try FrozenModel(folder: grown.url).configuration.vocabularySize == 100)
  }
}
