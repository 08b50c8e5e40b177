import Checkpoints
import Foundation
import LanguageModels
import Tensors
import TestSupport
import Testing

/// What the families make of members of `config.json`: what cannot be run is refused by name.
@Suite struct FamilyConfigurationTests {
  struct Bad: Sendable, CustomTestStringConvertible {
    let model: String
    let edit: (from: String, to: String)
    let item: String
    let problem: String
    init(_ model: String, _ from: String, _ to: String, _ item: String, _ problem: String) {
      (self.model, edit, self.item, self.problem) = (model, (from, to), item, problem)
    }
    var testDescription: String { "\(model): \(edit.to)" }
  }

  static let bad = [
    Bad(
      "llama-grouped", "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4", "num_key_value_heads",
      "4 does not divide num_attention_heads 6"),
    Bad("llama-grouped", "\"head_dim\": 10", "\"head_dim\": 0", "head_dim", "is not a whole number"),
    Bad(
      "llama-grouped", "\"head_dim\": 10", "\"head_dim\": 9", "partial_rotary_factor",
      "cannot be done in pairs"),
    Bad(
      "llama-grouped", "\"rope_theta\": 10000.0", "\"rope_theta\": 0", "rope_theta",
      "is not a positive number"),
    Bad(
      "llama-rope-linear", "\"rope_type\": \"linear\"", "\"rope_type\": \"mrope\"", "rope_scaling.rope_type",
      "mrope is not supported"),
    Bad("llama-rope-linear", "\"factor\": 2.5, ", "", "rope_scaling.factor", "is missing"),
    Bad(
      "llama-rope-yarn", "\"beta_fast\": 4.0", "\"beta_fast\": \"4\"", "rope_scaling.beta_fast",
      "is not a positive number"),
    Bad(
      "phi3-odd", "[1.0, 3.0, 9.0]", "[1.0, 3.0]", "rope_scaling.long_factor", "is not 3 positive numbers"),
    Bad(
      "gemma2-odd", "\"sliding_window\": 5", "\"sliding_window\": -5", "sliding_window",
      "is not a whole number"),
    Bad(
      "gemma2-odd", "\"attn_logit_softcapping\": 3.0", "\"attn_logit_softcapping\": 0",
      "attn_logit_softcapping",
      "is not a positive number"),
    Bad(
      "gemma3-odd", "\"sliding_window\": 6",
      "\"sliding_window\": 6, \"layer_types\": [\"full_attention\", \"chunked_attention\", \"full_attention\"]",
      "layer_types", "is not a list"),
    Bad(
      "gemma3-odd", "\"sliding_window\": 6", "\"sliding_window\": 6, \"use_bidirectional_attention\": true",
      "use_bidirectional_attention", "is not supported"),
    Bad(
      "opt-odd", "\"word_embed_proj_dim\": 36", "\"word_embed_proj_dim\": 0", "word_embed_proj_dim",
      "is not a whole number"),
    Bad(
      "neox-odd", "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"", "hidden_act",
      "mish is not supported"),
    Bad(
      "qwen2-odd", "\"vocab_size\": 97", "\"vocab_size\": 97, \"quantization_config\": {\"bits\": 4}",
      "quantization_config", "is not supported"),
  ]

