"""An optional check at real size: `promptferry evaluate` against transformers, fact by fact. Commits nothing.

  promptferry evaluate --model DIR --template "[X] was born in [Y] ." --facts FACTS.jsonl --vocabulary WORDS.txt --predictions OUT.jsonl
  python scripts/goldens/real_scale.py DIR --template "[X] was born in [Y] ." --facts FACTS.jsonl --words WORDS.txt --predictions OUT.jsonl

`--prompt FILE` instead of `--template`: a safetensors file with `vectors` (P, C) and the metadata `template`.
A fact agrees when rank and prediction are equal and the log-probability of the object is within --tolerance. Another rank
or prediction is a near-tie, reported but no failure, when logits less than 1e-4 apart explain it. Exit status 1 on
anything else, or when the two sides hold different facts.
"""
import argparse, json, re, sys

import common  # first: see there
import torch, transformers
from safetensors import safe_open

NEAR_TIE = 1e-4
SLOT = re.compile(r"\[V\](?:\*(\d+))?|\[V\d+\]|\[Y\]")


def template_pieces(template):
    """The template from left to right: text (still with [X]), a number of vectors, or None for the mask.

    White space goes next to vectors, on both sides, and before the mask; after the mask it stays (" ." is "Ġ.").
    """
    if template.count("[Y]") != 1: sys.exit(f"template {template!r}: [Y] must occur once")
    pieces, end, left = [], 0, None
    for slot in [*SLOT.finditer(template), None]:
        text = template[end:slot.start() if slot else None]
        if slot: text = text.rstrip()
        if left == "vector": text = text.lstrip()
        if text: pieces.append(text)
        if slot is None: break
        left, end = "mask" if slot[0] == "[Y]" else "vector", slot.end()
        pieces.append(None if left == "mask" else int(slot[1] or 1))
    return pieces


def token_ids(tokenizer, pieces, subject):
    """The ids of one fact, -1 for a vector."""
    ids = [tokenizer.cls_token_id]
    for piece in pieces:
        if piece is None: ids.append(tokenizer.mask_token_id)
        elif isinstance(piece, int): ids += [-1] * piece
        else: ids += tokenizer.convert_tokens_to_ids(tokenizer.tokenize(piece.replace("[X]", subject)))
    return ids + [tokenizer.sep_token_id]


def candidates(tokenizer, file):
    """Word -> token id, in file order, for words that are one token after a space."""
    found = {}
    for line in open(file, encoding="utf-8"):
        word = line.strip()
        tokens = tokenizer.tokenize(" " + word) if word else []
        if len(tokens) == 1 and tokens[0] != tokenizer.unk_token:
            found[word] = tokenizer.convert_tokens_to_ids(tokens[0])
    return found


def logits_at_mask(model, ids, mask_id, vectors):
    x = model.get_input_embeddings().weight[torch.tensor(ids).clamp(min=0)]      # (T, C)
    x[torch.tensor(ids) < 0] = vectors
    return model(inputs_embeds=x[None]).logits[0, ids.index(mask_id)]            # (V)


def explain(ours, scores, words, right):
    """Why our line differs from these scores of the candidates: "", "near-tie …", or "disagrees …"."""
    rank, best = 1 + int((scores > scores[right]).sum()), int(scores.argmax())
    reasons, tie = [], True
    if ours["rank"] != rank:
        apart = (scores - scores[right]).sort(descending=True).values[[rank - 1, ours["rank"] - 1]].abs().max() \
            if 1 <= ours["rank"] <= len(words) else torch.tensor(float("inf"))
        reasons.append(f"rank {ours['rank']}, here {rank} (logits {apart:.1e} apart)"); tie &= bool(apart < NEAR_TIE)
    if ours["prediction"] != words[best]:
        known = ours["prediction"] in words
        apart = scores[best] - scores[words.index(ours["prediction"])] if known else torch.tensor(float("inf"))
        reasons.append(f"prediction {ours['prediction']!r}, here {words[best]!r} (logits {apart:.1e} apart)")
        tie &= bool(apart < NEAR_TIE)
    return ("near-tie: " if tie else "disagrees: ") + "; ".join(reasons) if reasons else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--template"); what.add_argument("--prompt")
    for name in ["--facts", "--words", "--predictions"]: parser.add_argument(name, required=True)
    parser.add_argument("--tolerance", type=float, default=1e-3, help="of log-probabilities (default 1e-3)")
    parser.add_argument("--threads", type=int, default=1)
    a = parser.parse_args()

    torch.set_num_threads(a.threads)
    tokenizer = transformers.AutoTokenizer.from_pretrained(a.model)
    model, info = transformers.AutoModelForMaskedLM.from_pretrained(
        a.model, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    if info["missing_keys"]: sys.exit(f"{a.model}: tensors missing: {sorted(info['missing_keys'])}")
    model.eval()
    template, vectors = a.template, torch.zeros(0, model.config.hidden_size)
    if a.prompt:
        with safe_open(a.prompt, "pt") as file:
            template, vectors = file.metadata()["template"], file.get_tensor("vectors").float()
    pieces = template_pieces(template)
    slots = sum(p for p in pieces if isinstance(p, int))
    if slots != len(vectors): sys.exit(f"template {template!r} has {slots} vectors, {len(vectors)} are given")

    candidate = candidates(tokenizer, a.words)
    spelling = {}  # token id -> the first word that is it: an uncased model has one token for several words
    for word, token in candidate.items(): spelling.setdefault(token, word)
    words, columns = list(spelling.values()), torch.tensor(list(spelling))
    row = {token: i for i, token in enumerate(spelling)}
    ours = {}
    for line in open(a.predictions, encoding="utf-8"):
        record = json.loads(line)
        if (record["subject"], record["object"]) in ours: sys.exit(f"{a.predictions}: twice: {line.strip()}")
        ours[record["subject"], record["object"]] = record

    seen, agree, ties, wrong, worst, correct = set(), 0, 0, 0, 0.0, 0
    with torch.inference_mode():
        for line in open(a.facts, encoding="utf-8"):
            fact = json.loads(line)
            key = fact["sub_label"], fact["obj_label"]
            if key in seen or key[1] not in candidate: continue
            seen.add(key)
            if key not in ours:
                wrong += 1; print(f"{key}: no line in {a.predictions}"); continue
            ids = token_ids(tokenizer, pieces, key[0])
            scores = logits_at_mask(model, ids, tokenizer.mask_token_id, vectors)[columns]
            right = row[candidate[key[1]]]
            correct += int(scores.argmax()) == right
            apart = abs(float(scores.log_softmax(0)[right]) - ours[key]["logProbability"])
            worst = max(worst, apart)
            verdict = explain(ours[key], scores, words, right)
            if not apart <= a.tolerance: verdict = f"disagrees: log-probability {apart:.1e} off; {verdict}".rstrip("; ")
            if verdict: print(f"{key}: {verdict}")
            if verdict.startswith("disagrees"): wrong += 1
            elif verdict: ties += 1
            else: agree += 1
    strangers = sorted(set(ours) - seen)
    for key in strangers: print(f"{key}: only in {a.predictions}")
    wrong += len(strangers)
    print(f"{len(seen)} facts, {len(words)} candidates, {correct} right here: {agree} agree, {ties} near-ties, {wrong} disagree; "
          f"worst difference of log-probability {worst:.2e}")
    if wrong or not seen: sys.exit(1)


if __name__ == "__main__":
    main()
