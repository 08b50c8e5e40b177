"""Goldens of the frozen models: tiny random checkpoints, and what transformers computes with them.

  python scripts/goldens/models.py [CASE…]   Tests/Fixtures/models/<case>/: checkpoint, golden.json, golden.safetensors; all
                                             cases, or those named and no other
  python scripts/goldens/models.py --zoo     Tests/Fixtures/zoo/<name>/: golden files only, for share/promptferry/zoo/<name>

golden.json
  sequences      token ids; -1 is a prompt slot, the slots of a sequence take V1, V2, V3 in order
  read, labels   the row that is read in each sequence, and the token that is right there; GPT-2 reads the last row,
                 which may be a slot, and the label is the token that comes next
  family         model_type; absent in bert-* and roberta-*, which are older than the key
  promptVectors, learningRate, schedule, transformers   settings of the ten steps, version of the reference
  float64Difference   largest |float32 - float64| of every tensor: what tolerances are derived from
golden.safetensors (F32; sumT = tokens of all sequences, one after another, without padding)
  prompt (P, C); embeddings (sumT, C), after LayerNorm; layer.0 .. layer.{L-1} (sumT, C); logits (B, V) at `read`
  mapped (sumT, C), ALBERT, ELECTRA, OPT where the widths differ: after the map from the width of the embeddings, which prompt
  and embeddings have; OPT's with positions
  T5's layers are its encoder's; its decoder begins with decoder_start_token_id and the token at `read`, and logits are at the latter
  final (B, C), causal models and T5, with its scale: after the last norm, or the map back to the width of the embeddings; ModernBERT: after the head's; embeddings are what the first block reads (word + position
  for GPT-2 and OPT, word times scale for Gemma), layers the blocks' outputs
  loss (1), mean cross-entropy over the whole vocabulary; prompt_gradient (P, C); both again as *64, from float64
  steps.loss (10), before each update; steps.prompt (10, P, C), after each update: AdamW with no weight decay
  steps_decay.prompt (10, P, C): the same with weight decay 0.1
The first learning rate of the schedule is 0, so the first row of steps.prompt is the prompt itself.
"""
import shutil, sys, zlib
from dataclasses import dataclass

import common
import numpy as np
import torch, transformers
from safetensors.torch import save_file

P, STEPS, WARMUP, LEARNING_RATE = 3, 10, 2, 3e-3
ZOO, ZOO_BYTES = common.ROOT / "share/promptferry/zoo", 150_000
ZOO_MAY_DROP = ["steps_decay.prompt", "prompt_gradient64", "loss64", "steps.prompt"]  # in this order, to fit


@dataclass
class Case:
    family: str        # a key of DEFAULTS: the model_type
    config: dict       # beyond DEFAULTS
    lengths: list      # tokens of each sequence; the longest may fill every position the model has
    dtype: torch.dtype = torch.float32
    shards: int = 1


ENCODER = {"hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
           "torch_dtype": "float32"}
ROBERTA = ENCODER | {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "type_vocab_size": 1,
                     "layer_norm_eps": 1e-5}
DEFAULTS = {
    "bert": ENCODER | {"architectures": ["BertForMaskedLM"], "model_type": "bert", "pad_token_id": 0,
                       "type_vocab_size": 2, "layer_norm_eps": 1e-12},
    "roberta": ROBERTA | {"architectures": ["RobertaForMaskedLM"], "model_type": "roberta"},
    "xlm-roberta": ROBERTA | {"architectures": ["XLMRobertaForMaskedLM"], "model_type": "xlm-roberta"},
    "camembert": ROBERTA | {"architectures": ["CamembertForMaskedLM"], "model_type": "camembert", "bos_token_id": 5,
                            "eos_token_id": 6},
    "albert": ENCODER | {"architectures": ["AlbertForMaskedLM"], "model_type": "albert", "pad_token_id": 0,
                         "bos_token_id": 2, "eos_token_id": 3, "type_vocab_size": 2},
    "electra": ENCODER | {"architectures": ["ElectraForMaskedLM"], "model_type": "electra", "pad_token_id": 0,
                          "type_vocab_size": 2},
    "distilbert": {"architectures": ["DistilBertForMaskedLM"], "model_type": "distilbert", "pad_token_id": 0,
                   "dropout": 0.1, "attention_dropout": 0.1, "sinusoidal_pos_embds": False, "tie_weights_": True,
                   "torch_dtype": "float32"},
    "gpt2": {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
             "embd_pdrop": 0.1, "attn_pdrop": 0.1, "resid_pdrop": 0.1, "layer_norm_epsilon": 1e-5,
             "torch_dtype": "float32"},
}

