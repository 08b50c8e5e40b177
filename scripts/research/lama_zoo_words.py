#!/usr/bin/env python3
"""Writes the words of LAMA's common list that are one token in every tokenizer that lama_zoo.py makes for these models.

  lama_zoo_words.py LAMA SUBSET TEXT OUT MODEL ...
"""
import pathlib, random, sys

import lama_zoo

SEED = 20261129


def main(lama, subset, text, out, names):
    told, other = lama_zoo.facts(lama, subset)
    natural = lama_zoo.sentences([text])
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
    if len(sys.argv) < 6: sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:5]), sys.argv[5:])
