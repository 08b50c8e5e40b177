#!/usr/bin/env python3
"""Writes the words of LAMA's common list that are one token in every tokenizer that lama_zoo.py makes for some models.

    lama_zoo_words.py LAMA SUBSET OUT --text PATH ... --models bert roberta

PATHs are those that lama_zoo.py was given.
"""
import argparse, pathlib, random

import lama_zoo

SEED = 20261129


def main(lama, subset, text, names, out):
    told, other = lama_zoo.facts(lama, subset)
    natural = lama_zoo.sentences(text)
    random.Random(SEED).shuffle(natural)
    words = set((lama / "common_vocab_cased.txt").read_text().split())
    objects = sorted({obj for _, _, obj in told})
    for number, (name, shape) in enumerate(lama_zoo.MODELS.items()):
        if name not in names:
            continue
        half = lama_zoo.half_of(natural, shape.half)
        texts = [t for t, _ in lama_zoo.one_round(told, other, half, shape.half, 0.5, random.Random(SEED + number))] + half
        texts += [f": {obj} ." for obj in objects] * 30
        vocabulary = lama_zoo.tokenizer_of(shape.family, shape.vocabulary, texts).get_vocab()
        mark = "" if shape.family == "bert" else "Ġ"
        words = {word for word in words if mark + word in vocabulary}
    out.write_text("\n".join(sorted(words)) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lama", type=pathlib.Path)
    parser.add_argument("subset", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--text", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--models", nargs="+", default=list(lama_zoo.MODELS), choices=list(lama_zoo.MODELS))
    options = parser.parse_args()
    main(options.lama, options.subset, options.text, options.models, options.out)