DECODER = {"torch_dtype": "float32", "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu", "use_cache": True}
GEMMA = DECODER | {"hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh", "pad_token_id": 0}
DEFAULTS |= {
    "llama": DECODER | {"architectures": ["LlamaForCausalLM"], "model_type": "llama"},
    "mistral": DECODER | {"architectures": ["MistralForCausalLM"], "model_type": "mistral"},
    "qwen2": DECODER | {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"},
    "qwen3": DECODER | {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"},
    "gemma": GEMMA | {"architectures": ["GemmaForCausalLM"], "model_type": "gemma"},
    "gemma2": GEMMA | {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2"},
    "gemma3_text": GEMMA | {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text"},
    "olmo2": DECODER | {"architectures": ["Olmo2ForCausalLM"], "model_type": "olmo2", "pad_token_id": 1},
    "phi3": DECODER | {"architectures": ["Phi3ForCausalLM"], "model_type": "phi3", "pad_token_id": 0},
    "gpt_neox": DECODER | {"architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "hidden_act": "gelu"},
    "opt": DECODER | {"architectures": ["OPTForCausalLM"], "model_type": "opt", "activation_function": "relu",
                      "pad_token_id": 1},
    "modernbert": {"architectures": ["ModernBertForMaskedLM"], "model_type": "modernbert", "torch_dtype": "float32",
                   "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3},
    "t5": {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "torch_dtype": "float32", "pad_token_id": 0,
           "eos_token_id": 1, "decoder_start_token_id": 0, "is_encoder_decoder": True, "dropout_rate": 0.1},
}
# Three query heads to a key head, and heads that are not a part of the width.
GROUPED = dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2, head_dim=10,
               intermediate_size=52, vocab_size=97, max_position_embeddings=40)
ROPE_CASES = {  # Llama with every scaling: few positions in "pretraining", so that all of them matter
    "linear": dict(rope_type="linear", factor=2.5),
    "dynamic": dict(rope_type="dynamic", factor=2.0),
    "llama3": dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=16),
    "yarn": dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=10, beta_fast=4.0, beta_slow=1.0),
}
ROPE_SIZES = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                  intermediate_size=40, vocab_size=71, rope_theta=500.0, tie_word_embeddings=True)

CASES = {
    "bert-odd": Case("bert", dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=80,
                                  vocab_size=131, max_position_embeddings=40), [13, 40, 6, 9, 22, 7]),
    "roberta-odd": Case("roberta", dict(hidden_size=40, num_hidden_layers=2, num_attention_heads=5, intermediate_size=96,
                                        vocab_size=157, max_position_embeddings=36), [11, 6, 34, 17, 8, 25]),
    "bert-untied": Case("bert", dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=56,
                                     vocab_size=89, max_position_embeddings=32, hidden_act="gelu_new",
                                     tie_word_embeddings=False, torch_dtype="bfloat16"),
                        [8, 6, 15, 12, 20, 10], torch.bfloat16),
    "roberta-relu": Case("roberta", dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
                                         vocab_size=113, max_position_embeddings=30, hidden_act="relu",
                                         torch_dtype="float16"), [9, 14, 6, 21, 7, 12], torch.float16, shards=2),
    "bert-long": Case("bert", dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=2, intermediate_size=128,
                                   vocab_size=97, max_position_embeddings=64), [33, 6, 60, 47, 18, 12]),
    # An order that is not i % groups, two layers a group, an epsilon that is nobody's default.
    "albert-groups": Case("albert", dict(embedding_size=20, hidden_size=36, num_hidden_layers=4, num_hidden_groups=2,
                                         inner_group_num=2, num_attention_heads=3, intermediate_size=56, vocab_size=103,
                                         max_position_embeddings=40, hidden_act="gelu_new", layer_norm_eps=1e-4),
                          [11, 6, 40, 8, 19]),
    # No layer_norm_eps, as in the v1 and v2 files.
    "albert-single": Case("albert", dict(embedding_size=16, hidden_size=24, num_hidden_layers=3, num_hidden_groups=1,
                                         inner_group_num=1, num_attention_heads=4, intermediate_size=52, vocab_size=91,
                                         max_position_embeddings=28), [9, 28, 6, 13]),
    "gpt2-odd": Case("gpt2", dict(n_embd=36, n_layer=3, n_head=3, n_inner=None, vocab_size=113, n_positions=32, n_ctx=32,
                                  bos_token_id=112, eos_token_id=112), [9, 4, 32, 13, 6, 17]),
    "gpt2-prefixed": Case("gpt2", dict(n_embd=28, n_layer=2, n_head=4, n_inner=50, vocab_size=97, n_positions=26,
                                       layer_norm_epsilon=1e-3, scale_attn_weights=True, tie_word_embeddings=True,
                                       scale_attn_by_inverse_layer_idx=False, bos_token_id=96, eos_token_id=96),
                          [7, 26, 5, 12]),
    "distilbert-odd": Case("distilbert", dict(dim=36, n_layers=2, n_heads=3, hidden_dim=68, vocab_size=109,
                                              max_position_embeddings=34, activation="gelu_new"), [10, 6, 34, 15, 8]),
    # The body's activation is not the head's, which is always GELU; so in the next two.
    "electra-odd": Case("electra", dict(embedding_size=20, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                                        intermediate_size=60, vocab_size=107, max_position_embeddings=30,
                                        hidden_act="relu", layer_norm_eps=1e-4), [12, 30, 6, 9, 17]),
    "xlmr-odd": Case("xlm-roberta", dict(hidden_size=28, num_hidden_layers=2, num_attention_heads=2, intermediate_size=44,
                                         vocab_size=101, max_position_embeddings=30, hidden_act="gelu_new"),
                     [8, 28, 6, 14, 11]),
    "camembert-odd": Case("camembert", dict(hidden_size=30, num_hidden_layers=1, num_attention_heads=3,
                                            intermediate_size=54, vocab_size=117, max_position_embeddings=27,
                                            hidden_act="gelu_new"), [10, 6, 25, 13]),
    "llama-grouped": Case("llama", GROUPED | dict(rope_theta=10000.0, rms_norm_eps=1e-5, tie_word_embeddings=False),
                          [9, 4, 37, 13, 6]),
    "llama-biases": Case("llama", dict(hidden_size=24, num_hidden_layers=1, num_attention_heads=3, num_key_value_heads=1,
                                       intermediate_size=44, vocab_size=83, max_position_embeddings=30,
                                       attention_bias=True, mlp_bias=True, hidden_act="gelu", rms_norm_eps=1e-3,
                                       tie_word_embeddings=True, rope_theta=300.0, torch_dtype="bfloat16"),
                         [8, 25, 5], torch.bfloat16, shards=2),
    # The longest comes last, beyond the positions of pretraining where these grow: transformers remembers it.
    **{f"llama-rope-{kind}": Case("llama", ROPE_SIZES | dict(
        max_position_embeddings=12 if kind == "dynamic" else 40, rope_scaling=scaling), [7, 5, 20 if kind == "dynamic" else 38])
       for kind, scaling in ROPE_CASES.items()},
    # The window is shorter than the sequences.
    "mistral-window": Case("mistral", GROUPED | dict(sliding_window=5, rope_theta=10000.0, rms_norm_eps=1e-5),
                           [11, 4, 33, 6]),
    "qwen2-odd": Case("qwen2", dict(hidden_size=36, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2,
                                    intermediate_size=52, vocab_size=97, max_position_embeddings=40,
                                    use_sliding_window=True, sliding_window=4, max_window_layers=2,
                                    rope_theta=1000000.0, rms_norm_eps=1e-6, tie_word_embeddings=True), [9, 4, 31, 13]),
    "qwen3-odd": Case("qwen3", GROUPED | dict(rope_theta=1000000.0, rms_norm_eps=1e-6, tie_word_embeddings=True),
                      [9, 4, 31, 13]),
    "gemma-odd": Case("gemma", GROUPED | dict(rope_theta=10000.0, rms_norm_eps=1e-6, hidden_act="gelu"), [9, 4, 31, 13]),
    # Every rung of what only Gemma 2 has: caps of scores and logits that bite, another scale, windows.
    "gemma2-odd": Case("gemma2", GROUPED | dict(rope_theta=10000.0, rms_norm_eps=1e-6, sliding_window=5,
                                                query_pre_attn_scalar=17, attn_logit_softcapping=3.0,
                                                final_logit_softcapping=2.5), [9, 4, 31, 13]),
    # A head of 256 where the width is 34, whose root is another number in BF16; the third layer global.
    "gemma3-odd": Case("gemma3_text", dict(hidden_size=34, num_hidden_layers=3, num_attention_heads=2,
                                           num_key_value_heads=1, head_dim=256, intermediate_size=60, vocab_size=97,
                                           max_position_embeddings=64, sliding_window=6, sliding_window_pattern=3,
                                           rope_theta=1000000.0, rope_local_base_freq=10000.0, rms_norm_eps=1e-6,
                                           query_pre_attn_scalar=200, rope_scaling=dict(rope_type="linear", factor=8.0),
                                           torch_dtype="bfloat16"), [9, 4, 31, 13], torch.bfloat16),
    "olmo2-odd": Case("olmo2", GROUPED | dict(rope_theta=500000.0, rms_norm_eps=1e-6), [9, 4, 31, 13]),
    "phi3-odd": Case("phi3", dict(hidden_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                                  intermediate_size=52, vocab_size=97, max_position_embeddings=64,
                                  original_max_position_embeddings=16, partial_rotary_factor=0.6, sliding_window=9,
                                  rope_theta=10000.0, rms_norm_eps=1e-5, pad_token_id=0, rope_scaling=dict(
                                      type="longrope", short_factor=[1.0, 1.5, 2.0], long_factor=[1.0, 3.0, 9.0])),
                     [9, 4, 16, 17, 31]),
    "neox-odd": Case("gpt_neox", dict(hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=64,
                                      vocab_size=97, max_position_embeddings=40, rotary_pct=0.25, rotary_emb_base=10000,
                                      layer_norm_eps=1e-5, use_parallel_residual=True), [9, 4, 31, 13]),
    "neox-sequential": Case("gpt_neox", dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                                             intermediate_size=64, vocab_size=89, max_position_embeddings=32,
                                             rotary_pct=0.5, rotary_emb_base=500, layer_norm_eps=1e-3,
                                             hidden_act="gelu_new", use_parallel_residual=False), [9, 4, 22, 13]),
    "opt-odd": Case("opt", dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, ffn_dim=60, vocab_size=97,
                                max_position_embeddings=30, word_embed_proj_dim=36, do_layer_norm_before=True),
                    [9, 4, 30, 13]),
    "opt-post": Case("opt", dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, ffn_dim=40, vocab_size=83,
                                 max_position_embeddings=30, word_embed_proj_dim=24, do_layer_norm_before=False),
                     [9, 4, 21]),
    # The window is shorter than the sequences, on both sides.
    "modernbert-odd": Case("modernbert", dict(hidden_size=36, num_hidden_layers=4, num_attention_heads=3,
                                              intermediate_size=52, vocab_size=97, max_position_embeddings=48,
                                              local_attention=10, global_attn_every_n_layers=3,
                                              global_rope_theta=160000.0, local_rope_theta=10000.0, norm_eps=1e-5),
                           [11, 6, 37, 8, 19]),
    # The shape of OPT-350m: embeddings narrower than the model, positions after the map.
    "opt-projected": Case("opt", dict(hidden_size=36, num_hidden_layers=2, num_attention_heads=3, ffn_dim=60, vocab_size=97,
                                      max_position_embeddings=30, word_embed_proj_dim=20, do_layer_norm_before=False),
                          [9, 4, 21]),
    # Heads that are not a part of the width; sequences longer than the distances that have buckets of their own, and than the
    # farthest that counts.
    "t5-odd": Case("t5", dict(d_model=36, d_kv=10, d_ff=52, num_layers=3, num_heads=3, vocab_size=97,
                              relative_attention_num_buckets=12, relative_attention_max_distance=20,
                              feed_forward_proj="relu", layer_norm_epsilon=1e-5), [11, 6, 37, 8, 19]),
    # As version 1.1: gated, another output matrix, not scaled; a start token of its own, one layer that decodes.
    "t5-gated": Case("t5", dict(d_model=28, d_kv=6, d_ff=44, num_layers=2, num_decoder_layers=1, num_heads=5, vocab_size=89,
                                relative_attention_num_buckets=8, relative_attention_max_distance=128,
                                feed_forward_proj="gated-gelu", tie_word_embeddings=False, decoder_start_token_id=3,
                                torch_dtype="bfloat16"), [9, 6, 31], torch.bfloat16),
}


