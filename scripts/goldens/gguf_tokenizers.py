"""Writes Tests/TokenizationTests/Fixtures/gguf: the small tokenizers of the other fixtures as llama.cpp's converter puts them into
GGUF's metadata, and expected.json.

    python gguf_tokenizers.py

same        the folder of fixtures whose tokenizer the file is made from and must be equal to; for `llama` and Gemma, whose
            merges a file does not have, null
ids         FNV-1a of the ids that transformers' reader of GGUF gives 2,000 generated lines, where it gives the model's own;
            null where it does not know what the file's pre-tokenizer implies
"""
import importlib
import importlib.util
import json
import shutil
import tempfile
from pathlib import Path

import common  # first

import gguf
from sentencepiece import sentencepiece_model_pb2
from transformers.integrations.gguf import convert_gguf_tokenizer, get_gguf_tokenizer

spec = importlib.util.spec_from_file_location("goldens", common.HERE / "tokenizers.py")
goldens = importlib.util.module_from_spec(spec)
spec.loader.exec_module(goldens)

FOLDER = goldens.FIXTURES / "gguf"
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def byte_level(name, source, pre, bos=None, adds_bos=None):
    file = json.loads((goldens.FIXTURES / source / "tokenizer.json").read_text())
    vocab = file["model"]["vocab"]
    added = {t["id"]: t for t in file["added_tokens"]}
    size = max([*vocab.values(), *added]) + 1
    tokens, types = [f"[PAD{i}]" for i in range(size)], [UNUSED] * size
    for token, i in vocab.items():
        tokens[i], types[i] = token, NORMAL
    for i, token in added.items():
        tokens[i], types[i] = token["content"], CONTROL if token["special"] else USER
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    merges = file["model"]["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    if bos:
        writer.add_bos_token_id(tokens.index(bos))
    if adds_bos is not None:
        writer.add_add_bos_token(adds_bos)
    finish(writer)


def sentencepiece(name, source, architecture, spaces=False):
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((goldens.FIXTURES / source / "tokenizer.model").read_bytes())
    tokens = [p.piece for p in model.pieces]
    if spaces:  # as files of Gemma have them
        tokens = [" " * len(t) if len(t) > 1 and not t.strip("\u2581") else t for t in tokens]
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", architecture)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([p.score for p in model.pieces])
    writer.add_token_types([p.type for p in model.pieces])
    for add, piece in [(writer.add_bos_token_id, model.trainer_spec.bos_id), (writer.add_eos_token_id, model.trainer_spec.eos_id),
                       (writer.add_unk_token_id, model.trainer_spec.unk_id)]:
        add(piece)
    writer.add_add_space_prefix(model.normalizer_spec.add_dummy_prefix)
    finish(writer)


def word_piece(name, source):
    lines = (goldens.FIXTURES / source / "vocab.txt").read_text(encoding="utf-8").splitlines()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = [t if t in specials else t[2:] if t.startswith("##") else "\u2581" + t for t in lines]
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", "bert")
    writer.add_tokenizer_model("bert")
    writer.add_token_list(tokens)
    writer.add_token_types([CONTROL if t in specials else NORMAL for t in tokens])
    writer.add_bos_token_id(lines.index("[CLS]"))
    writer.add_sep_token_id(lines.index("[SEP]"))
    writer.add_unk_token_id(lines.index("[UNK]"))
    writer.add_pad_token_id(lines.index("[PAD]"))
    writer.add_mask_token_id(lines.index("[MASK]"))
    finish(writer)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    byte_level("gpt2", "small/gpt2", "gpt-2")
    byte_level("llama3", "families/llama3", "llama-bpe", bos="<|begin_of_text|>")
    byte_level("qwen2", "families/qwen2", "qwen2", adds_bos=False)
    byte_level("tekken", "families/tekken", "tekken", adds_bos=False)
    byte_level("smollm", "small/gpt2", "smollm")
    sentencepiece("llama2", "families/llama2-first-spm", "llama")
    sentencepiece("gemma", "families/gemma-spm", "gemma3", spaces=True)
    sentencepiece("phi3", "families/llama2-spm", "phi3")
    word_piece("wordpiece-uncased", "small/wordpiece-uncased-legacy")
    word_piece("wordpiece-cased", "small/wordpiece-cased-legacy")
    same = {"gpt2": "small/gpt2", "llama3": "families/llama3", "qwen2": "families/qwen2", "tekken": "families/tekken",
            "llama2": "families/llama2-first", "phi3": "families/llama2",
            "wordpiece-uncased": "small/wordpiece-uncased", "wordpiece-cased": "small/wordpiece-cased"}
    lines = goldens.generated_lines(seed=43, count=2000)
    expected = {}
    for file in sorted(FOLDER.glob("*.gguf")):
        digest = None
        if file.stem in ("gpt2", "llama2", "gemma", "phi3"):
            architecture, parts, config = get_gguf_tokenizer(str(file))
            backend, _ = convert_gguf_tokenizer(architecture, parts)
            digest = goldens.fnv([e.ids for e in backend.encode_batch(lines, add_special_tokens=False)])
        expected[file.stem] = {"same": same.get(file.stem), "ids": digest}
    common.write_json(FOLDER / "expected.json", expected)
    common.write_manifest(FOLDER, "scripts/goldens/gguf_tokenizers.py", [f for f in FOLDER.iterdir()],
                          ["tokenizers", "transformers", "sentencepiece", "gguf"])
    print(json.dumps(expected, indent=1), sum(f.stat().st_size for f in FOLDER.iterdir()) // 1024, "KiB")


if __name__ == "__main__":
    main()
