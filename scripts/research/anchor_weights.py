#!/usr/bin/env python3
"""Does it carry more to weigh the shared words, by how frequent they are or by their leverage?

  anchor_weights.py PROMPTFERRY OUT [--seed 0 ...] [--model MODEL ...] [--facts atlas:] [--tune OPTION ...]

Models of the zoo (default: four, all twelve directions), or GGUF files; prompts as `tune` makes them, carried by the product's maps with each
word's row multiplied by the square root of its weight, worked out here apart from it (without weights it comes to the product's vectors, which is checked).
OUT keeps what is there. Prints micro P@1, mean over directions and seeds, and each weighting's lead with a bootstrap over directions. Needs numpy, and gguf
for GGUF files.
"""
import argparse, itertools, json, random, struct, subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np

ZOO = ["zoo:bert-small", "zoo:roberta-small", "zoo:albert-small", "zoo:gpt2-small"]


def call(binary, *arguments):
    result = subprocess.run([binary, *map(str, arguments), "--quiet", "--json"], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{arguments}: {result.stderr}")
    return json.loads(result.stdout)


def read_tensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    return header, data[8 + length :]


def whole_words(tokens):
    """Numbers of the tokens that are words of letters, by word."""
    if any(token.startswith(("Ġ", "▁")) for token in tokens):
        words = {token[1:]: number for number, token in enumerate(tokens) if token[:1] in "Ġ▁"}
    else:
        words = {token: number for number, token in enumerate(tokens) if not token.startswith("##")}
    return {word: number for word, number in words.items() if word.isascii() and word.isalpha()}


def load(model, binary):
    """The words' rows, and each word's place in the vocabulary, which is by frequency or by merges."""
    if model.startswith("zoo:"):
        folder = binary.parent / "share/promptferry/zoo" / model[4:]
        header, data = read_tensors(folder / "model.safetensors")
        name = next(name for name in header if name.endswith(("word_embeddings.weight", "wte.weight")))
        start, end = header[name]["data_offsets"]
        kind = {"F16": np.float16, "F32": np.float32}[header[name]["dtype"]]
        table = np.frombuffer(data[start:end], kind).reshape(header[name]["shape"]).astype(np.float64)
        vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
        if isinstance(vocabulary, list):
            vocabulary = {token: number for number, (token, _) in enumerate(vocabulary)}
        tokens = [""] * (max(vocabulary.values()) + 1)
        for token, number in vocabulary.items():
            tokens[number] = token
    else:
        from gguf import GGUFReader, dequantize

        reader = GGUFReader(model)
        tensor = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
        table = dequantize(tensor.data, tensor.tensor_type).astype(np.float64)
        tokens = reader.fields["tokenizer.ggml.tokens"].contents()
    return table, whole_words(tokens)


def weights(kind, rows, ranks):
    """One for each shared word."""
    if kind == "leverage" or kind == "1/leverage":
        gram = rows.T @ rows
        gram += 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram))
        leverage = np.einsum("ij,ji->i", rows, np.linalg.solve(gram, rows.T))
        return leverage if kind == "leverage" else 1 / leverage
    return {"none": np.ones(len(ranks)), "1/rank": 1 / ranks, "1/root of rank": ranks**-0.5, "root of rank": ranks**0.5}[kind]


KINDS = ["none", "1/rank", "1/root of rank", "root of rank", "leverage", "1/leverage"]


def ridged(gram, ridge):
    return gram + ridge * np.trace(gram) / len(gram) * np.eye(len(gram))


def canonical(source, target, ridge=3.0):
    left = np.linalg.cholesky(ridged(source.T @ source, ridge))
    right = np.linalg.cholesky(ridged(target.T @ target, ridge))
    u, _, v = np.linalg.svd(np.linalg.solve(left, np.linalg.solve(right, (source.T @ target).T).T), full_matrices=False)
    return np.linalg.solve(left.T, u) @ v @ right.T


def procrustes(source, target):
    u, _, v = np.linalg.svd(source.T @ target, full_matrices=False)
    return u @ v


def linear(source, target):
    return np.linalg.solve(ridged(source.T @ source, 1.0), source.T @ target)


