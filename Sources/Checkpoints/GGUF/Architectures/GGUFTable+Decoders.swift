import Formats

/// Llama and its relatives, whose tensors all have the same names.
extension GGUFTable {
  private static let whole = [
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
  ]
  private static let attention = [
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
  ]
  private static let attentionNorms = ["attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm"]
  private static let feedForward = [
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
  ]
  private static let normsBefore = ["attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"]
  private static let normsAfter = [
    "post_attention_norm": "post_attention_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
  ]

  private static func joined(_ tables: [String: String]...) -> [String: String] {
    tables.reduce(into: [:]) { $0.merge($1) { _, new in new } }
  }

  /// Llama 2 and 3, SmolLM, Mistral. Models with experts have another type, and other tensors.
  static let llama = GGUFTable(
    modelType: "llama", whole: whole, layer: joined(attention, feedForward, normsBefore), interleaves: true
  ) { (fields) throws(CheckpointError) in
    try fields.addDecoder()
    if let experts = try fields.int("expert_count"), experts > 0 { fields["model_type"] = "mixtral" }
    fields["mlp_bias"] = .bool(fields.shapes["blk.0.ffn_up.bias"] != nil)
  }

  static let qwen2 = GGUFTable(
    modelType: "qwen2", whole: whole, layer: joined(attention, feedForward, normsBefore)
  ) { (fields) throws(CheckpointError) in
    try fields.addDecoder()
    fields["use_sliding_window"] = false
  }

  static let qwen3 = GGUFTable(
    modelType: "qwen3", whole: whole, layer: joined(attention, attentionNorms, feedForward, normsBefore)
  ) { (fields) throws(CheckpointError) in
    try fields.addDecoder()
    fields["use_sliding_window"] = false
  }

  /// Norms follow attention and feed-forward.
  static let olmo2 = GGUFTable(
    modelType: "olmo2", whole: whole, layer: joined(attention, attentionNorms, feedForward, normsAfter)
  ) { (fields) throws(CheckpointError) in try fields.addDecoder() }

  static let phi3 = GGUFTable(
    modelType: "phi3", whole: whole,
    layer: joined(
      normsBefore,
      [
        "attn_qkv": "self_attn.qkv_proj", "attn_output": "self_attn.o_proj", "ffn_up": "mlp.gate_up_proj",
        "ffn_down": "mlp.down_proj",
      ])
  ) { (fields) throws(CheckpointError) in
    try fields.addDecoder()
    if let window = try fields.int("attention.sliding_window"), window > 0 {
      fields["sliding_window"] = .integer(window)
    }
    if let turned = try fields.int("rope.dimension_count"), let width = fields["head_dim"]?.int, width > 0 {
      fields["partial_rotary_factor"] = .number(Double(turned) / Double(width))
    }
  }

  // MARK: Gemma

  static let gemma = GGUFTable(
    modelType: "gemma", whole: whole, layer: joined(attention, feedForward, normsBefore), addsOne: true
  ) { (fields) throws(CheckpointError) in
    try fields.addDecoder()
    fields["hidden_act"] = "gelu_pytorch_tanh"
  }

  private static let sandwich = joined(
    attention, feedForward, normsAfter,
    ["attn_norm": "input_layernorm", "ffn_norm": "pre_feedforward_layernorm"])

  static let gemma2 = GGUFTable(modelType: "gemma2", whole: whole, layer: sandwich, addsOne: true) {
    (fields) throws(CheckpointError) in
    try fields.addGemma(wholeEvery: 2, largestLayers: 46)
    try fields.copyNumber("attn_logit_softcapping", as: "attn_logit_softcapping", default: 50)
    try fields.copyNumber("final_logit_softcapping", as: "final_logit_softcapping", default: 30)
  }

  static let gemma3 = GGUFTable(
    modelType: "gemma3_text", whole: whole, layer: joined(sandwich, attentionNorms), addsOne: true
  ) { (fields) throws(CheckpointError) in
    try fields.addGemma(wholeEvery: 6, largestLayers: 62)
    try fields.copyNumber("rope.freq_base", as: "rope_theta", default: 1_000_000)
    try fields.copyNumber("rope.freq_base_swa", as: "rope_local_base_freq", default: 10_000)
  }
}

extension GGUFConfiguration {
  /// What Gemma 2 and 3 share. Files do not say which layers see only a window, nor what the largest model divides scores by:
  /// llama.cpp has both in its code (llama-model.cpp, `set_swa_pattern` and `f_attention_scale`).
  fileprivate mutating func addGemma(wholeEvery: Int, largestLayers: Int) throws(CheckpointError) {
    try addDecoder()
    self["hidden_act"] = nil
    self["hidden_activation"] = "gelu_pytorch_tanh"
    try copy("attention.sliding_window", as: "sliding_window")
    let layers = try required("block_count")
    guard (1...4096).contains(layers) else { throw failure("\(architecture).block_count", "is \(layers)") }
    let pattern =
      flagsPattern(try flags("attention.sliding_window_pattern"), layers)
      ?? (0..<layers).map { ($0 + 1) % wholeEvery != 0 }
    self["layer_types"] = .array(pattern.map { $0 ? "sliding_attention" : "full_attention" })
    let heads = try required("attention.head_count")
    let scalar = layers == largestLayers ? try required("embedding_length") / heads : self["head_dim"]?.int
    if let scalar { self["query_pre_attn_scalar"] = .integer(scalar) }
  }

  private func flagsPattern(_ flags: [Bool]?, _ layers: Int) -> [Bool]? {
    flags.flatMap { $0.count == layers ? $0 : nil }
  }
}
