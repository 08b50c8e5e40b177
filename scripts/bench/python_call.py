#!/usr/bin/env python3
"""How much longer a call from Python takes than the command says that it worked: python_call.py [--calls 200] [--model zoo:bert-small]

  PYTHONPATH=python PROMPTFERRY=.build/release/promptferry python3 scripts/bench/python_call.py

The model is open before. A call's work is what its reply says; the rest is Python, the pipes and JSON. Prints one JSON object, times in
milliseconds, of each kind of call; `opened` is how many models were opened while it was measured.
"""
import argparse
import json
import statistics
import time

import promptferry
from promptferry import _command


def measure(arguments, count):
    _command.reply(arguments)
    spent, opened = [], 0
    for _ in range(count):
        start = time.perf_counter()
        reply = _command.reply(arguments)
        total = time.perf_counter() - start
        spent.append((1e3 * total, 1e3 * (total - reply["seconds"])))
        opened += reply["opened"]
    totals, overheads = ([pair[i] for pair in spent] for i in range(2))
    return {
        "calls": count, "callMedian": round(statistics.median(totals), 3), "opened": opened,
        "overheadMedian": round(statistics.median(overheads), 3),
        "overhead99": round(sorted(overheads)[int(0.99 * (count - 1))], 3), "overheadMax": round(max(overheads), 3),
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--model", default="zoo:bert-small")
    given = parser.parse_args()
    start = time.perf_counter()
    result = {"version": promptferry.version(), "start": round(1e3 * (time.perf_counter() - start), 3)}
    for name, arguments in {
        "list": ["list", "methods"],
        "evaluate": ["evaluate", "--model", given.model, "--template", "[X] is in [Y] .", "--facts", "atlas:capital"],
        "inspect": ["inspect", given.model, given.model],
    }.items():
        result[name] = measure(arguments, given.calls)
    print(json.dumps(result, indent=2))


main()
