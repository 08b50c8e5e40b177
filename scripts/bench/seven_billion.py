"""Writes a checkpoint of Llama 2 7B's shape with random BF16 weights, 14 GB, to see that it fits where it should:

    python3 scripts/bench/seven_billion.py FOLDER VOCABULARY
    /usr/bin/time -v promptferry evaluate --model FOLDER --template "[X] is a city in [Y]" --facts atlas:city --answers single
    /usr/bin/time -v promptferry tune --model FOLDER --facts atlas:city --facts-limit 8 --epochs 1 -o seven.safetensors

VOCABULARY is a folder with GPT-2's vocab.json and merges.txt. One random block is written again and again: what a matrix holds does not
matter to memory or speed. Only Python is needed.
"""
import json, os, random, shutil, struct, sys
from pathlib import Path

WIDTH, LAYERS, HEADS, INNER, ROWS = 4096, 32, 32, 11008, 50257
BLOCK = 1 << 22


def shapes():
    yield "model.embed_tokens.weight", (ROWS, WIDTH)
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        for part in "qkvo": yield f"{prefix}.self_attn.{part}_proj.weight", (WIDTH, WIDTH)
        for part in ("gate", "up"): yield f"{prefix}.mlp.{part}_proj.weight", (INNER, WIDTH)
        yield f"{prefix}.mlp.down_proj.weight", (WIDTH, INNER)
        for norm in ("input", "post_attention"): yield f"{prefix}.{norm}_layernorm.weight", (WIDTH,)
    yield "model.norm.weight", (WIDTH,)
    yield "lm_head.weight", (ROWS, WIDTH)


def bfloat16(values):
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def main(folder, vocabulary):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("vocab.json", "merges.txt"): shutil.copy(vocabulary / name, folder / name)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "GPT2Tokenizer"}\n')
    (folder / "config.json").write_text(json.dumps(dict(
        model_type="llama", architectures=["LlamaForCausalLM"], hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=HEADS, intermediate_size=INNER, vocab_size=ROWS, max_position_embeddings=4096, rms_norm_eps=1e-5,
        hidden_act="silu", tie_word_embeddings=False, torch_dtype="bfloat16"), indent=2) + "\n")
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes():
        size = 2
        for length in shape: size *= length
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    chance = random.Random(7)
    noise = bfloat16(chance.gauss(0, 0.02) for _ in range(1 << 16)) * (BLOCK >> 17)
    ones = bfloat16([1.0] * WIDTH)
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


if len(sys.argv) != 3: sys.exit(__doc__)
main(Path(sys.argv[1]), Path(sys.argv[2]))
