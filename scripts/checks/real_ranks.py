"""Every test fact of five LAMA relations on the real models that `make real` fetches: `promptferry evaluate --predictions` with
the manual template beside transformers on the same weights. Commits nothing.

    .build/python/bin/python scripts/checks/real_ranks.py WORDS.txt [--relations P103 P17 P36 P279 P101] [--promptferry ...]

WORDS.txt: candidates, one a line; those that are one token after a space count. A fact agrees when its rank is equal and the
log-probability of its object is within --tolerance. Where ranks differ, a near-tie is a fact whose rank becomes ours by moving
log-probabilities by at most 1e-5; it is listed. Exit status 1 on anything else.
"""
import argparse, json, subprocess, sys, tempfile, time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
MODELS = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m.Q4_K_M.gguf"}
NEAR_TIE = 1e-5


def scores(model, batch, columns):
    """(B, candidates): log-probabilities after each of the sequences, which are filled up on the right."""
    length = max(map(len, batch))
    ids = torch.tensor([s + [0] * (length - len(s)) for s in batch])
    mask = torch.tensor([[1] * len(s) + [0] * (length - len(s)) for s in batch])
    states = model.model(input_ids=ids, attention_mask=mask).last_hidden_state
    last = states[torch.arange(len(batch)), torch.tensor([len(s) - 1 for s in batch])]
    return (last @ model.lm_head.weight[columns].T).log_softmax(-1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", type=Path)
    parser.add_argument("--names", nargs="+", default=list(MODELS))
    parser.add_argument("--relations", nargs="+", default=["P103", "P17", "P36", "P279", "P101"])
    parser.add_argument("--models", type=Path, default=ROOT / "models/real")
    parser.add_argument("--lama", type=Path, default=ROOT.parent / "shared/lama")
    parser.add_argument("--promptferry", type=Path, default=ROOT / ".build/release/promptferry")
    parser.add_argument("--tolerance", type=float, default=1e-3, help="of log-probabilities (default 1e-3)")
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    templates = {r["relation"]: r["template"] for r in map(json.loads, (a.lama / "relations.jsonl").open(encoding="utf-8"))}
    failed = False
    for name in a.names:
        path = a.models / MODELS[name]
        tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
        model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
        column = {}  # token to word, the first that is it
        for word in a.words.read_text(encoding="utf-8").splitlines():
            ids = tokenizer(" " + word, add_special_tokens=False)["input_ids"] if word else []
            if len(ids) == 1: column.setdefault(ids[0], word)
        columns, place = torch.tensor(list(column)), {word: i for i, word in enumerate(column.values())}
        words = list(place)
        for relation in a.relations:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "predictions.jsonl"
                subprocess.run(
                    [a.promptferry, "evaluate", "--model", path, "--template", templates[relation], "--facts",
                     a.lama / "data" / relation / "test.jsonl", "--vocabulary", a.words, "--predictions", out, "--quiet",
                     "--threads", str(a.threads)], check=True, stdout=subprocess.DEVNULL)
                ours = list(map(json.loads, out.open(encoding="utf-8")))
            before = templates[relation].split("[Y]")[0].rstrip()
            began, ties, wrong, answers, worst = time.monotonic(), [], [], 0, (0.0, "")
            ours.sort(key=lambda line: len(line["subject"]))
            for start in range(0, len(ours), 16):
                lines = ours[start:start + 16]
                batch = [tokenizer(before.replace("[X]", line["subject"]))["input_ids"] for line in lines]
                with torch.inference_mode(): rows = scores(model, batch, columns)
                for line, row in zip(lines, rows):
                    right = place[line["object"]]
                    rank = 1 + int((row > row[right]).sum())
                    apart = abs(float(row[right]) - line["logProbability"])
                    worst = max(worst, (apart, f"{line['subject']}: {line['object']}"))
                    answers += words[int(row.argmax())] == line["prediction"]
                    told = f"{line['subject']}: {line['object']}: rank {line['rank']}, there {rank}, log-probability {apart:.1e} apart"
                    if apart > a.tolerance: wrong.append(told)
                    elif rank != line["rank"]:
                        # The words between the two ranks, as far as they are from the object.
                        ordered = (row - row[right]).sort(descending=True).values
                        gap = float(ordered[[rank - 1, line["rank"] - 1]].abs().max())
                        (ties if gap <= NEAR_TIE else wrong).append(f"{told}, {gap:.1e} between")
            failed |= bool(wrong) or not ours
            print(f"{name} {relation}: {len(ours)} facts, {len(words)} candidates: {len(ours) - len(ties) - len(wrong)} agree, "
                  f"{len(ties)} near-ties, {len(wrong)} disagree; predictions equal {answers}; log-probability at most "
                  f"{worst[0]:.1e} apart ({worst[1]}); {time.monotonic() - began:.0f} s there", flush=True)
            for line in ties: print(f"  near-tie: {line}")
            for line in wrong: print(f"  DISAGREES: {line}", flush=True)
    if failed: sys.exit(1)


if __name__ == "__main__":
    main()
