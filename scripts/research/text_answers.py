#!/usr/bin/env python3
"""Runs text_answers.md and says what came out.

  text_answers.py run BINARY MODELS LAMA FOLDER     MODELS: the folder of `make real`; LAMA: relations.jsonl and data/
  text_answers.py report FOLDER

FOLDER gets facts, prompts and results.jsonl, a line for each relation, direction, seed and way; what is there already is not run again.
"""
import argparse, json, random, subprocess
from pathlib import Path

RELATIONS = ["P37", "P136", "P140", "P364", "P407", "P495"]
SEEDS = [0, 1, 2]
MODELS = {"SmolLM2": "SmolLM2-135M-Instruct.Q4_1.gguf", "Gemma": "gemma-3-270m.Q4_K_M.gguf"}
DIRECTIONS = [("SmolLM2", "Gemma"), ("Gemma", "SmolLM2")]
COUNTS = {"train": 200, "dev": 60, "test": 200}
CARRIED = {
    "default": [],
    "procrustes": ["--method", "procrustes"],
    "linear, centred": ["--method", "linear", "--ridge", "0.1", "--set", "centred=true"],
    "random": ["--method", "random"],
    "normal": ["--method", "normal"],
    "shuffled": ["--method", "shuffled"],
}


def draw_facts(lama, folder, relation):
    for split, count in COUNTS.items():
        path = folder / "facts" / relation / f"{split}.jsonl"
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        drawn = subprocess.run(
            f"shuf -n {count} --random-source=<(yes) '{lama}/data/{relation}/{split}.jsonl'",
            shell=True, executable="/bin/bash", capture_output=True, check=True).stdout
        path.write_bytes(drawn)


def run(binary, models, lama, folder):
    known = folder / "results.jsonl"
    done = {tuple(row["key"]) for row in map(json.loads, known.read_text().splitlines())} if known.exists() else set()
    templates = {row["relation"]: row["template"] for row in map(json.loads, (lama / "relations.jsonl").read_text().splitlines())}

    def call(*arguments):
        result = subprocess.run([binary, *map(str, arguments), "--quiet", "--json"], capture_output=True, text=True)
        if result.returncode:
            raise SystemExit(f"{arguments}: {result.stderr}")
        return json.loads(result.stdout)

    def note(key, value, **more):
        with known.open("a") as file:
            file.write(json.dumps({"key": key, "value": value, **more}) + "\n")
        print(*key, round(100 * value, 1), flush=True)

    def evaluate(key, model, facts, *arguments):
        if tuple(key) in done:
            return
        answer = call("evaluate", "--model", model, "--facts", facts, "--answers", "text", *arguments)
        note(key, answer["microAccuracy"], candidates=answer["vocabularySize"])

    def made(path, *arguments):
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            call(*arguments, "-o", path)
        return path

    for seed in SEEDS:
        for relation in RELATIONS:
            draw_facts(lama, folder, relation)
            facts, template = folder / "facts" / relation, templates[relation]
            prompts = folder / "prompts" / relation / str(seed)
            tune = ["--answers", "text", "--facts", facts, "--template", "[X] [V]*5 [Y] .", "--init", f"template:{template}",
                    "--epochs", 5, "--seed", seed]
            own = {name: made(prompts / f"{name}.safetensors", "tune", "--model", models / file, *tune)
                   for name, file in MODELS.items()}
            for source, target in DIRECTIONS:
                of, to = models / MODELS[source], models / MODELS[target]
                direction = f"{source} to {target}"
                key = lambda way: [relation, direction, seed, way]
                evaluate(key("source"), of, facts, "--prompt", own[source])
                evaluate(key("direct"), to, facts, "--prompt", own[target])
                if seed == 0:
                    evaluate(key("template"), to, facts, "--template", template)
                    if tuple(key("majority")) not in done:
                        rows = lambda split: [json.loads(line)["obj_label"] for line in (facts / f"{split}.jsonl").read_text().splitlines()]
                        train, test = rows("train"), rows("test")
                        common = max(sorted(set(train)), key=train.count)
                        note(key("majority"), test.count(common) / len(test))
                ways = {way: made(prompts / direction / f"{way}.safetensors", "transfer", "--from", f"{of}={own[source]}", "--to", to,
                                  "--seed", seed, *arguments) for way, arguments in CARRIED.items()}
                ways["agreement"] = made(
                    prompts / direction / "agreement.safetensors", "transfer", "--from", f"{of}={own[source]}", "--to", to,
                    "--select", "agreement", "--method", "any", "--subjects", facts, "--seed", seed)
                ways["distilled"] = made(
                    prompts / direction / "distilled.safetensors", "distil", "--from", f"{of}={own[source]}", "--to", to,
                    "--start", ways["default"], "--facts", facts, "--epochs", 3, "--seed", seed)
                for way, prompt in ways.items():
                    evaluate(key(way), to, facts, "--prompt", prompt)


def report(folder):
    rows = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    values = {tuple(row["key"]): 100 * row["value"] for row in rows}
    seeds = sorted({key[2] for key in values})
    ways = ["source", "majority", "template", "random", "normal", "shuffled", "procrustes", "linear, centred", "default", "agreement",
            "distilled", "direct"]

    def mean(relation, direction, way):
        """The mean over seeds; what has no seed was asked once."""
        found = [values[relation, direction, seed, way] for seed in seeds if (relation, direction, seed, way) in values]
        return sum(found) / len(found)

    def interval(differences, generator):
        """95 % percentile bootstrap over relations."""
        draws = sorted(sum(generator.choices(differences, k=len(differences))) / len(differences) for _ in range(10000))
        return draws[250], draws[9749]

    for source, target in DIRECTIONS:
        direction = f"{source} to {target}"
        relations = [relation for relation in RELATIONS if all((relation, direction, seed, "distilled") in values for seed in seeds)]
        print(f"\n{direction}, seeds {seeds}, relations {relations}")
        for way in ways:
            each = [mean(relation, direction, way) for relation in relations]
            print(f"  {way:16}{sum(each) / len(each):6.1f}  ", " ".join(f"{value:5.1f}" for value in each))
        generator = random.Random(0)
        pairs = [("default", way) for way in ("random", "normal", "shuffled", "majority", "template")]
        for better, worse in pairs + [("agreement", "default"), ("agreement", "majority"), ("agreement", "template")]:
            differences = [mean(relation, direction, better) - mean(relation, direction, worse) for relation in relations]
            low, high = interval(differences, generator)
            print(f"  {better} less {worse}: {sum(differences) / len(differences):.1f} [{low:.1f}, {high:.1f}]")
        parts = [sum(mean(relation, direction, way) for relation in relations) for way in ("distilled", "direct")]
        print(f"  distilled / direct: {parts[0] / parts[1]:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    runner = verbs.add_parser("run")
    runner.add_argument("binary", type=Path)
    for name in ("models", "lama", "folder"):
        runner.add_argument(name, type=Path)
    verbs.add_parser("report").add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.verb == "run":
        run(options.binary.resolve(), options.models.resolve(), options.lama.resolve(), options.folder.resolve())
    else:
        report(options.folder)
