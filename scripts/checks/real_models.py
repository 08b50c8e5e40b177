"""Reference numbers of the real models that `make real` fetches, from transformers on the same GGUF files, for a comparison
with ours: ids, the output of every layer, logits, gradients of the embeddings, and the ranks of a few facts' answers.

    .build/python/bin/python scripts/checks/real_models.py OUT [--models models/real] [--lama ../shared/lama]

For each model OUT holds NAME.safetensors and NAME.json. Vectors are of the raw space: rows of the embedding table as stored,
before what the model multiplies them by.

    texts       key text.N: `embeddings` (T, C) after scaling, `layer.I` (T, C) after layer I counted from 0, `norm` (T, C)
                after the last norm, `logits` (T, V) of the last position only where the text is long
    facts       key fact.N: `logits` (V) at the last token of the manual template filled with the subject and cut before
                [Y]; `gradient` (T, C) of the object's negative log-probability for the raw embeddings

NAME.json has the ids, the object's id, its log-probability and its rank (0 is best) among all tokens.
"""
import argparse, importlib.metadata, json, math, sys
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
MODELS = {"smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf", "gemma3": "gemma-3-270m.Q4_K_M.gguf"}
TEXTS = [
    "The capital of France is", "A", "2 + 2 = 4, and 1234567 is a number.", "Zürich, 東京 and naïve café: élan vital\n\tx  y",
    "The native language of Jean Marais is",
]
LONG = " ".join(f"{i}. The {w} stands in the garden." for i, w in enumerate(["tree", "house", "horse", "old man"] * 24))
"""More tokens than Gemma 3's sliding window of 512."""
RELATIONS = ["P103", "P17", "P36", "P101", "P1412"]
FACTS_EACH = 4


def outputs(model, ids):
    """The output of the embeddings, of every layer before the final norm, the final norm's, and the logits, by hooks: what
    `output_hidden_states` lists for the last layer is normed already."""
    kept = {}

    def keep(name):
        def hook(_, __, output):
            kept[name] = (output[0] if isinstance(output, tuple) else output)[0].detach()
        return hook

    body = model.model
    hooks = [body.embed_tokens.register_forward_hook(keep("embeddings")), body.norm.register_forward_hook(keep("norm"))]
    hooks += [layer.register_forward_hook(keep(f"layer.{i}")) for i, layer in enumerate(body.layers)]
    with torch.no_grad():
        kept["logits"] = model(torch.tensor([ids])).logits[0]
    for hook in hooks:
        hook.remove()
    return kept


def gradient(model, ids, answer):
    """(T, C): of -log p(answer | ids) for the rows of the table before any scaling; also the logits at the end."""
    table = model.get_input_embeddings()
    rows = table.weight[torch.tensor([ids])].detach().clone().requires_grad_()
    scale = getattr(table, "embed_scale", torch.tensor(1.0)).to(rows.dtype)
    logits = model(inputs_embeds=rows * scale).logits[0, -1]
    loss = -torch.log_softmax(logits, -1)[answer]
    loss.backward()
    return rows.grad[0], logits.detach(), -loss.item()


def facts(lama):
    templates = {r["relation"]: r["template"] for r in map(json.loads, (lama / "relations.jsonl").open(encoding="utf-8"))}
    for relation in RELATIONS:
        lines = (lama / "data" / relation / "test.jsonl").read_text(encoding="utf-8").splitlines()
        for line in lines[:: max(1, len(lines) // FACTS_EACH)][:FACTS_EACH]:
            fact = json.loads(line)
            before = templates[relation].split("[Y]")[0].replace("[X]", fact["sub_label"]).rstrip()
            yield {"relation": relation, "subject": fact["sub_label"], "object": fact["obj_label"], "text": before}


def write(name, file, out, lama):
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32, attn_implementation="eager").eval()
    model.requires_grad_(False)
    tensors, record = {}, {"file": file.name, "config": model.config.to_dict(), "texts": [], "facts": []}
    for index, text in enumerate(TEXTS + [LONG]):
        ids = tokenizer(text)["input_ids"]
        kept = outputs(model, ids)
        isLong = text is LONG
        for key, value in kept.items():
            value = value[-2:] if isLong else value
            tensors[f"text.{index}.{key}"] = (value[-1:] if key == "logits" and len(ids) > 12 else value).float().numpy()
        record["texts"].append({"text": text, "ids": ids, "lastRowsOnly": isLong})
    for index, fact in enumerate(facts(lama)):
        ids = tokenizer(fact["text"])["input_ids"]
        answer = tokenizer(" " + fact["object"], add_special_tokens=False)["input_ids"]
        rows, logits, logProbability = gradient(model, ids, answer[0])
        tensors[f"fact.{index}.gradient"] = rows.float().numpy()
        tensors[f"fact.{index}.logits"] = logits.float().numpy()
        record["facts"].append(fact | {
            "ids": ids, "answer": answer, "logProbabilityOfFirst": logProbability,
            "rankOfFirst": int((logits > logits[answer[0]]).sum()),
            "gap": float(logits.topk(2).values.diff().abs()), "best": tokenizer.convert_ids_to_tokens(int(logits.argmax()))})
    record["parameters"] = {n: list(p.shape) for n, p in model.named_parameters()}
    record["packages"] = {p: importlib.metadata.version(p) for p in ["torch", "transformers", "tokenizers", "gguf", "numpy"]}
    out.mkdir(parents=True, exist_ok=True)
    safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, out / f"{name}.safetensors")
    (out / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    firsts = [f["rankOfFirst"] for f in record["facts"]]
    print(f"{name}: {len(record['texts'])} texts, {len(firsts)} facts, ranks {firsts}")
    return model


def weights(model, name, out):
    """Checksums of every dequantised parameter: the sum and the sum of squares in double, and the first and last rows."""
    lines = {}
    for key, value in model.named_parameters():
        flat = value.detach().double().flatten()
        lines[key] = {"shape": list(value.shape), "sum": flat.sum().item(), "squares": (flat @ flat).item(),
                      "first": [float(v) for v in flat[:8]], "last": [float(v) for v in flat[-8:]]}
    (out / f"{name}.weights.json").write_text(json.dumps(lines, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--models", type=Path, default=ROOT / "models/real")
    parser.add_argument("--lama", type=Path, default=ROOT.parent / "shared/lama")
    options = parser.parse_args()
    torch.set_num_threads(2)
    for name, file in MODELS.items():
        path = options.models / file
        if not path.exists():
            sys.exit(f"{path} is not there: run make real")
        weights(write(name, path, options.out, options.lama), name, options.out)


if __name__ == "__main__":
    main()
