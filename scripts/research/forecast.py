#!/usr/bin/env python3
"""How much of direct tuning a carried prompt reaches, against what is known without a label: the mean cosine of wanted and reached similarities.

    forecast.py --method "canonical ridge=1 shrinkage=0.5" GROUP=RUN ...

RUN is a folder of results (runs/NAME) with that method and with direct. Prints the share of direct tuning by bins of the cosine, and how
often the middle 80 % of the other groups' and pairs' shares hold what a pair that was left out had.
"""
import argparse, collections, json, pathlib

import compare

BINS = [-1.0, 0.2, 0.4, 0.6, 0.8, 1.01]


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    return values[low] + (place - low) * (values[min(low + 1, len(values) - 1)] - values[low])


def points(run, method):
    """(pair, cosine, share of direct tuning) of each carried prompt whose relation direct tuning can do."""
    direct, carried = {}, []
    for path in sorted((run / "cells").glob("*.json")):
        result = json.loads(path.read_text())
        if "evaluation" not in result:
            continue
        cell, accuracy = result["cell"], result["evaluation"]["macroAccuracy"]
        if cell["method"]["method"] == "direct":
            direct[cell["target"], cell["relation"], cell["seed"]] = accuracy
        elif compare.name(cell["method"]) == method:
            cosine = sum(result["objective"]) / len(result["objective"])
            carried.append((("+".join(cell["sources"]), cell["target"]), (cell["target"], cell["relation"], cell["seed"]), cosine, accuracy))
    return [(pair, cosine, accuracy / direct[key]) for pair, key, cosine, accuracy in carried if direct.get(key, 0) > 0.1]


def place(cosine):
    return next(number for number, high in enumerate(BINS[1:]) if cosine < high)


def main(groups, method):
    all_points = [(group, *point) for group, run in groups for point in points(run, method)]
    print(f"{'cosine':12} {'prompts':>7} {'pairs':>5}   share of direct tuning in %: median [10th, 90th]   of groups")
    for number in range(len(BINS) - 1):
        own = [point for point in all_points if place(point[2]) == number]
        if own:
            shares = [100 * point[3] for point in own]
            by = collections.Counter(point[0] for point in own)
            print(f"{BINS[number]:5.1f} {min(BINS[number + 1], 1):5.1f} {len(own):8} {len({point[1] for point in own}):5}   "
                  f"{quantile(shares, 0.5):5.0f} [{quantile(shares, 0.1):.0f}, {quantile(shares, 0.9):.0f}]   "
                  + ", ".join(f"{group} {count}" for group, count in sorted(by.items())))
    for what, key in (("pair", lambda point: point[1]), ("group", lambda point: point[0])):
        held = told = 0
        for left_out in sorted({key(point) for point in all_points}):
            for point in (point for point in all_points if key(point) == left_out):
                rest = [100 * other[3] for other in all_points if key(other) != left_out and place(other[2]) == place(point[2])]
                if len(rest) < 5:
                    continue
                told += 1
                held += quantile(rest, 0.1) <= 100 * point[3] <= quantile(rest, 0.9)
        print(f"each {what} left out: {held} of {told} prompts within the others' 80 %, {len(all_points) - told} without others like them")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="+", metavar="GROUP=RUN")
    parser.add_argument("--method", default="canonical ridge=1 shrinkage=0.5")
    options = parser.parse_args()
    main([(name, pathlib.Path(run)) for name, run in (group.split("=", 1) for group in options.groups)], options.method)
