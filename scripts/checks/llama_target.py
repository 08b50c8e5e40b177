"""A checkpoint of Llama's shape to carry prompts to: a 128,256 x 4,096 table in BF16 (1.05 GB, sparse: only the rows of the
words hold numbers) and a byte-level tokenizer with a token for each word. Needs nothing but Python.

  python scripts/checks/llama_target.py OUT WORDS.txt [WIDTH]
  /usr/bin/time -v promptferry transfer --from MODEL=PROMPT --to OUT -o carried.safetensors --json
"""
import array, json, os, random, struct, sys

ROWS, WIDTH = 128256, 4096
PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_alphabet():
    """GPT-2's printable stand-ins of the 256 bytes, by byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}


def main(out, words_file, width=WIDTH):
    width = int(width)
    os.makedirs(out, exist_ok=True)
    letters = byte_alphabet()
    words = dict.fromkeys(line.strip() for line in open(words_file, encoding="utf-8") if line.strip())
    tokens = dict.fromkeys(list(letters.values()) + ["".join(letters[b] for b in (" " + w).encode()) for w in words])
    tokens = list(tokens)[:128000]
    filler = [f"<unused {i}>" for i in range(128000 - len(tokens))]
    vocabulary = {t: i for i, t in enumerate(tokens + filler)}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    special = {"id": 128000, "content": "<|begin_of_text|>", "single_word": False, "lstrip": False, "rstrip": False,
               "normalized": False, "special": True}
    json.dump({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [special], "normalizer": None,
               "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]}, "post_processor": None,
               "decoder": byte_level, "model": {"type": "BPE", "dropout": None, "unk_token": None,
               "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
               "ignore_merges": True, "vocab": vocabulary, "merges": []}},
              open(f"{out}/tokenizer.json", "w", encoding="utf-8"), ensure_ascii=False)
    json.dump({"model_type": "llama", "vocab_size": ROWS, "hidden_size": width}, open(f"{out}/config.json", "w"))
    size = ROWS * width * 2
    header = json.dumps({"model.embed_tokens.weight": {"dtype": "BF16", "shape": [ROWS, width], "data_offsets": [0, size]}})
    normal = random.Random(0)
    pool = [struct.unpack("<I", struct.pack("<f", normal.gauss(0, 0.02)))[0] >> 16 for _ in range(1 << 16)]
    with open(f"{out}/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header.encode())
        f.truncate(8 + len(header) + size)
        for _ in tokens:
            f.write(array.array("H", normal.choices(pool, k=width)).tobytes())


main(*sys.argv[1:])
