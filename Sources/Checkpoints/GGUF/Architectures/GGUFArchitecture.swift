import Formats
import Foundation

/// What llama.cpp calls a model's architecture, and how its names, values and sizes become those of Hugging Face's layout.
///
/// Of architectures without a table the word embeddings and the tokenizer can be used, which is all that a transfer needs:
/// their tensors keep their names.
struct GGUFArchitecture: Sendable {
  let name: String
  let metadata: GGUFMetadata
  private let table: GGUFTable?

  /// Throws where the file does not say which it is.
  init(_ metadata: GGUFMetadata) throws(CheckpointError) {
    self.metadata = metadata
    guard let name = try metadata.string("general.architecture"), !name.isEmpty else {
      throw CheckpointError(
        file: metadata.url, item: "general.architecture", "is missing",
        hint: "The file is no language model, or of before GGUF's rules")
    }
    self.name = name
    table = GGUFTable.all[name]
  }

  /// The name that the tensor has in Hugging Face's layout; its own where that is not known.
  func name(of tensor: String) -> String {
    guard let table else { return tensor }
    let (part, layer, ending) = Self.parts(of: tensor)
    if let layer, let name = table.layer[part] { return "\(table.layerPrefix)\(layer).\(name)\(ending)" }
    if layer == nil, let name = table.whole[part] { return name + ending }
    return tensor
  }

  /// What has to be undone to the tensor's elements.
  func layout(of tensor: String) throws(CheckpointError) -> GGUFLayout {
    guard let table else { return .asIs }
    let (part, _, ending) = Self.parts(of: tensor)
    if table.addsOne, part.hasSuffix("norm"), ending == ".weight" { return .plusOne }
    if table.interleaves, part == "attn_q" { return .interleaved(heads: try heads("head_count")) }
    if table.interleaves, part == "attn_k" { return .interleaved(heads: try heads("head_count_kv")) }
    if table.separates, part == "attn_qkv" { return .separated(heads: try heads("head_count")) }
    if table.transposes.contains(part), ending == ".weight" { return .transposed }
    return .asIs
  }

  private func heads(_ key: String) throws(CheckpointError) -> Int {
    var heads = try metadata.int("\(name).attention.\(key)")
    if heads == nil { heads = try metadata.int("\(name).attention.head_count") }
    guard let heads, (1...1 << 20).contains(heads) else {
      throw CheckpointError(
        file: metadata.url, item: "\(name).attention.\(key)", "is missing, or no number of heads")
    }
    return heads
  }

  /// `blk.3.attn_q.weight` as `attn_q`, 3 and `.weight`.
  private static func parts(of tensor: String) -> (part: String, layer: Int?, ending: String) {
    var rest = tensor[...]
    var layer: Int?
    if rest.hasPrefix("blk."), let dot = rest.dropFirst(4).firstIndex(of: "."),
      let number = Int(rest.dropFirst(4)[..<dot])
    {
      layer = number
      rest = rest[rest.index(after: dot)...]
    }
    for ending in [".weight", ".bias"] where rest.hasSuffix(ending) {
      return (String(rest.dropLast(ending.count)), layer, ending)
    }
    return (String(rest), layer, "")
  }

  /// `config.json` as far as the file says what would be in it.
  /// - Parameters:
  ///   - shapes: of the tensors, by their names in the file
  ///   - vector: reads a small tensor of F32
  func configuration(
    shapes: [String: [Int]], vector: (String) throws(CheckpointError) -> [Float]?
  ) throws(CheckpointError) -> JSON {
    var fields = try GGUFConfiguration(metadata, architecture: name, shapes: shapes)
    if let table {
      fields["model_type"] = .string(table.modelType)
      try table.configure(&fields)
      try fields.addRotaryFactors(vector)
    }
    return fields.json
  }
}

/// The names of one architecture, and what is particular to it.
struct GGUFTable: Sendable {
  let modelType: String
  /// Tensors outside of layers.
  var whole: [String: String]
  var layerPrefix = "model.layers."
  /// Tensors of a layer, without their prefixes and endings.
  var layer: [String: String]
  /// One of `GGUFLayout`'s cases for the tensors that it is about.
  var addsOne = false
  var interleaves = false
  var separates = false
  var transposes: Set<String> = []
  /// Adds the members of `config.json`.
  let configure: @Sendable (inout GGUFConfiguration) throws(CheckpointError) -> Void

  static let all: [String: GGUFTable] = [
    "llama": .llama, "qwen2": .qwen2, "qwen3": .qwen3, "gemma": .gemma, "gemma2": .gemma2, "gemma3": .gemma3,
    "phi3": .phi3, "olmo2": .olmo2, "gptneox": .gptNeoX, "gpt2": .gpt2, "bert": .bert,
  ]
}
