#!/usr/bin/env python3
"""What two tables carry between two real decoders: the table in docs/findings.md, "Two tables are not enough between two decoders".

  two_tables.py PROMPTFERRY REAL LAMA OUT [--start words|mean ...] [--relation P103 ...]

REAL is what `make real` fetches, LAMA a folder of LAMA's relations (relations.jsonl, common_vocab_cased.txt, data/P103/train.jsonl, ...).
OUT keeps facts and tuned prompts: what is there is not made again. Wants numpy and gguf. Tuning all sixteen takes half an hour on two cores.
The maps are written once more here, over words that are one token of letters in both, to be tried with parts of a prompt.
"""
import argparse, functools, json, struct, subprocess
from pathlib import Path

import gguf
import numpy as np

from lama_subset import facts

FILES = {"SmolLM2": "SmolLM2-135M-Instruct.Q4_1.gguf", "Gemma": "gemma-3-270m.Q4_K_M.gguf"}
RATES = {"SmolLM2": "0.0041", "Gemma": "0.0012"}                                       # 0.03 deviations


def tables(real):
    """By model the rows of shared words, and these words."""
    rows = {}
    for model, space in [("SmolLM2", "Ġ"), ("Gemma", "▁")]:
        reader = gguf.GGUFReader(real / FILES[model])
        tensor = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
        field = reader.fields["tokenizer.ggml.tokens"]
        tokens = [bytes(field.parts[index]).decode(errors="replace") for index in field.data]
        ids = {token[1:]: index for index, token in enumerate(tokens) if token.startswith(space) and token[1:].isalpha()}
        rows[model] = (gguf.dequantize(tensor.data, tensor.tensor_type), ids)
    words = sorted(rows["SmolLM2"][1].keys() & rows["Gemma"][1].keys())
    return {m: table[[ids[word] for word in words]].astype(np.float64) for m, (table, ids) in rows.items()}, words


def read(path):
    data = path.read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__")
    (tensor,) = header.values()
    return metadata, np.frombuffer(data[8 + size:], "<f4").reshape(tensor["shape"]).astype(np.float64)


def write(path, metadata, vectors):
    data = vectors.astype("<f4").tobytes()
    header = {"__metadata__": metadata, "vectors": {"dtype": "F32", "shape": vectors.shape, "data_offsets": [0, len(data)]}}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


# Maps: (W, mus, mut), for (p - mus) W + mut. Ridges are in units of the mean square of the words' entries.

def linear(X, Y, ridge):
    mus, mut = X.mean(0), Y.mean(0)
    X, Y = X - mus, Y - mut
    return np.linalg.solve(X.T @ X + ridge * (X**2).mean() * len(X) * np.eye(X.shape[1]), X.T @ Y), mus, mut


def procrustes(X, Y):
    mus, mut = X.mean(0), Y.mean(0)
    U, _, Vt = np.linalg.svd((X - mus).T @ (Y - mut), full_matrices=False)
    return U @ Vt * np.linalg.norm(Y - mut) / np.linalg.norm(X - mus), mus, mut


def canonical(X, Y, centred):
    mus, mut = (X.mean(0), Y.mean(0)) if centred else (np.zeros(X.shape[1]), np.zeros(Y.shape[1]))
    X, Y = X - mus, Y - mut

    def roots(X):
        C = X.T @ X / len(X)
        values, V = np.linalg.eigh(C + np.trace(C) / len(C) * np.eye(len(C)))            # ridge 1
        return V * values**-0.5 @ V.T, V * values**0.5 @ V.T

    (whiten, _), (whiten_target, colour) = roots(X), roots(Y)
    U, s, Vt = np.linalg.svd(whiten @ (X.T @ Y / len(X)) @ whiten_target, full_matrices=False)
    return whiten @ U * s**0.5 @ Vt @ colour, mus, mut


def lengths(rows): return np.linalg.norm(rows, axis=1, keepdims=True)
def typical(rows): return np.sqrt((rows**2).sum(1).mean())


def columns(X, Y, fitted, p, start, target_start):
    """The columns of the table: carried vectors by name."""
    def whole(name):                                      # as long against the words as it was
        W, mus, mut = fitted(name)
        carried = (p - mus) @ W + mut
        return carried / lengths(carried) * lengths(p) / typical(X) * typical(Y)

    change = p - start
    moved = change @ fitted("linear 1")[0]
    scale = typical(Y - Y.mean(0)) / typical(X - X.mean(0))
    return {
        "canonical": whole("canonical"), "canonical, centred": whole("canonical centred"), "linear, centred, 0.1": whole("linear 0.1"),
        "start kept, Procrustes": target_start + change @ fitted("procrustes")[0],
        "start kept, linear": target_start + moved / lengths(moved) * lengths(change) * scale,
    }


MAPS = {"canonical": lambda X, Y: canonical(X, Y, False), "canonical centred": lambda X, Y: canonical(X, Y, True),
        "linear 0.1": lambda X, Y: linear(X, Y, 0.1), "linear 1": lambda X, Y: linear(X, Y, 1), "procrustes": procrustes}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ["promptferry", "real", "lama", "out"]: parser.add_argument(name, type=Path)
    parser.add_argument("--start", nargs="+", default=["mean", "words"], choices=["mean", "words"])
    parser.add_argument("--relation", nargs="+", default=["P103", "P17", "P1412", "P30"])
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    facts(options.lama, out, options.relation)
    rows, words = tables(options.real)
    place = {word: index for index, word in enumerate(words)}
    templates = {line["relation"]: line["template"] for line in map(json.loads, (out / "relations.jsonl").read_text().splitlines())}

    def run(*words):
        done = subprocess.run([options.promptferry.resolve(), *map(str, words), "--vocabulary", out / "words.txt", "--json", "--quiet"],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def tuned(model, start, relation):
        path = out / f"{model}-{start}-{relation}.safetensors"
        if not path.exists():
            run("tune", "--model", options.real / FILES[model], "--facts", out / "data" / relation, "--template", "[X] [V]*5 [Y]", "--epochs", 3,
                "--learning-rate", RATES[model], *(["--init", "mean"] if start == "mean" else []), "-o", path)
        return path

    def ask(model, relation, vectors, like):
        write(out / "carried.safetensors", read(like)[0], vectors)
        return 100 * run("evaluate", "--model", options.real / FILES[model], "--prompt", out / "carried.safetensors", "--facts",
                         out / "asked" / relation)["microAccuracy"]

    def start_of(model, start, relation):
        if start == "mean": return np.repeat(rows[model].mean(0)[None], 5, 0)
        named = [word.split("'")[0] for word in templates[relation].split() if word not in ("[X]", "[Y]", ".")]
        return rows[model][[place[named[index % len(named)]] for index in range(5)]]

    for source, target in [("SmolLM2", "Gemma"), ("Gemma", "SmolLM2")]:
        fitted = functools.cache(lambda name: MAPS[name](rows[source], rows[target]))
        for start in options.start:
            for relation in options.relation:
                path = tuned(source, start, relation)
                own = tuned(target, start, relation)       # says whose prompt it is to be
                p = read(path)[1]
                found = columns(rows[source], rows[target], fitted, p, start_of(source, start, relation), start_of(target, start, relation))
                cells = {"source": ask(source, relation, p, path)} | {n: ask(target, relation, v, own) for n, v in found.items()}
                print(source, "to", target, start, relation, {name: round(value) for name, value in cells.items()}, flush=True)


main()
