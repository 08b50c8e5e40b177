"""What transformers makes of answers of several tokens on the models of `make real`, after a sentence's beginning and with its end:
Tests/Fixtures/real/answers.json, which RealAnswersTests compares with ours.

    .build/python/bin/python scripts/checks/real_answers.py FOLDER

FOLDER holds the models. For each model and fact: the object's score, its rank, the best answer.
"""
import json, sys
from pathlib import Path

import torch, transformers

ROOT = Path(__file__).resolve().parents[2]
MODELS = {"gemma3": "gemma-3-270m.Q4_K_M.gguf", "smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf"}


def main(folder):
    facts = [json.loads(line) for line in (ROOT / "docs/answers/capitals.jsonl").read_text().splitlines()]
    answers = sorted(fact["obj_label"] for fact in facts)
    found = {}
    for name, file in MODELS.items():
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=file)

        def score(subject, answer):
            before = tokenizer(f"The capital of {subject} is")["input_ids"]
            whole = tokenizer(f"The capital of {subject} is {answer}.")["input_ids"]
            assert whole[: len(before)] == before and tokenizer.eos_token_id not in whole
            with torch.no_grad(): logs = torch.log_softmax(model(torch.tensor([whole])).logits[0].double(), -1)
            return sum(logs[k - 1, whole[k]].item() for k in range(len(before), len(whole)))
        rows = []
        for fact in facts:
            scores = {answer: score(fact["sub_label"], answer) for answer in answers}
            own = scores[fact["obj_label"]]
            rows.append(dict(score=own, rank=1 + sum(s > own for s in scores.values()), best=max(scores, key=scores.get)))
        found[name] = rows
    lines = [f'  "{name}": ' + json.dumps(rows, sort_keys=True) for name, rows in found.items()]
    (ROOT / "Tests/Fixtures/real/answers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


main(sys.argv[1])
