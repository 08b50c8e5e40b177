#!/usr/bin/env python3
"""Writes the words of LAMA's common list that are one token in every tokenizer of lama_zoo.py.

  lama_zoo_words.py LAMA SUBSET TEXT OUT
"""
import pathlib, random, sys

import lama_zoo

SEED = 20261129


def main(lama, subset, text, out):
    told, other = lama_zoo.facts(lama, subset)
    natural = lama_zoo.sentences([text])
    random.Random(SEED).shuffle(natural)
    words = set((lama / "common_vocab_cased.txt").read_text().split())
    objects = sorted({obj for _, _, obj in told})
    for number, shape in enumerate(lama_zoo.MODELS.values()):
        half = natural[shape.half::2]
        texts = [t for t, _ in lama_zoo.one_round(told, other, half, shape.half, 0.5, random.Random(SEED + number))] + half
        texts += [f": {obj} ." for obj in objects] * 30
        vocabulary = lama_zoo.tokenizer_of(shape.family, shape.vocabulary, texts).get_vocab()
        mark = "" if shape.family == "bert" else "Ġ"
        words = {word for word in words if mark + word in vocabulary}
    out.write_text("\n".join(sorted(words)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 5: sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
