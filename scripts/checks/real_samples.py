"""Cuts from what real_models.py wrote the few numbers that are committed, Tests/Fixtures/real/NAME.run.{json,safetensors}, which
RealModelsTests compares with ours.

    .build/python/bin/python scripts/checks/real_samples.py OUT

Of a row its length and eight of its entries, evenly spaced: a row stands for [length, x[0], x[C/8], ..., x[7C/8]], (9).

    text.N.ids      the ids, (T)
    text.N.last     the last token's row after the embeddings and after each layer, (L + 1, 9)
    text.N.before   that of the token before it, without the last layer's, (L, 9); where there is such a token
    text.N.norm     the last token's after the last norm, (1, 9)
    text.N.logits   the last token's, (1, 9)
    fact.N.ids, fact.N.logits, and fact.N.gradient (T, 9)
"""
import argparse, json
from pathlib import Path

import numpy as np
import safetensors.numpy

FIXTURES = Path(__file__).resolve().parents[2] / "Tests/Fixtures/real"


def sample(rows):
    rows = np.atleast_2d(rows)
    width = rows.shape[1]
    picked = rows[:, [k * width // 8 for k in range(8)]]
    return np.concatenate([np.linalg.norm(rows.astype(np.float64), axis=1)[:, None], picked], 1).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    for name in ["gemma3", "smollm2"]:
        record = json.loads((out / f"{name}.json").read_text(encoding="utf-8"))
        full = safetensors.numpy.load_file(out / f"{name}.safetensors")
        count = record["config"]["num_hidden_layers"]
        kept = {}
        for n, text in enumerate(record["texts"]):
            states = [full[f"text.{n}.embeddings"]] + [full[f"text.{n}.layer.{i}"] for i in range(count)]
            kept[f"text.{n}.ids"] = np.array(text["ids"], np.float32)
            kept[f"text.{n}.last"] = np.concatenate([sample(x[-1]) for x in states])
            if len(text["ids"]) > 1:
                kept[f"text.{n}.before"] = np.concatenate([sample(x[-2]) for x in states[:-1]])
            for key in ["norm", "logits"]:
                kept[f"text.{n}.{key}"] = sample(full[f"text.{n}.{key}"][-1])
        for n, fact in enumerate(record["facts"]):
            kept[f"fact.{n}.ids"] = np.array(fact["ids"], np.float32)
            kept[f"fact.{n}.logits"] = sample(full[f"fact.{n}.logits"])
            kept[f"fact.{n}.gradient"] = sample(full[f"fact.{n}.gradient"])
        safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in kept.items()}, FIXTURES / f"{name}.run.safetensors")
        facts = [{"text": f["text"], "object": f["object"], "first": f["answer"][0], "rank": f["rankOfFirst"],
                  "logProbability": f["logProbabilityOfFirst"]} for f in record["facts"]]
        short = {"packages": record["packages"], "texts": [t["text"] for t in record["texts"]], "facts": facts}
        (FIXTURES / f"{name}.run.json").write_text(json.dumps(short, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
