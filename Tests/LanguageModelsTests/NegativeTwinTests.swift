import Checkpoints
import Foundation
import LanguageModels
import TestSupport
import Testing

/// The goldens can fail: each of these models is wrong in one place, and the right rungs of the ladder break.
@Suite struct NegativeTwinTests {
  struct Twin: Sendable, CustomTestStringConvertible {
    let model: String
    /// In `config.json`, or nil for a change of weights.
    let edit: (from: String, to: String)?
    /// The tensor whose first number is changed.
    var tensor: String?
    /// A rung that must break and one, where there is one, that must not.
    let breaks: String
    var keeps: String?
    var testDescription: String { "\(model), \(tensor ?? edit?.from ?? "")" }
  }

  static let twins = [
    Twin(model: "bert-odd", edit: ("1e-12", "1e-3"), breaks: "embeddings"),
    Twin(model: "roberta-odd", edit: ("1e-05", "1e-12"), breaks: "logits"),
    Twin(model: "roberta-odd", edit: ("\"pad_token_id\": 1", "\"pad_token_id\": 0"), breaks: "embeddings"),
    Twin(model: "bert-odd", edit: ("\"gelu\"", "\"gelu_new\""), breaks: "layer.0", keeps: "embeddings"),
    Twin(model: "bert-untied", edit: ("\"gelu_new\"", "\"gelu\""), breaks: "layer.0", keeps: "embeddings"),
    Twin(model: "roberta-relu", edit: ("\"relu\"", "\"gelu\""), breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "bert-long", edit: ("\"num_attention_heads\": 2", "\"num_attention_heads\": 4"),
      breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "bert-long", edit: ("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 3"), breaks: "logits",
      keeps: "layer.1"),
    Twin(
      model: "bert-long", edit: nil, tensor: "bert.encoder.layer.2.attention.self.value.weight",
      breaks: "layer.2",
      keeps: "layer.1"),
    Twin(model: "bert-long", edit: nil, tensor: "cls.predictions.bias", breaks: "logits", keeps: "layer.3"),
    Twin(
      model: "roberta-odd", edit: nil, tensor: "roberta.encoder.layer.0.attention.self.key.weight",
      breaks: "layer.0",
      keeps: "embeddings"),
    Twin(model: "llama-grouped", edit: ("1e-05", "1e-3"), breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "llama-grouped", edit: nil, tensor: "model.layers.1.mlp.gate_proj.weight", breaks: "layer.1",
      keeps: "layer.0"),
    Twin(
      model: "llama-rope-linear", edit: ("\"factor\": 2.5", "\"factor\": 2.4"), breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "llama-rope-dynamic", edit: ("\"factor\": 2.0", "\"factor\": 2.5"), breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "llama-rope-llama3", edit: ("\"high_freq_factor\": 4.0", "\"high_freq_factor\": 3.0"),
      breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "llama-rope-yarn", edit: ("\"factor\": 4.0", "\"factor\": 3.0"), breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "mistral-window", edit: ("\"sliding_window\": 5", "\"sliding_window\": 6"), breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "qwen2-odd", edit: ("\"max_window_layers\": 2", "\"max_window_layers\": 1"), breaks: "layer.1",
      keeps: "layer.0"),
    Twin(
      model: "qwen3-odd", edit: nil, tensor: "model.layers.1.self_attn.k_norm.weight", breaks: "layer.1",
      keeps: "layer.0"),
    Twin(
      model: "gemma2-odd", edit: ("\"attn_logit_softcapping\": 3.0", "\"attn_logit_softcapping\": null"),
      breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "gemma2-odd", edit: ("\"final_logit_softcapping\": 2.5", "\"final_logit_softcapping\": 3"),
      breaks: "logits", keeps: "final"),
    Twin(
      model: "gemma2-odd", edit: ("\"query_pre_attn_scalar\": 17", "\"query_pre_attn_scalar\": 10"),
      breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "gemma3-odd", edit: ("\"sliding_window_pattern\": 3", "\"sliding_window_pattern\": 2"),
      breaks: "layer.1", keeps: "layer.0"),
    Twin(
      model: "gemma3-odd", edit: ("\"rope_local_base_freq\": 10000.0", "\"rope_local_base_freq\": 8000.0"),
      breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "gemma3-odd", edit: ("\"factor\": 8.0", "\"factor\": 4.0"), breaks: "layer.2", keeps: "layer.1"),
    Twin(
      model: "olmo2-odd", edit: nil, tensor: "model.layers.0.self_attn.q_norm.weight", breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "phi3-odd", edit: ("[1.0, 3.0, 9.0]", "[1.0, 3.0, 8.0]"), breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "phi3-odd",
      edit: ("\"original_max_position_embeddings\": 16", "\"original_max_position_embeddings\": 17"),
      breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "neox-odd", edit: ("\"rotary_pct\": 0.25", "\"rotary_pct\": 0.5"), breaks: "layer.0",
      keeps: "embeddings"),
    Twin(
      model: "neox-odd", edit: ("\"use_parallel_residual\": true", "\"use_parallel_residual\": false"),
      breaks: "layer.0", keeps: "embeddings"),
    Twin(
      model: "modernbert-odd", edit: ("\"local_attention\": 10", "\"local_attention\": 12"),
      breaks: "layer.1",
      keeps: "layer.0"),
    Twin(
      model: "modernbert-odd", edit: ("\"global_rope_theta\": 160000.0", "\"global_rope_theta\": 10000.0"),
      breaks: "layer.0", keeps: "embeddings"),
  ]

  @Test(arguments: twins)
  func breaks(_ twin: Twin) throws {
    let folder = try TemporaryFolder()
    let copy = try folder.copy(Fixtures.model(twin.model))
    if let edit = twin.edit {
      let file = copy.appending(path: "config.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(text.contains(edit.from))
      try text.replacing(edit.from, with: edit.to).write(to: file, atomically: true, encoding: .utf8)
    }
    if let name = twin.tensor {
      let file = copy.appending(path: "model.safetensors")
      let header = try SafetensorsFile(file)
      let entry = try #require(header.entry(name))
      var bytes = try Data(contentsOf: file)
      let place = header.header.dataOffset + entry.range.lowerBound
      bytes.replaceSubrange(place..<place + 4, with: withUnsafeBytes(of: Float(0.75)) { Data($0) })
      try bytes.write(to: file)
    }
    let golden = try Golden(copy)
    let model = try FrozenModel(folder: copy)
    let layers = try #require(golden.names.last { $0.hasPrefix("layer.") }?.last?.wholeNumberValue) + 1
    let wrong = try Ladder(model, golden).disagreements(golden, layerCount: layers).map(\.name)
    #expect(wrong.contains(twin.breaks), "only \(wrong) broke")
    #expect(
      wrong.contains("prompt_gradient") && wrong.contains("steps.loss") || twin.tensor != nil, "\(wrong)")
    if let keeps = twin.keeps { #expect(!wrong.contains(keeps), "\(wrong)") }
  }
}