METHODS = {"canonical": canonical, "procrustes": procrustes, "linear": linear}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", nargs="+", type=int, default=[0])
    parser.add_argument("--model", nargs="+", default=ZOO)
    parser.add_argument("--facts", default="atlas:")
    parser.add_argument("--tune", nargs="*", default=[], help="more arguments of tune, without their dashes: epochs 3")
    options = parser.parse_args()
    binary, facts = options.binary.resolve(), options.facts
    loaded = {model: load(model, binary) for model in options.model}
    settings = [f"--{text}" if index % 2 == 0 else text for index, text in enumerate(options.tune)]

    def made(folder, *arguments):
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            call(binary, *arguments, "-o", f"{folder}/")
        return folder

    scores = defaultdict(list)  # by method and kind: one for each direction and seed
    directions = list(itertools.permutations(options.model, 2))
    for seed in options.seed:
        own = {model: made(options.out / f"{seed}" / Path(model.replace("zoo:", "")).name, "tune", "--model", model, "--facts", facts,
                           "--seed", seed, *settings) for model in options.model}
        for source, target in directions:
            name = "-".join(Path(model.replace("zoo:", "")).name for model in (source, target))
            (table_s, words_s), (table_t, words_t) = loaded[source], loaded[target]
            words = sorted(words_s.keys() & words_t.keys())
            ids_s, ids_t = (np.array([known[word] for word in words]) for known in (words_s, words_t))
            rows_s, rows_t = table_s[ids_s], table_t[ids_t]
            ranks = np.argsort(np.argsort(ids_s + ids_t)) + 1.0
            lengths = [np.linalg.norm(rows, axis=1).mean() for rows in (rows_s, rows_t)]
            anchors = options.out / f"{name}.txt"
            anchors.write_text("\n".join(words) + "\n")
            for method, fit in METHODS.items():
                plain = made(options.out / f"{seed}" / method / name, "transfer", "--from", f"{source}={own[source]}/", "--to", target,
                             "--method", method, "--anchors", anchors)
                for kind in KINDS:
                    folder = options.out / f"{seed}" / kind.replace("/", " of ") / method / name
                    known = folder / "score.json"
                    if not known.exists():
                        folder.mkdir(parents=True, exist_ok=True)
                        root = np.sqrt(weights(kind, rows_s, ranks))[:, None]
                        matrix = fit(root * rows_s, root * rows_t)
                        for path in plain.glob("*.safetensors"):
                            header, data = read_tensors(path)
                            vectors = np.frombuffer(read_tensors(own[source] / path.name)[1], np.float32).astype(np.float64)
                            vectors = vectors.reshape(-1, rows_s.shape[1])
                            carried = vectors @ matrix
                            wanted = np.linalg.norm(vectors, axis=1) / lengths[0] * lengths[1]
                            carried *= (wanted / np.linalg.norm(carried, axis=1))[:, None]
                            if kind == "none":
                                given = np.frombuffer(data, np.float32).reshape(carried.shape)
                                apart = np.linalg.norm(carried - given) / np.linalg.norm(given)
                                assert apart < 1e-3, f"{method}, {path}: the product's vectors differ by {apart}"
                            text = json.dumps(header).encode()
                            text += b" " * (-len(text) % 8)
                            (folder / path.name).write_bytes(struct.pack("<Q", len(text)) + text + carried.astype("<f4").tobytes())
                        answer = call(binary, "evaluate", "--model", target, "--prompt", f"{folder}/", "--facts", facts)
                        known.write_text(json.dumps(100 * answer["microAccuracy"]))
                    scores[method, kind].append(json.loads(known.read_text()))
    generator = random.Random(0)
    for method in METHODS:
        for kind in KINDS:
            found = np.array(scores[method, kind])
            leads = (found - scores[method, "none"]).reshape(len(options.seed), -1).mean(axis=0)
            draws = sorted(np.mean(generator.choices(leads, k=len(leads))) for _ in range(10000))
            print(f"{method:10} {kind:15} {found.mean():5.1f}  {leads.mean():+5.1f} [{draws[250]:+.1f}, {draws[9749]:+.1f}]")


if __name__ == "__main__":
    main()
