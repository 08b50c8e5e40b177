"""Digests of what transformers and tokenizers make of the real models that `make real` fetches: every tensor's values, and the
ids of 10,000 generated lines. Writes Tests/Fixtures/real/NAME.json, which tests compare where the models are there.

    .build/python/bin/python scripts/checks/real_digests.py [--models models/real]

Tensors: SHA-256 of the F32 values that transformers' loader gives each parameter.
Ids: FNV-1a of the ids of GeneratedText.lines(seed: 41, count: 10000), with the BOS where the file asks for one, and of the hand
written lines of scripts/goldens/tokenizers.py. The tokenizer is transformers' with one correction: it does not know `smollm`
and takes GPT-2's pattern, where llama.cpp and SmolLM2's own tokenizer.json cut numbers into digits first. How many lines that
changes is written too.
"""
import argparse, hashlib, importlib.util, json, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/goldens"))
import common  # takes its folder from the search path again

import numpy as np
import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

spec = importlib.util.spec_from_file_location("goldens", common.HERE / "tokenizers.py")
goldens = importlib.util.module_from_spec(spec)
spec.loader.exec_module(goldens)

MODELS = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m.Q4_K_M.gguf"}


def ids(backend, lines):
    return [e.ids for e in backend.encode_batch(lines)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT / "models/real")
    models = parser.parse_args().models
    out = common.FIXTURES / "real"
    out.mkdir(exist_ok=True)
    many = goldens.generated_lines(seed=41, count=10_000)
    for name, file in MODELS.items():
        tokenizer = AutoTokenizer.from_pretrained(models, gguf_file=file)
        backend = tokenizer.backend_tokenizer
        plain = ids(backend, many)
        if name == "smollm2":
            backend.pre_tokenizer = pre_tokenizers.Sequence(
                [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
        rows = ids(backend, many)
        changed = sum(a != b for a, b in zip(plain, rows))
        model = AutoModelForCausalLM.from_pretrained(models, gguf_file=file, dtype=torch.float32)
        tensors = {
            key: hashlib.sha256(np.ascontiguousarray(p.detach().numpy()).tobytes()).hexdigest()
            for key, p in model.named_parameters()}
        common.write_json(out / f"{name}.json", {
            "file": file, "sha256": common.sha256(models / file), "lines": len(rows), "ids": sum(map(len, rows)),
            "digest": goldens.fnv(rows), "linesThatPlainTransformersGivesOtherIdsFor": changed,
            "hardLines": goldens.fnv(ids(backend, goldens.HARD_LINES)), "vocabularySize": len(tokenizer),
            "tensors": tensors})
        print(f"{name}: {len(rows)} lines, {sum(map(len, rows))} ids, {changed} lines changed by digits, {len(tensors)} tensors")


if __name__ == "__main__":
    main()