# The checkpoints

def random_weights(model, rng):
    """Large enough that every part matters; tied weights are drawn once, under the name that files have.
    Name -> F32 tensor, sorted by name."""
    kept, weights = model.all_tied_weights_keys, {}  # a tied name -> the name it is tied to
    for name, parameter in sorted((kept.get(n, n), p) for n, p in model.named_parameters()):
        noise = torch.from_numpy(rng.standard_normal(tuple(parameter.shape)).astype(np.float32))
        plain = name.lower().replace("_", "")
        is_scale = name.endswith("weight") and ("norm." in plain or ".ln_" in name)
        starts_at = 0 if model.config.model_type.startswith("gemma") else 1  # Gemma adds the one itself
        weights[name] = starts_at + 0.2 * noise if is_scale else 0.15 * noise
    return weights


def as_stored(name, weights, config, rng):
    """The same weights under the names, and with the strays, that real files of this kind have."""
    C, T = config.hidden_size, getattr(config, "max_position_embeddings", 1)
    draw = lambda *shape: torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
    positions = torch.arange(T)[None]        # (1, positions) I64, a buffer of old files
    causal = torch.ones(1, 1, T, T).tril()   # (1, 1, positions, positions), another
    if name == "bert-odd":
        rename = lambda n: n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        strays = {"bert.pooler.dense.weight": draw(C, C), "bert.pooler.dense.bias": draw(C),
                  "cls.seq_relationship.weight": draw(2, C), "cls.seq_relationship.bias": draw(2),
                  "bert.embeddings.position_ids": positions}
        return {rename(n): t for n, t in weights.items()} | strays
    if name == "roberta-odd":
        return weights | {"lm_head.decoder.weight": weights["roberta.embeddings.word_embeddings.weight"].clone(),
                          "lm_head.decoder.bias": weights["lm_head.bias"].clone(),
                          "roberta.embeddings.position_ids": positions}
    if name == "roberta-relu":
        return {n.removeprefix("roberta."): t for n, t in weights.items()}
    if name == "albert-groups":
        return weights | {"albert.pooler.weight": draw(C, C), "albert.pooler.bias": draw(C),
                          "sop_classifier.classifier.weight": draw(2, C), "sop_classifier.classifier.bias": draw(2),
                          "albert.embeddings.position_ids": positions}
    if name == "albert-single":
        return weights | {"predictions.decoder.weight": weights["albert.embeddings.word_embeddings.weight"].clone(),
                          "predictions.decoder.bias": weights["predictions.bias"].clone()}
    if name == "gpt2-odd":
        strays = {f"h.{i}.attn.bias": causal.clone() for i in range(config.n_layer)}
        return {n.removeprefix("transformer."): t for n, t in weights.items()} | strays
    if name == "gpt2-prefixed":
        layers = [f"transformer.h.{i}.attn" for i in range(config.n_layer)]
        return (weights | {"lm_head.weight": weights["transformer.wte.weight"].clone()}
                | {f"{layer}.bias": causal.to(torch.uint8) for layer in layers}
                | {f"{layer}.masked_bias": torch.tensor(-1e4) for layer in layers})
    if name == "electra-odd":
        return weights | {"electra.embeddings.position_ids": positions}
    if name == "xlmr-odd":
        return weights | {"roberta.pooler.dense.weight": draw(C, C), "roberta.pooler.dense.bias": draw(C),
                          "roberta.embeddings.position_ids": positions}
    if name == "neox-odd":  # the name in Pythia's files; transformers 5 writes the other
        return {n.replace("lm_head", "embed_out"): t for n, t in weights.items()}
    if name == "t5-gated":  # as version 1.1 has it: not the table
        return weights | {"lm_head.weight": (0.15 * draw(config.vocab_size, C)).to(torch.bfloat16)}
    if name == "t5-odd":  # as old files have it: copies
        return weights | {f"{side}.embed_tokens.weight": weights["shared.weight"].clone() for side in ("encoder", "decoder")}
    if name == "camembert-odd":  # the tied weight, and not the tied bias
        return weights | {"lm_head.decoder.weight": weights["roberta.embeddings.word_embeddings.weight"].clone()}
    return weights


