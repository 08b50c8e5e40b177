#!/usr/bin/env python3
"""How much a prompt loses from model to model: carried from A to C at once, by way of B, by way of B and D; and there and back.

  chains.py PROMPTFERRY OUT [--method canonical ...] [--seed 0 ...]

Four models of the zoo, all relations of the atlas, prompts as `tune` makes them; every path that never stays where it is. OUT keeps prompts:
what is there is not made again. Prints micro P@1 over the relations' test facts, mean over paths, and paired differences with a bootstrap over
the first and last model of paths.
"""
import argparse, itertools, json, random, subprocess
from collections import defaultdict
from pathlib import Path

MODELS = ["bert-small", "roberta-small", "albert-small", "gpt2-small"]


def call(binary, *arguments):
    result = subprocess.run([binary, *map(str, arguments), "--quiet", "--json"], capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{arguments}: {result.stderr}")
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--method", nargs="+", default=["canonical", "procrustes", "linear"])
    parser.add_argument("--seed", nargs="+", type=int, default=[0, 1])
    options = parser.parse_args()
    binary = options.binary.resolve()

    def made(folder, *arguments):
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            call(binary, *arguments, "-o", f"{folder}/")
        return folder

    def score(folder, model):
        known = folder / "score.json"
        if not known.exists():
            answer = call(binary, "evaluate", "--model", f"zoo:{model}", "--prompt", f"{folder}/", "--facts", "atlas:")
            known.write_text(json.dumps(100 * answer["microAccuracy"]))
        return json.loads(known.read_text())

    for method in options.method:
        scores = defaultdict(list)  # by path
        for seed in options.seed:
            own = {model: made(options.out / f"{seed}" / model, "tune", "--model", f"zoo:{model}", "--facts", "atlas:", "--seed", seed)
                   for model in MODELS}
            folders = {(model,): own[model] for model in MODELS}
            for length in range(1, 4):
                for path in itertools.product(MODELS, repeat=length + 1):
                    if any(a == b for a, b in zip(path, path[1:])):
                        continue
                    folder = options.out / f"{seed}" / method / "-".join(path)
                    folders[path] = made(folder, "transfer", "--from", f"zoo:{path[-2]}={folders[path[:-1]]}/", "--to", f"zoo:{path[-1]}",
                                         "--method", method, "--seed", seed)
            for path, folder in folders.items():
                scores[path].append(score(folder, path[-1]))
        mean = {path: sum(values) / len(values) for path, values in scores.items()}
        report(method, mean)


def report(method, mean):
    ends = list(itertools.permutations(MODELS, 2))

    def over(length, ends):
        """The mean over paths of so many steps between these models."""
        found = [value for path, value in mean.items() if len(path) == length + 1 and (path[0], path[-1]) == ends]
        return sum(found) / len(found)

    generator = random.Random(0)

    def interval(values):
        draws = sorted(sum(generator.choices(values, k=len(values))) / len(values) for _ in range(10000))
        return f"{sum(values) / len(values):.1f} [{draws[250]:.1f}, {draws[9749]:.1f}]"

    print(f"{method}: of its own {sum(mean[(model,)] for model in MODELS) / len(MODELS):.1f}")
    for length in (1, 2, 3):
        print(f"  {length} step(s), from one model to another: {sum(over(length, pair) for pair in ends) / len(ends):.1f}",
              "" if length == 1 else "; less than at once by " + interval([over(1, pair) - over(length, pair) for pair in ends]))
    best = [max(mean[path] for path in mean if len(path) == 3 and (path[0], path[-1]) == pair) for pair in ends]
    print(f"  by way of whichever model is best: {sum(best) / len(best):.1f}")
    for length in (2, 3):
        back = [value for path, value in mean.items() if len(path) == length + 1 and path[0] == path[-1]]
        print(f"  {length} steps, back where it began: {sum(back) / len(back):.1f}")


if __name__ == "__main__":
    main()
