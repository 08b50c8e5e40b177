#!/usr/bin/env python3
"""What 64 and 128 threads can bring, by simulating how work is dealt out: many_cores.py [--token MICROSECONDS] [--serial MICROSECONDS]

Nothing is measured here but what goes in: a token through the network forward takes so long on one core, and again as long backward (BERT-base's shape,
one core of a Zen 4: 1,360 microseconds forward), and what a step does between its parallel parts (adding gradients up, Adam, drawing the next batch) so
long for each prompt (60 microseconds, which are assumed and not measured). As in the product: threads take tasks from a queue, all wait at its end; evaluating takes 16 sequences a task, 8 of fewer than 256,
but no more than leave two tasks for every thread, and 4 at least, longest first; a step of tuning has parts of 8 sequences; prompts that are tuned together take their steps
together, and are scored one after the other. Memory is not in it: docs/performance.md says what it asks for.
"""
import argparse, heapq, random

THREADS = [1, 2, 8, 16, 32, 64, 128]


def spread(tasks, threads):
    """The time until all is done, tasks taken in order by whoever is free."""
    free = [0.0] * min(threads, max(1, len(tasks)))
    for task in tasks: heapq.heapreplace(free, free[0] + task)
    return max(free)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--token", type=float, default=1360)
    parser.add_argument("--serial", type=float, default=60)
    options = parser.parse_args()
    generator = random.Random(0)

    def lengths(count): return [10 + min(15, int(generator.expovariate(1 / 3))) for _ in range(count)]       # tokens; 13 on average

    def evaluate(facts, threads, suits=True):
        size = 8 if len(facts) < 256 else 16
        if suits: size = max(4, min(size, -(-len(facts) // (2 * threads))))                                   # two tasks a thread
        facts = sorted(facts, reverse=True)
        return spread([sum(facts[at:at + size]) * options.token for at in range(0, len(facts), size)], threads)

    def tune(relations, threads, epochs=10, train=800, dev=200, batch=16):
        facts = [(lengths(train), lengths(dev)) for _ in range(relations)]
        time = sum(evaluate(own, threads) for _, own in facts)                                               # the start
        for _ in range(epochs):
            steps = train // batch
            for step in range(steps):
                parts = []
                for own, _ in facts:
                    taken = sorted(own[step * batch:(step + 1) * batch], reverse=True)
                    parts += [2 * options.token * sum(taken[first::2]) for first in range(2)]                # dealt out by length
                time += spread(parts, threads) + options.serial * relations
                if (step + 1) * 3 // steps > step * 3 // steps: time += sum(evaluate(own, threads) for _, own in facts)
        return time

    work = {
        "evaluate 944 facts": lambda threads: evaluate(large, threads),
        "evaluate 944 facts, 16 a task whatever the threads": lambda threads: evaluate(large, threads, suits=False),
        "evaluate 200 facts": lambda threads: evaluate(small, threads),
        "evaluate 200 facts, 8 a task whatever the threads": lambda threads: evaluate(small, threads, suits=False),
        "tune one relation, batches of 16": lambda threads: tune(1, threads),
        "tune 41 relations together": lambda threads: tune(41, threads, epochs=1),
    }
    large, small = lengths(944), lengths(200)
    print("times as fast as one thread, with", ", ".join(map(str, THREADS[1:])), "threads")
    for name, run in work.items():
        generator.seed(1)
        alone = run(1)
        found = []
        for threads in THREADS[1:]:
            generator.seed(1)
            found.append(alone / run(threads))
        print(f"{name:52}", " ".join(f"{value:6.1f}" for value in found))


if __name__ == "__main__":
    main()
