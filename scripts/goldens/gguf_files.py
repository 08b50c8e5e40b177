"""Writes Tests/Fixtures/gguf: small GGUF files and what is in them, by the pinned `gguf` and `transformers` packages.

    python gguf_files.py

types.gguf      a tensor of every type that is read, 2 rows of 256 random blocks' worth of elements, and one of IQ2_XXS, which
                is not; types.safetensors has their values by gguf.quants.dequantize
metadata.gguf   a value of every type of metadata, and arrays
ARCHITECTURE/   a tiny random model of transformers: model.gguf as convert_hf_to_gguf.py of llama.cpp would write it, with
                golden.json (shape and SHA-256 of each tensor of the model's own state dict, as F32) and config.json

That the writer below does what llama.cpp's converter does is checked where transformers can read the architecture: its own
loader must give the state dict back.
"""
import hashlib
import shutil

import common  # first
import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Type

FOLDER = common.FIXTURES / "gguf"
PACKAGES = ["torch", "transformers", "safetensors", "numpy", "gguf"]
TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2],
          "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0], "IQ2_XXS": [0]}
"""Where blocks have their half-precision scales: the rest is any bits."""


def blocks(generator, kind, rows, columns):
    length, size = gguf.GGML_QUANT_SIZES[Type[kind]]
    data = generator.integers(0, 256, (rows * columns // length, size), dtype=np.uint8)
    for place in SCALES[kind]:
        scale = generator.normal(0, 0.05, len(data)).astype(np.float16)
        scale[::7] = np.float16(3e-6) * generator.integers(1, 9)  # subnormal
        data[:, place:place + 2] = scale.view(np.uint8).reshape(-1, 2)
    return data.reshape(rows, -1)


def write_types():
    generator = np.random.default_rng(1)
    writer = gguf.GGUFWriter(FOLDER / "types.gguf", "types")
    values = {}
    for kind in TYPES + ["IQ2_XXS"]:
        rows, columns = 3, 512
        if kind == "F32":
            data = generator.normal(0, 1, (rows, columns)).astype(np.float32)
        elif kind == "F16":
            data = generator.integers(0, 0x7C00, (rows, columns), dtype=np.uint16).view(np.float16)
        elif kind == "BF16":
            bits = generator.integers(0, 0x7F80, (rows, columns), dtype=np.uint16)
            data = bits.view(np.uint8).reshape(rows, -1)
        else:
            data = blocks(generator, kind, rows, columns)
        writer.add_tensor(f"t.{kind}", data, raw_dtype=Type[kind])
        if kind in TYPES:
            values[f"t.{kind}"] = gguf.dequantize(data, Type[kind]).reshape(rows, columns)
    finish(writer)
    common.write_tensors(FOLDER / "types.safetensors", values)


def write_metadata():
    writer = gguf.GGUFWriter(FOLDER / "metadata.gguf", "values")
    for key, value in [("uint8", 200), ("int8", -100), ("uint16", 60000), ("int16", -30000), ("uint32", 4000000000),
                       ("int32", -2000000000), ("uint64", 2**63 + 5), ("int64", -2**62)]:
        getattr(writer, f"add_{key}")(f"v.{key}", value)
    writer.add_float32("v.float32", 1e-5)
    writer.add_float64("v.float64", 1e-5)
    writer.add_bool("v.bool", True)
    writer.add_string("v.string", "Zürich 東京")
    writer.add_array("v.strings", ["a", "", "ß", "\u2581x"])
    writer.add_array("v.integers", [1, -2, 3])
    writer.add_array("v.floats", [0.5, -1.5])
    writer.add_array("v.booleans", [True, False, True])
    writer.add_custom_alignment(64)
    writer.add_tensor("small", np.arange(5, dtype=np.float32))
    writer.add_tensor("more", np.arange(6, dtype=np.float32).reshape(2, 3))
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


# llama.cpp's converter, as far as these need it.

def permute(w, heads):
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def separate(w, heads):
    return w.reshape(heads, 3, -1, *w.shape[1:]).swapaxes(0, 1).reshape(w.shape)


def converted(architecture, name, w, config):
    if architecture == "llama" and "q_proj" in name:
        return permute(w, config.num_attention_heads)
    if architecture == "llama" and "k_proj" in name:
        return permute(w, config.num_key_value_heads)
    if architecture.startswith("gemma") and name.endswith("norm.weight"):
        return w + 1
    if architecture == "gptneox" and "query_key_value" in name:
        return separate(w, config.num_attention_heads)
    if architecture == "gpt2" and name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")):
        return w.T
    return w


SMALL = dict(vocab_size=48, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0)
ROPE = {"rope_type": "default", "rope_theta": 12345.0}


def models():
    t = transformers
    decoder = SMALL | dict(num_key_value_heads=2, rms_norm_eps=1e-5)
    heads = decoder | dict(head_dim=8)
    yield "llama", t.LlamaForCausalLM(t.LlamaConfig(**decoder, attention_bias=True, tie_word_embeddings=False, rope_parameters={
        "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192}))
    yield "qwen2", t.Qwen2ForCausalLM(t.Qwen2Config(**decoder, tie_word_embeddings=False, rope_parameters=ROPE))
    yield "qwen3", t.Qwen3ForCausalLM(t.Qwen3Config(**heads, tie_word_embeddings=True, rope_parameters=ROPE))
    yield "gemma", t.GemmaForCausalLM(t.GemmaConfig(**heads, rope_parameters=ROPE))
    yield "gemma2", t.Gemma2ForCausalLM(t.Gemma2Config(**heads, sliding_window=16, query_pre_attn_scalar=8, rope_parameters=ROPE))
    yield "gemma3", t.Gemma3ForCausalLM(t.Gemma3TextConfig(**heads, sliding_window=16, query_pre_attn_scalar=8))
    yield "phi3", t.Phi3ForCausalLM(t.Phi3Config(**decoder, tie_word_embeddings=False, rope_parameters=ROPE | {
        "partial_rotary_factor": 0.5}))
    yield "olmo2", t.Olmo2ForCausalLM(t.Olmo2Config(**decoder, tie_word_embeddings=False, rope_parameters=ROPE))
    yield "gptneox", t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**SMALL, layer_norm_eps=1e-5, rope_parameters=ROPE | {
        "partial_rotary_factor": 0.5}))
    yield "gpt2", t.GPT2LMHeadModel(t.GPT2Config(vocab_size=48, n_embd=16, n_layer=2, n_head=4, n_positions=128))
    yield "bert", t.BertModel(t.BertConfig(**SMALL), add_pooling_layer=False)


def write_model(architecture, model):
    folder = FOLDER / architecture
    folder.mkdir()
    config = model.config
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape) * 0.5)
    writer = gguf.GGUFWriter(folder / "model.gguf", architecture)
    writer.add_name(f"tiny {architecture}")
    writer.add_context_length(128)
    writer.add_embedding_length(16)
    writer.add_block_count(2)
    writer.add_feed_forward_length(config.intermediate_size if architecture != "gpt2" else 64)
    writer.add_head_count(4)
    if architecture not in ("gptneox", "gpt2", "bert"):
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    else:
        writer.add_layer_norm_eps(getattr(config, "layer_norm_eps", None) or getattr(config, "layer_norm_epsilon"))
    parameters = getattr(config, "rope_parameters", None) or {}
    parameters = parameters.get("full_attention", parameters)
    if "rope_theta" in parameters:
        writer.add_rope_freq_base(parameters["rope_theta"])
    if architecture in ("qwen3", "gemma", "gemma2", "gemma3"):
        writer.add_key_length(8)
        writer.add_value_length(8)
    if architecture in ("gemma2", "gemma3"):
        writer.add_sliding_window(16)
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(50.0)
        writer.add_final_logit_softcapping(30.0)
    if architecture == "gptneox":
        writer.add_parallel_residual(config.use_parallel_residual)
        writer.add_rope_dimension_count(2)
    if architecture == "phi3":
        writer.add_rope_dimension_count(2)
    if architecture == "llama":
        writer.add_rope_dimension_count(4)
        # How much slower each pair turns.
        plain = 1 / 500000.0 ** (np.arange(0, 4, 2) / 4)
        writer.add_tensor("rope_freqs.weight", (plain / model.model.rotary_emb.inv_freq.numpy()).astype(np.float32))
    writer.add_vocab_size(48)
    if architecture == "bert":
        writer.add_causal_attention(False)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([chr(33 + i) for i in range(47)] + ["!\""])
    writer.add_token_merges(["! \""])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    names = gguf.get_tensor_name_map(next(a for a, n in gguf.MODEL_ARCH_NAMES.items() if n == architecture), 2)
    golden = {}
    tied = getattr(config, "tie_word_embeddings", False)
    for name, tensor in model.state_dict().items():
        if tied and name == "lm_head.weight" or name.endswith((".attn.bias", ".masked_bias", "position_ids")):
            continue
        stem, _, ending = name.rpartition(".")
        mapped = names.get_name(stem)
        assert mapped, f"{architecture}: {name} has no name in GGUF"
        values = tensor.float().numpy()
        stored = np.ascontiguousarray(converted(architecture, name, values, config))
        if architecture.startswith("gemma") and name.endswith("norm.weight"):
            values = stored - 1  # the addition has rounded
        # Published checkpoints of Pythia have the name that transformers 5 reads and no longer writes.
        known = name.replace("lm_head", "embed_out") if architecture == "gptneox" else name
        golden[("bert." if architecture == "bert" else "") + known] = values
        writer.add_tensor(f"{mapped}.{ending}", stored)
    finish(writer)
    common.write_json(folder / "golden.json", {
        name: {"shape": list(values.shape), "sha256": hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()}
        for name, values in golden.items()})
    common.write_json(folder / "config.json", config.to_dict() | {"architectures": [type(model).__name__]})
    check(architecture, folder, golden, model)


def check(architecture, folder, golden, model):
    """transformers' own loader gives the state dict back, where it knows the architecture."""
    if architecture in ("bert", "gptneox", "olmo2", "gemma"):
        print(f"{architecture}: not read by transformers, checked against this script only")
        return
    # With the configuration given: its own of a Qwen 3 does not read the heads' width.
    loaded = type(model).from_pretrained(
        folder, gguf_file="model.gguf", dtype=torch.float32, config=model.config).state_dict()
    # Its configuration of a Llama never has biases.
    missing = [n for n in golden if n not in loaded and not (architecture == "llama" and n.endswith("_proj.bias"))]
    worst = max(float(np.abs(loaded[n].numpy() - v).max()) for n, v in golden.items() if n in loaded)
    assert worst < 1e-6 and not missing, (architecture, worst, missing)
    print(f"{architecture}: as transformers reads it")


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    torch.manual_seed(0)
    write_types()
    write_metadata()
    for architecture, model in models():
        write_model(architecture, model)
    files = [f for f in FOLDER.rglob("*") if f.is_file()]
    common.write_manifest(FOLDER, "scripts/goldens/gguf_files.py", files, PACKAGES)
    print(sum(f.stat().st_size for f in files) // 1024, "KiB")


if __name__ == "__main__":
    main()
