"""Writes a checkpoint of a Llama of known shape with random BF16 weights, to see that it fits where it should and starts as it should:

    python3 scripts/bench/llama_shape.py 7b|0.5b FOLDER VOCABULARY
    /usr/bin/time -v promptferry evaluate --model FOLDER --template "[X] is a city in [Y]" --facts atlas:city --answers single
    /usr/bin/time -v promptferry tune --model FOLDER --facts atlas:city --facts-limit 8 --epochs 1 -o seven.safetensors

7b is Llama 2 7B's (13.8 GB), 0.5b is what Qwen 2.5 0.5B has, without its biases (1.0 GB). VOCABULARY is a folder with GPT-2's vocab.json
and merges.txt. One random block is written again and again: what a matrix holds does not matter to memory or speed. Only Python is needed.
"""
import json, math, os, random, shutil, struct, sys
from pathlib import Path

SHAPES = {
    "7b": dict(hidden_size=4096, num_hidden_layers=32, num_attention_heads=32, num_key_value_heads=32,
               intermediate_size=11008, vocab_size=50257, tie_word_embeddings=False),
    "0.5b": dict(hidden_size=896, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2,
                 intermediate_size=4864, vocab_size=151936, tie_word_embeddings=True),
}
BLOCK = 1 << 22


def tensors(shape):
    width, inner = shape["hidden_size"], shape["intermediate_size"]
    keys = width // shape["num_attention_heads"] * shape["num_key_value_heads"]
    yield "model.embed_tokens.weight", (shape["vocab_size"], width)
    for layer in range(shape["num_hidden_layers"]):
        prefix = f"model.layers.{layer}"
        for part, rows in ("q", width), ("k", keys), ("v", keys), ("o", width):
            yield f"{prefix}.self_attn.{part}_proj.weight", (rows, width)
        for part in ("gate", "up"): yield f"{prefix}.mlp.{part}_proj.weight", (inner, width)
        yield f"{prefix}.mlp.down_proj.weight", (width, inner)
        for norm in ("input", "post_attention"): yield f"{prefix}.{norm}_layernorm.weight", (width,)
    yield "model.norm.weight", (width,)
    if not shape["tie_word_embeddings"]: yield "lm_head.weight", (shape["vocab_size"], width)


def bfloat16(values):
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def main(shape, folder, vocabulary):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("vocab.json", "merges.txt"): shutil.copy(vocabulary / name, folder / name)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}\n')
    (folder / "config.json").write_text(json.dumps(dict(
        model_type="llama", architectures=["LlamaForCausalLM"], max_position_embeddings=4096, rms_norm_eps=1e-5,
        hidden_act="silu", torch_dtype="bfloat16", **shape), indent=2) + "\n")
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, lengths in tensors(shape):
        size = 2 * math.prod(lengths)
        header[name] = {"dtype": "BF16", "shape": list(lengths), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    chance = random.Random(7)
    noise = bfloat16(chance.gauss(0, 0.02) for _ in range(1 << 16)) * (BLOCK >> 17)
    ones = bfloat16([1.0] * shape["hidden_size"])
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, entry in header.items():
            if name == "__metadata__": continue
            left = entry["data_offsets"][1] - entry["data_offsets"][0]
            if len(entry["shape"]) == 1:
                file.write(ones)
                continue
            while left > 0:
                start = chance.randrange(0, 1 << 15, 2)
                left -= file.write(noise[start : start + min(left, BLOCK - (1 << 15))])
    print(f"{folder}: {os.path.getsize(folder / 'model.safetensors') / 1e9:.1f} GB")


if len(sys.argv) != 4 or sys.argv[1] not in SHAPES: sys.exit(__doc__)
main(SHAPES[sys.argv[1]], Path(sys.argv[2]), Path(sys.argv[3]))
