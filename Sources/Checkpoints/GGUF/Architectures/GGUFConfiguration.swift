import Formats
import Foundation

/// A `config.json` on its way out of metadata.
struct GGUFConfiguration {
  private(set) var json: JSON = [:]
  let architecture: String
  let shapes: [String: [Int]]
  private let metadata: GGUFMetadata

  /// With the members that every model has.
  init(
    _ metadata: GGUFMetadata, architecture: String, shapes: [String: [Int]]
  ) throws(CheckpointError) {
    (self.metadata, self.architecture, self.shapes) = (metadata, architecture, shapes)
    self["model_type"] = .string(architecture)
    if let rows = shapes["token_embd.weight"]?.first { self["vocab_size"] = .integer(rows) }
    self["tie_word_embeddings"] = .bool(shapes["output.weight"] == nil)
    for (name, key) in [
      ("bos_token_id", "bos_token_id"), ("eos_token_id", "eos_token_id"),
      ("pad_token_id", "padding_token_id"),
    ] {
      if let id = try metadata.int("tokenizer.ggml.\(key)") { self[name] = .integer(id) }
    }
  }

  subscript(name: String) -> JSON? {
    get { json[name] }
    set { json = newValue.map { json.setting(name, to: $0) } ?? json.removing(name) }
  }

  /// A whole number of the architecture's metadata.
  func int(_ key: String) throws(CheckpointError) -> Int? { try metadata.int("\(architecture).\(key)") }

  /// A number. What was a Float32 is given as the shortest number that is that Float32: 1e-5 and not 9.99999975e-6.
  func number(_ key: String) throws(CheckpointError) -> Double? {
    guard let value = try metadata.value("\(architecture).\(key)", "a number", \.double) else { return nil }
    let single = Float(value)
    return Double(single) == value ? Double("\(single)") ?? value : value
  }

  func string(_ key: String) throws(CheckpointError) -> String? {
    try metadata.string("\(architecture).\(key)")
  }

  func flag(_ key: String) throws(CheckpointError) -> Bool? { try metadata.bool("\(architecture).\(key)") }

  /// A list of one boolean for each layer.
  func flags(_ key: String) throws(CheckpointError) -> [Bool]? {
    guard metadata["\(architecture).\(key)"]?.array != nil else { return nil }
    return try metadata.flags("\(architecture).\(key)")
  }

  func required(_ key: String) throws(CheckpointError) -> Int {
    if let value = try int(key) { return value }
    throw CheckpointError(file: metadata.url, item: "\(architecture).\(key)", "is missing")
  }

  /// A whole number that there must be, under the name that config.json has for it.
  mutating func copy(_ key: String, as name: String) throws(CheckpointError) {
    self[name] = .integer(try required(key))
  }

  mutating func copyNumber(_ key: String, as name: String, default value: Double? = nil)
    throws(CheckpointError)
  {
    let stated = try number(key)
    guard let number = stated ?? value else {
      throw CheckpointError(file: metadata.url, item: "\(architecture).\(key)", "is missing")
    }
    self[name] = .number(number)
  }

  /// What decoders of Llama's kind have.
  mutating func addDecoder() throws(CheckpointError) {
    try copy("embedding_length", as: "hidden_size")
    try copy("block_count", as: "num_hidden_layers")
    try copy("feed_forward_length", as: "intermediate_size")
    try copy("attention.head_count", as: "num_attention_heads")
    try copy("context_length", as: "max_position_embeddings")
    let (width, heads) = (try required("embedding_length"), try required("attention.head_count"))
    guard heads > 0 else {
      throw CheckpointError(file: metadata.url, item: "\(architecture).attention.head_count", "is 0")
    }
    let (keyHeads, headWidth) = (try int("attention.head_count_kv"), try int("attention.key_length"))
    self["num_key_value_heads"] = .integer(keyHeads ?? heads)
    self["head_dim"] = .integer(headWidth ?? width / heads)
    try copyNumber("attention.layer_norm_rms_epsilon", as: "rms_norm_eps")
    try copyNumber("rope.freq_base", as: "rope_theta", default: 10_000)
    self["attention_bias"] = .bool(shapes["blk.0.attn_q.bias"] != nil)
    self["hidden_act"] = "silu"
    try addScaling()
  }

  /// `rope_scaling`, where `rope.scaling.type` says that there is one.
  mutating func addScaling() throws(CheckpointError) {
    guard let type = try string("rope.scaling.type"), type != "none" else { return }
    var scaling: JSON = ["rope_type": .string(type)]
    if let factor = try number("rope.scaling.factor") {
      scaling = scaling.setting("factor", to: .number(factor))
    }
    if let length = try int("rope.scaling.original_context_length") {
      scaling = scaling.setting("original_max_position_embeddings", to: .integer(length))
    }
    for (key, name) in [
      ("attn_factor", "attention_factor"), ("yarn_beta_fast", "beta_fast"), ("yarn_beta_slow", "beta_slow"),
    ] {
      if let value = try number("rope.scaling.\(key)") { scaling = scaling.setting(name, to: .number(value)) }
    }
    self["rope_scaling"] = scaling
  }

  func failure(_ item: String, _ problem: String, hint: String? = nil) -> CheckpointError {
    CheckpointError(file: metadata.url, item: item, problem, hint: hint)
  }
}
