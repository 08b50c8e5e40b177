#!/usr/bin/env python3
"""Compares the methods and settings of experiments' results, each with one of them, paired over directions and relations.

    compare.py RUN ... --with "canonical ridge=1 shrinkage=0.5"

RUN is a folder of results (runs/NAME). For each: macro P@1 in %, the distance to the one compared with and its 95 % interval by
bootstrap over the cells of direction and relation, each the mean over seeds. Regret is how far a method is below the best
carried one of the run.
"""
import argparse, collections, json, pathlib, random

PLAIN = {"majority", "direct", "manual", "distil"}


def name(method):
    settings = [f"{key}={value:g}" if isinstance(value, float | int) and not isinstance(value, bool) else f"{key}={value}"
                for key, value in sorted(method.items()) if key not in ("label", "method")]
    return " ".join([method["method"], *settings])


def cells(run):
    """Macro P@1 in % of each method and cell: {method: {(sources, target, relation): mean over seeds}}."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted((run / "cells").glob("*.json")):
        result = json.loads(path.read_text())
        if "evaluation" in result:
            cell = result["cell"]
            key = "+".join(cell["sources"]), cell["target"], cell["relation"]
            found[name(cell["method"])][key].append(100 * result["evaluation"]["macroAccuracy"])
    return {method: {key: sum(values) / len(values) for key, values in own.items()} for method, own in found.items()}


def interval(values, draws=10_000, seed=0):
    rng = random.Random(seed)
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(draws))
    return means[int(0.025 * draws)], means[int(0.975 * draws)]


def table(run, baseline):
    scores = cells(run)
    if baseline not in scores:
        raise SystemExit(f"{run}: has no {baseline}, only {', '.join(sorted(scores))}")
    # What has no source stands beside each; what was refused somewhere is compared where all have a result.
    pairs = {key for own in scores.values() for key in own if key[0]}
    for method, own in scores.items():
        scores[method] = own | {key: own["", *key[1:]] for key in pairs if ("", *key[1:]) in own}
    keys = sorted(pairs.intersection(*scores.values()))
    means = {method: sum(own[key] for key in keys) / len(keys) for method, own in scores.items()}
    best = max(mean for method, mean in means.items() if method.split()[0] not in PLAIN)
    print(f"{run}: {len(keys)} cells")
    for method, mean in sorted(means.items(), key=lambda item: -item[1]):
        differences = [scores[method][key] - scores[baseline][key] for key in keys]
        low, high = interval(differences)
        lead = sum(differences) / len(differences)
        print(f"  {method:40} {mean:5.1f}  lead {lead:+5.1f} [{low:+.1f}, {high:+.1f}]  regret {best - mean:5.1f}")
    print()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=pathlib.Path, nargs="+")
    parser.add_argument("--with", dest="baseline", default="canonical ridge=1 shrinkage=0.5")
    options = parser.parse_args()
    for run in options.runs:
        table(run, options.baseline)