def write_checkpoint(folder, tensors, shards):
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, where = list(tensors), {}
    for s in range(shards):
        file = f"model-{s + 1:05}-of-{shards:05}.safetensors"
        part = {n: tensors[n] for n in names[s * len(names) // shards:(s + 1) * len(names) // shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        where |= {n: file for n in part}
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    common.write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": where})


def is_causal(config):
    return config.architectures[0].endswith(("LMHeadModel", "ForCausalLM"))


def auto_class(config):
    if config.is_encoder_decoder: return transformers.AutoModelForSeq2SeqLM
    return transformers.AutoModelForCausalLM if is_causal(config) else transformers.AutoModelForMaskedLM


def load(folder):
    """The model as transformers reads it: float32 whatever is stored, eval mode, frozen, every tensor found."""
    config = transformers.AutoConfig.from_pretrained(folder)
    model, info = auto_class(config).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"], info
    embeddings = model.get_input_embeddings()
    if hasattr(embeddings, "embed_scale"):  # the number that it is in the type of the checkpoint
        embeddings.embed_scale.copy_(embeddings.embed_scale.to(config.dtype or torch.float32))
    return model.eval().requires_grad_(False)


def make_sequences(lengths, ids, rng, ends=None, mask=None):
    """Ragged sequences with P slots and one row to read; the first has them side by side, the others anywhere."""
    sequences, read = [], []
    for number, length in enumerate(lengths):
        sequence = rng.choice(ids, length).tolist()
        if ends: sequence[0], sequence[-1] = ends
        at = np.arange(2, 3 + P) if number == 0 else rng.permutation(np.arange(1, length - 1))[:P + 1]
        for slot in at[:P]: sequence[slot] = -1
        if mask is not None: sequence[at[P]] = mask
        sequences.append(sequence); read.append(int(at[P]))
    return sequences, read


def make_prefixes(lengths, ids, rng):
    """The same for a causal model, which reads the last row: the first ends with its slots, the others have them
    anywhere."""
    sequences = []
    for number, length in enumerate(lengths):
        sequence = rng.choice(ids, length).tolist()
        at = np.arange(length - P, length) if number == 0 else rng.permutation(length)[:P]
        for slot in at: sequence[slot] = -1
        sequences.append(sequence)
    return sequences, [length - 1 for length in lengths]


# The reference

def rungs(model):
    """The modules whose outputs are kept, by name; those of `layer` are numbered in the order in which they run.
    transformers' own hidden_states do not do: ALBERT's start after the map and count the layers inside a group, and
    GPT-2's end after the last LayerNorm."""
    base, family = model.base_model, model.config.model_type
    if family == "opt": base = base.decoder
    if family == "t5": return {"embeddings": [], "layer": base.encoder.block, "final": [base.decoder.final_layer_norm]}
    if family == "modernbert":
        return {"embeddings": [base.embeddings], "layer": base.layers, "final": [model.head]}
    if family == "gpt2": return {"embeddings": [base.drop], "layer": base.h, "final": [base.ln_f]}
    if is_causal(model.config):  # nothing makes the embeddings: the first block's input is kept
        norms = [m for m in (getattr(base, n, None) for n in ("norm", "final_layer_norm")) if m is not None]
        if getattr(base, "project_out", None): norms = [base.project_out]
        return {"embeddings": [], "layer": base.layers} | ({"final": norms} if norms else {})
    if family == "distilbert": return {"embeddings": [base.embeddings], "layer": base.transformer.layer}
    if family == "albert":  # a group runs as often as layers share it
        return {"embeddings": [base.embeddings], "mapped": [base.encoder.embedding_hidden_mapping_in],
                "layer": base.encoder.albert_layer_groups}
    mapped = {"mapped": [base.embeddings_project]} if hasattr(base, "embeddings_project") else {}
    return {"embeddings": [base.embeddings], **mapped, "layer": base.encoder.layer}


def forward(model, prompt, golden):
    """The outputs of the rungs, (sumT, C) each, `final` (B, C); and the logits (B, V) at the rows read."""
    outputs = []  # (name, (1, T, C)) in the order in which the modules ran
    hooks = [module.register_forward_hook(lambda _, __, out, name=name: outputs.append((name, out)))
             for name, modules in rungs(model).items() for module in modules]
    first = rungs(model)["layer"][0]
    if not rungs(model)["embeddings"]:
        is_mapped = getattr(model.config, "word_embed_proj_dim", model.config.hidden_size) != model.config.hidden_size
        hooks.append(first.register_forward_pre_hook(
            lambda _, args, kwargs: outputs.append(("mapped" if is_mapped else "embeddings",
                                                    args[0] if args else kwargs["hidden_states"])), with_kwargs=True))
    table, states, logits = model.get_input_embeddings().weight, [], []
    scale = getattr(model.get_input_embeddings(), "embed_scale", torch.tensor(1.0)).to(table.dtype)
    for ids, row in zip(golden["sequences"], golden["read"]):
        ids = torch.tensor(ids)
        x = table[ids.clamp(min=0)]                                              # (T, C)
        x[ids < 0] = prompt
        outputs.clear()
        if not rungs(model)["embeddings"] and is_mapped: outputs.append(("embeddings", x[None] * scale))
        if model.config.is_encoder_decoder:
            own = torch.tensor([[model.config.decoder_start_token_id, ids[row]]])
            logits.append(model(inputs_embeds=x[None] * scale, decoder_input_ids=own).logits[0, 1])
        else:
            logits.append(model(inputs_embeds=x[None] * scale).logits[0, row])
        outputs[:] = [(n, h[0] if isinstance(h, tuple) else h) for n, h in outputs]
        seen = {name: h[0] for name, h in outputs if name != "layer"}            # each (T, C)
        seen |= {f"layer.{i}": h[0] for i, h in enumerate(h for name, h in outputs if name == "layer")}
        if "final" in seen: seen["final"] = seen["final"][1 if model.config.is_encoder_decoder else row, None]  # (1, C)
        if getattr(model.config, "scale_decoder_outputs", False): seen["final"] = seen["final"] * model.model_dim ** -0.5
        states.append(seen)
    for hook in hooks: hook.remove()
    return {name: torch.cat([s[name] for s in states]) for name in states[0]}, torch.stack(logits)


def loss_of(logits, golden):
    return torch.nn.functional.cross_entropy(logits, torch.tensor(golden["labels"]))


def tune(model, start, golden, decay):
    prompt, losses, prompts = start.clone().requires_grad_(), [], []
    optimizer = torch.optim.AdamW([prompt], lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=decay)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    for _ in range(STEPS):
        loss = loss_of(forward(model, prompt, golden)[1], golden)
        optimizer.zero_grad(); loss.backward(); optimizer.step(); schedule.step()
        losses.append(loss.detach()); prompts.append(prompt.detach().clone())
    return torch.stack(losses), torch.stack(prompts)


def compute(model, prompt, golden):
    """Every tensor of the ladder, in the precision of the model."""
    learned = prompt.clone().requires_grad_()
    states, logits = forward(model, learned, golden)
    loss = loss_of(logits, golden)
    loss.backward()
    out = {"prompt": prompt, **states, "logits": logits, "loss": loss[None], "prompt_gradient": learned.grad}
    out["steps.loss"], out["steps.prompt"] = tune(model, prompt, golden, decay=0)
    out["steps_decay.prompt"] = tune(model, prompt, golden, decay=0.1)[1]
    return {name: t.detach() for name, t in out.items()}


def write_golden(name, folder, model, golden, rng, more={}, limit=None):
    golden |= {"promptVectors": P, "learningRate": LEARNING_RATE, "transformers": transformers.__version__,
               "schedule": {"warmupSteps": WARMUP, "totalSteps": STEPS}, **more}
    table = model.get_input_embeddings().weight
    draw = rng.standard_normal((P, table.shape[1])).astype(np.float32)
    prompt = torch.from_numpy(draw) * 1.6 * table.std()                          # (P, C)
    tensors = compute(model, prompt, golden)
    exact = compute(model.double(), prompt.double(), golden)
    noise = {n: float((tensors[n] - exact[n]).abs().max()) for n in tensors}
    golden["float64Difference"] = {n: float(f"{d:.1e}") for n, d in noise.items()}
    tensors |= {"loss64": exact["loss"], "prompt_gradient64": exact["prompt_gradient"]}
    for drop in ZOO_MAY_DROP:
        if limit and sum(t.numel() * 4 for t in tensors.values()) > limit: tensors.pop(drop)
    common.write_tensors(folder / "golden.safetensors", tensors)
    common.write_json(folder / "golden.json", golden)
    size = (folder / "golden.safetensors").stat().st_size
    print(f"{name}: golden {size:,} bytes, loss {exact['loss'].item():.6f}, largest gradient "
          f"{exact['prompt_gradient'].abs().max():.2e}; float32 - float64: "
          + ", ".join(f"{n} {d:.1e}" for n, d in noise.items()))


def main(chosen):
    folder = common.FIXTURES / "models"
    if unknown := set(chosen) - set(CASES): sys.exit(f"no such case: {', '.join(sorted(unknown))}")
    for name in chosen or [""]: shutil.rmtree(folder / name, ignore_errors=True)
    for seed, (name, case) in enumerate(CASES.items()):
        if chosen and name not in chosen: continue
        rng, out = np.random.default_rng(seed), folder / name
        out.mkdir(parents=True)
        common.write_json(out / "config.json", DEFAULTS[case.family] | case.config)
        config = transformers.AutoConfig.from_pretrained(out)
        weights = random_weights(auto_class(config).from_config(config), rng)
        weights = {n: t.to(case.dtype) for n, t in weights.items()}
        write_checkpoint(out, as_stored(name, weights, config, rng), case.shards)
        model = load(out)
        loaded = dict(model.named_parameters(remove_duplicate=False))
        assert all(torch.equal(loaded[n], t.float()) for n, t in weights.items()), "transformers read other weights"
        ids = np.arange(5, config.vocab_size - 1)
        ends, mask = (getattr(config, "bos_token_id", None), config.eos_token_id), config.vocab_size - 1
        if case.family == "t5": ends = None
        elif config.pad_token_id == 0: ends, mask = (2, 3), 4  # BERT and those that share its vocabulary
        sequences, read = (make_prefixes(case.lengths, ids, rng) if is_causal(config)
                           else make_sequences(case.lengths, ids, rng, ends, mask))
        golden = {"sequences": sequences, "read": read, "labels": rng.choice(ids, len(read)).tolist()}
        more = {} if case.family in ("bert", "roberta") else {"family": case.family}
        write_golden(name, out, model, golden, rng, more)
    files = [f for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json"]
    common.write_manifest(folder, "scripts/goldens/models.py", files)
    print(f"{sum(f.stat().st_size for f in files):,} bytes in {folder}")


def zoo():
    models = sorted(p.parent for p in ZOO.glob("*/config.json"))
    if not models: sys.exit(f"no model under {ZOO}: train the zoo first")
    folder, files = common.FIXTURES / "zoo", []
    for path in models:
        rng, out = np.random.default_rng(zlib.crc32(path.name.encode())), folder / path.name
        out.mkdir(parents=True, exist_ok=True)
        model = load(path)
        ids = np.arange(10, model.config.vocab_size)
        sequences, read = (make_prefixes if is_causal(model.config) else make_sequences)([7, 6], ids, rng)
        golden = {"sequences": sequences, "read": read, "labels": rng.choice(ids, len(read)).tolist()}
        weights = {f.name: common.sha256(f) for f in sorted(path.glob("*.safetensors"))}  # a retrained zoo shows
        write_golden(path.name, out, model, golden, rng, more={"weights": weights, "family": model.config.model_type},
                     limit=ZOO_BYTES - 4_000)
        files += [out / "golden.json", out / "golden.safetensors"]
    common.write_manifest(folder, "scripts/goldens/models.py --zoo", files)


if __name__ == "__main__":
    torch.set_num_threads(1)
    zoo() if sys.argv[1:] == ["--zoo"] else main(sys.argv[1:])
