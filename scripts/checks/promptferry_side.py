"""What `reference_recipe.py` needs of promptferry: its command, driven; its start, drawn again; its results, compared."""
import json, math, subprocess, sys
from concurrent.futures import ThreadPoolExecutor

import torch

TOLERANCE = 1e-4  # of the first steps: rounding makes about 1e-6, any other rule or rate far more


class Binary:
    """The command. Prompts lie in `work`; those that were tuned before are taken as they are."""

    def __init__(self, path, work, share, words, threads):
        self.path, self.work, self.share, self.words, self.threads = path.resolve(), work, share, words, threads
        work.mkdir(parents=True, exist_ok=True)
        help = subprocess.run([self.path, "transfer", "--help"], capture_output=True, text=True, check=True).stdout
        self.knows_selection = "--select" in help

    def run(self, *arguments):
        """The printed JSON."""
        command = [str(part) for part in (self.path, *arguments, "--json", "--quiet", "--threads", 1)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode: sys.exit(f"{' '.join(command)}\n{done.stderr}")
        return json.loads(done.stdout)

    def each(self, function, jobs):
        with ThreadPoolExecutor(self.threads) as pool: return list(pool.map(lambda job: function(*job), jobs))

    def facts(self, relation):
        return self.share / "atlas/data" / relation

    def tuned(self, model, relations):
        """The files of one prompt for each relation, seed 0."""
        def tune(relation, file):
            if not file.exists():
                self.run("tune", "--model", self.share / "zoo" / model, "--facts", self.facts(relation),
                         "--vocabulary", self.words, "--seed", 0, "-o", file)
            return file
        return self.each(tune, [(relation, self.work / f"{model}.{relation}.safetensors") for relation in relations])

    def carry(self, source, target, relation, seed, name, *options):
        """The carried prompt's file, and what the transfer printed."""
        models, tuned = self.share / "zoo", self.work / f"{source}.{relation}.safetensors"
        file = self.work / f"{source}.{target}.{relation}.{seed}.{name}.safetensors"
        return file, self.run("transfer", "--from", f"{models / source}={tuned}", "--to", models / target, "--search",
                              "gradient", "--normalize", "moments", "--seed", seed, "-o", file, *options)

    def begun(self, source, target, relations, steps):
        """The files of the prompts after a few steps, by relation, seed 0."""
        return [file for file, _ in self.each(
            self.carry, [(source, target, relation, 0, "begun", "--steps", steps) for relation in relations])]

    def carried(self, source, target, relations, seeds, select):
        """By relation and seed: the carried prompts, what they score on test facts, and their objectives."""
        def carry_and_ask(relation, seed):
            selection = ["--select", "dev", "--facts", self.facts(relation), "--vocabulary", self.words]
            file, transfer = self.carry(source, target, relation, seed, select, *(selection if select == "dev" else []))
            score = self.run("evaluate", "--model", self.share / "zoo" / target, "--prompt", file,
                             "--facts", self.facts(relation), "--vocabulary", self.words)
            return file, transfer, score["relations"][0]
        rows = []
        results = self.each(carry_and_ask, [(relation, seed) for relation in relations for seed in seeds])
        for start in range(0, len(results), len(seeds)):
            files, transfers, scores = zip(*results[start:start + len(seeds)])
            rows.append({"files": files, "correct": [s["correct"] for s in scores],
                         "accuracy": [s["accuracy"] for s in scores], "objective": [t["objective"] for t in transfers]})
        return {"anchorCount": transfers[0]["anchorCount"], "relations": rows}


def summary(accuracy, relations):
    """Of accuracies (N, S), by relation and seed: macro P@1 by seed, and its mean and standard error."""
    macro = accuracy.mean(0)
    return {"seeds": macro.tolist(), "mean": macro.mean().item(),
            "standardError": (macro.std() / math.sqrt(len(macro))).item(),
            "relations": dict(zip(relations, accuracy.mean(1).tolist()))}


def compare(recipe, ours, asked, apart, select):
    """Promptferry's summary and a verdict.

    `asked` is what the recipe's evaluation counts right of promptferry's vectors, `apart` how far the two searches are
    from each other after their first steps from one start, relative to the vectors' lengths.
    """
    rows = ours["relations"]
    result = summary(torch.tensor([row["accuracy"] for row in rows], dtype=torch.float64), recipe[select]["relations"])
    theirs = recipe[select]
    result["objective"] = sum(sum(row["objective"]) for row in rows) / sum(len(row["objective"]) for row in rows)
    result["difference"] = result["mean"] - theirs["mean"]
    result["differenceError"] = math.hypot(result["standardError"], theirs["standardError"])
    result["countsApart"] = sum(abs(a - b) for row, mine in zip(rows, asked) for a, b in zip(row["correct"], mine))
    result["apartAtFirst"] = apart
    faults = []
    if abs(result["difference"]) > result["differenceError"] + 1e-9: faults.append("apart by more than a standard error")
    if result["countsApart"]: faults.append(f"evaluations count {result['countsApart']} answers differently")
    if apart > TOLERANCE: faults.append(f"the searches part at once, by {apart:.0e}")
    if ours["anchorCount"] != recipe["anchorCount"]:
        faults.append(f"{ours['anchorCount']} anchors there, {recipe['anchorCount']} here")
    return result | {"agrees": not faults, "verdict": "; ".join(faults) or "agrees"}


def promptferry_start(seed, rows, columns):
    """The start that promptferry's gradient search draws: SplitMix64 of the stream `search.start`, Box and Muller."""
    full, prime = (1 << 64) - 1, 0x100000001B3
    state = 0xCBF29CE484222325 ^ seed
    for byte in b"search.start": state = ((state ^ byte) * prime) & full

    def following():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & full
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & full
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & full
        return z ^ z >> 31

    def uniform():
        return (following() >> 11) * 2.0 ** -53
    state = following() ^ seed
    values = []
    while len(values) < rows * columns:
        radius = math.sqrt(-2 * math.log(1 - uniform()))
        angle = 2 * math.pi * uniform()
        values += [radius * math.cos(angle), radius * math.sin(angle)]
    deviation = math.sqrt(2 / (rows + columns))
    return deviation * torch.tensor(values[:rows * columns]).view(rows, columns)
