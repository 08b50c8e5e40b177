#!/usr/bin/env python3
"""Draws facts of LAMA, so that experiments between real models on two cores end the same day.

  lama_subset.py LAMA OUT RELATION ... [--splits TRAIN,DEV,TEST]

LAMA has relations.jsonl, common_vocab_cased.txt and data/P103/train.jsonl, ... OUT gets relations.jsonl, words.txt, data/RELATION/SPLIT.jsonl
and asked/RELATION/test.jsonl.
"""
import argparse, json, random
from pathlib import Path

SPLITS = ("train", "dev", "test")


def facts(lama, out, relations, counts=(320, 60, 200)):
    """Facts whose object is a common word, drawn with a fixed seed; `asked` has the first 100 of each test split."""
    words = (lama / "common_vocab_cased.txt").read_text().split()
    out.mkdir(parents=True, exist_ok=True)
    (out / "words.txt").write_text("\n".join(words) + "\n")
    (out / "relations.jsonl").write_bytes((lama / "relations.jsonl").read_bytes())
    known = set(words)
    for relation in relations:
        for split, count in zip(SPLITS, counts):
            rows = [json.loads(line) for line in (lama / f"data/{relation}/{split}.jsonl").read_text().splitlines()]
            rows = [row for row in rows if row["obj_label"] in known]
            random.Random(relation + split).shuffle(rows)
            lines = [json.dumps({key: row[key] for key in ("sub_label", "obj_label")}) + "\n" for row in rows[:count]]
            for folder, kept in [("data", lines)] + ([("asked", lines[:100])] if split == "test" else []):
                path = out / folder / relation / f"{split}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(kept))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lama", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("relations", nargs="+")
    parser.add_argument("--splits", default="320,60,200", help="facts of each split")
    options = parser.parse_args()
    facts(options.lama, options.out, options.relations, [int(count) for count in options.splits.split(",")])
