#!/usr/bin/env python3
"""Draws examples of the classification tasks, so that experiments between real models on two cores end the same day.

  task_subset.py TASKS OUT [--counts TRAIN,DEV,TEST]

TASKS has sst2/stsa.binary.train, rte/train.jsonl, trec/train.txt, ...; OUT gets the same files with fewer lines, drawn with a fixed seed.
Where a task has no development file, promptferry takes every tenth training example.
"""
import argparse, random
from pathlib import Path

FILES = {
    "sst2": ("stsa.binary.train", "stsa.binary.dev", "stsa.binary.test"),
    "rte": ("train.jsonl", None, "val.jsonl"),
    "trec": ("train.txt", None, "test.txt"),
}


def draw(tasks, out, counts):
    for task, files in FILES.items():
        for name, count in zip(files, counts):
            if name is None:
                continue
            lines = (tasks / task / name).read_bytes().splitlines(keepends=True)
            random.Random(task + name).shuffle(lines)
            (out / task).mkdir(parents=True, exist_ok=True)
            (out / task / name).write_bytes(b"".join(lines[:count]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--counts", default="320,60,200", help="examples of each split")
    options = parser.parse_args()
    draw(options.tasks, options.out, [int(count) for count in options.counts.split(",")])