  private func edited(_ model: String, _ from: String, _ to: String, _ folder: TemporaryFolder) throws -> URL
  {
    let copy = try folder.copy(Fixtures.model(model))
    let file = copy.appending(path: "config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(from), "\(model) has no \(from)")
    try text.replacing(from, with: to).write(to: file, atomically: true, encoding: .utf8)
    return copy
  }

  @Test(arguments: bad)
  func refuses(_ bad: Bad) throws {
    let folder = try TemporaryFolder()
    let copy = try edited(bad.model, bad.edit.from, bad.edit.to, folder)
    let error = try #require(throws: CheckpointError.self) { try FrozenModel(folder: copy) }
    #expect(error.item == bad.item && error.problem.contains(bad.problem), "\(error)")
    #expect(error.file.hasSuffix("config.json"))
    // Its words can still be carried to.
    #expect(try !EmbeddingTable(folder: copy).isOfRunnableFamily)
  }

  /// transformers 5 keeps rotary positions in `rope_parameters`, earlier versions in several members.
  @Test(arguments: [
    (
      "llama-rope-linear", "\"rope_scaling\": {\"factor\": 2.5, \"rope_type\": \"linear\"}",
      "\"rope_parameters\": {\"factor\": 2.5, \"rope_type\": \"linear\", \"rope_theta\": 500.0}"
    ),
    (
      "gemma3-odd", "\"rope_scaling\": {\"factor\": 8.0, \"rope_type\": \"linear\"}",
      "\"rope_parameters\": {\"full_attention\": {\"factor\": 8.0, \"rope_type\": \"linear\", \"rope_theta\": 1000000.0}, "
        + "\"sliding_attention\": {\"rope_type\": \"default\", \"rope_theta\": 10000.0}}"
    ),
    (
      "neox-odd", "\"rotary_pct\": 0.25",
      "\"rope_parameters\": {\"partial_rotary_factor\": 0.25, \"rope_theta\": 10000.0, \"rope_type\": \"default\"}"
    ),
    (
      "modernbert-odd", "\"global_rope_theta\": 160000.0",
      "\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 160000.0, \"rope_type\": \"default\"}, "
        + "\"sliding_attention\": {\"rope_theta\": 10000.0, \"rope_type\": \"default\"}}"
    ),
  ])
  func newerFilesSayTheSame(_ model: String, _ from: String, _ to: String) throws {
    let folder = try TemporaryFolder()
    let copy = try edited(model, from, to, folder)
    let golden = try Golden(Fixtures.model(model))
    func logits(_ folder: URL) throws -> [Float] {
      let model = try FrozenModel(folder: folder)
      return model.logits(golden.inputs[...], prompt: golden.prompt, candidates: model.allWords, Workspace())
        .elements
    }
    #expect(try logits(copy) == logits(Fixtures.model(model)))
  }

  /// Gemma's rows are scaled by a number of the table's own type, and the table says so.
  @Test(arguments: [("gemma3-odd", 5.84375), ("gemma2-odd", 6), ("llama-grouped", 1)])
  func scales(_ model: String, _ scale: Double) throws {
    let table = try EmbeddingTable(folder: Fixtures.model(model))
    #expect(table.inputScale == scale && table.isOfRunnableFamily && table.modelKind == .causal)
  }

  /// All or nothing: without any one of its tensors a model does not load, and the error names it.
  @Test(arguments: [
    "llama-grouped", "llama-rope-linear", "gemma3-odd", "olmo2-odd", "phi3-odd", "neox-odd", "opt-odd",
    "opt-projected", "modernbert-odd",
  ])
  func everyTensorIsNeeded(_ name: String) throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors(name)
    let copy = try folder.copy(Fixtures.model(name))
    func write(_ tensors: [String: Matrix]) throws {
      try SafetensorsFile.serialize(tensors, metadata: [:]).write(
        to: copy.appending(path: "model.safetensors"))
    }
    try write(tensors)
    #expect(try FrozenModel(folder: copy).unusedTensors == [])
    for missing in tensors.keys.sorted() {
      try write(tensors.filter { $0.key != missing })
      let error = try #require(throws: CheckpointError.self) { try FrozenModel(folder: copy) }
      #expect(error.item == missing && error.problem == "is not in the checkpoint", "\(error)")
    }
  }

  /// The language model inside Gemma 3 that sees: its configuration nested, its tensors under other names.
  @Test(arguments: ["language_model.model.", "model.language_model."])
  func gemmaInsideALargerModel(root: String) throws {
    let folder = try TemporaryFolder()
    let golden = try Golden(Fixtures.model("gemma3-odd"))
    let tensors = try Self.tensors("gemma3-odd")
    func model(_ name: String, root: String, configuration: (String) -> String) throws -> FrozenModel {
      let copy = try folder.copy(Fixtures.model("gemma3-odd"), as: name)
      let file = copy.appending(path: "config.json")
      try configuration(String(contentsOf: file, encoding: .utf8)).write(
        to: file, atomically: true, encoding: .utf8)
      let renamed = tensors.map { ($0.key.replacing("model.", with: root, maxReplacements: 1), $0.value) }
      try SafetensorsFile.serialize(Dictionary(uniqueKeysWithValues: renamed), metadata: [:])
        .write(to: copy.appending(path: "model.safetensors"))
      return try FrozenModel(folder: copy)
    }
    func logits(_ model: FrozenModel) -> [Float] {
      model.logits(golden.inputs[...], prompt: golden.prompt, candidates: model.allWords, Workspace())
        .elements
    }
    let plain = try model("plain", root: "model.") { $0 }
    let inside = try model("inside", root: root) { #"{"model_type": "gemma3", "text_config": \#($0)}"# }
    #expect(inside.unusedTensors == [] && inside.configuration.family == "gemma3_text")
    // Written anew the tables are F32, and so their scale is not rounded as that of the BF16 fixture is.
    #expect(inside.embeddingTable.inputScale == Double(Float(34).squareRoot()))
    #expect(logits(inside) == logits(plain))
  }

  private static func tensors(_ name: String) throws -> [String: Matrix] {
    let checkpoint = try Checkpoint(folder: Fixtures.model(name))
    var tensors: [String: Matrix] = [:]
    for tensor in checkpoint.tensorNames {
      let shape = try #require(checkpoint.shape(tensor))
      tensors[tensor] = try checkpoint.matrix(
        tensor, rows: shape.count == 1 ? 1 : shape[0], columns: shape.last ?? 1)
    }
    return tensors
  }
}
