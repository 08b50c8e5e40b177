import Formats

/// Architectures with names of their own.
extension GGUFTable {
  static let gptNeoX = GGUFTable(
    modelType: "gpt_neox",
    whole: [
      "token_embd": "gpt_neox.embed_in", "output_norm": "gpt_neox.final_layer_norm", "output": "embed_out",
    ],
    layerPrefix: "gpt_neox.layers.",
    layer: [
      "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
      "attn_qkv": "attention.query_key_value", "attn_output": "attention.dense",
      "ffn_up": "mlp.dense_h_to_4h",
      "ffn_down": "mlp.dense_4h_to_h",
    ],
    separates: true
  ) { (fields) throws(CheckpointError) in
    try fields.copy("embedding_length", as: "hidden_size")
    try fields.copy("block_count", as: "num_hidden_layers")
    try fields.copy("feed_forward_length", as: "intermediate_size")
    try fields.copy("attention.head_count", as: "num_attention_heads")
    try fields.copy("context_length", as: "max_position_embeddings")
    try fields.copyNumber("attention.layer_norm_epsilon", as: "layer_norm_eps")
    try fields.copyNumber("rope.freq_base", as: "rotary_emb_base", default: 10_000)
    fields["hidden_act"] = "gelu"
    if let isParallel = try fields.flag("use_parallel_residual") {
      fields["use_parallel_residual"] = .bool(isParallel)
    }
    let (width, heads) = (
      try fields.required("embedding_length"), try fields.required("attention.head_count")
    )
    if let turned = try fields.int("rope.dimension_count"), heads > 0, width > 0 {
      fields["rotary_pct"] = .number(Double(turned) * Double(heads) / Double(width))
    }
  }

  static let gpt2 = GGUFTable(
    modelType: "gpt2",
    whole: [
      "token_embd": "transformer.wte", "position_embd": "transformer.wpe", "output_norm": "transformer.ln_f",
      "output": "lm_head",
    ],
    layerPrefix: "transformer.h.",
    layer: [
      "attn_norm": "ln_1", "ffn_norm": "ln_2", "attn_qkv": "attn.c_attn", "attn_output": "attn.c_proj",
      "ffn_up": "mlp.c_fc", "ffn_down": "mlp.c_proj",
    ],
    transposes: ["attn_qkv", "attn_output", "ffn_up", "ffn_down"]
  ) { (fields) throws(CheckpointError) in
    try fields.copy("embedding_length", as: "n_embd")
    try fields.copy("block_count", as: "n_layer")
    try fields.copy("attention.head_count", as: "n_head")
    try fields.copy("context_length", as: "n_positions")
    try fields.copy("feed_forward_length", as: "n_inner")
    try fields.copyNumber("attention.layer_norm_epsilon", as: "layer_norm_epsilon")
    fields["activation_function"] = "gelu_new"
  }

  /// Encoders for embeddings: files hold no head, so they cannot answer.
  static let bert = GGUFTable(
    modelType: "bert",
    whole: [
      "token_embd": "bert.embeddings.word_embeddings", "position_embd": "bert.embeddings.position_embeddings",
      "token_types": "bert.embeddings.token_type_embeddings", "token_embd_norm": "bert.embeddings.LayerNorm",
    ],
    layerPrefix: "bert.encoder.layer.",
    layer: [
      "attn_q": "attention.self.query", "attn_k": "attention.self.key", "attn_v": "attention.self.value",
      "attn_output": "attention.output.dense", "attn_output_norm": "attention.output.LayerNorm",
      "ffn_up": "intermediate.dense", "ffn_down": "output.dense", "layer_output_norm": "output.LayerNorm",
    ]
  ) { (fields) throws(CheckpointError) in
    try fields.copy("embedding_length", as: "hidden_size")
    try fields.copy("block_count", as: "num_hidden_layers")
    try fields.copy("feed_forward_length", as: "intermediate_size")
    try fields.copy("attention.head_count", as: "num_attention_heads")
    try fields.copyNumber("attention.layer_norm_epsilon", as: "layer_norm_eps")
    fields["hidden_act"] = "gelu"
    try fields.copy("context_length", as: "max_position_embeddings")
    if let positions = fields.shapes["position_embd.weight"]?.first {
      fields["max_position_embeddings"] = .integer(positions)
    }
    fields["type_vocab_size"] = .integer(fields.shapes["token_types.weight"]?.first ?? 2)
  }
}
