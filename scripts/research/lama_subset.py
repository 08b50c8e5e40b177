#!/usr/bin/env python3
"""Draws facts of LAMA, so that experiments between real models on two cores end the same day.

  lama_subset.py LAMA OUT RELATION ...

LAMA has relations.jsonl, common_vocab_cased.txt and data/P103/train.jsonl, ... OUT gets relations.jsonl, words.txt, data/RELATION/SPLIT.jsonl
and asked/RELATION/test.jsonl.
"""
import json, random, sys
from pathlib import Path

SPLITS = {"train": 320, "dev": 60, "test": 200}


def facts(lama, out, relations):
    """Facts whose object is a common word, drawn with a fixed seed; `asked` has the first 100 of each test split."""
    words = (lama / "common_vocab_cased.txt").read_text().split()
    out.mkdir(parents=True, exist_ok=True)
    (out / "words.txt").write_text("\n".join(words) + "\n")
    (out / "relations.jsonl").write_bytes((lama / "relations.jsonl").read_bytes())
    known = set(words)
    for relation in relations:
        for split, count in SPLITS.items():
            rows = [json.loads(line) for line in (lama / f"data/{relation}/{split}.jsonl").read_text().splitlines()]
            rows = [row for row in rows if row["obj_label"] in known]
            random.Random(relation + split).shuffle(rows)
            lines = [json.dumps({key: row[key] for key in ("sub_label", "obj_label")}) + "\n" for row in rows[:count]]
            for folder, kept in [("data", lines)] + ([("asked", lines[:100])] if split == "test" else []):
                path = out / folder / relation / f"{split}.jsonl"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("".join(kept))


if __name__ == "__main__":
    if len(sys.argv) < 4: sys.exit(__doc__)
    facts(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
