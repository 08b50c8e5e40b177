#!/usr/bin/env python3
"""Measures what the zoo knows: prompts tuned directly, manual templates, random vectors, and prompts carried between models.

    python3 probe.py                                   # every model and every pair; about ten minutes
    python3 probe.py --models bert-tiny --relations capital sport --no-transfer
"""
import argparse
import json
import pathlib
import time

import torch
import transformers

import build_atlas
from pretrain import HEADS, MARKS, NAMES, ZOO

VECTORS = 5
RIDGE = 0.1


class Probe:
    def __init__(self, folder, words):
        self.name = folder.name
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.family = transformers.AutoConfig.from_pretrained(folder).model_type
        self.causal = self.family == "gpt2"
        kind = transformers.AutoModelForCausalLM if self.causal else transformers.AutoModelForMaskedLM
        self.model = kind.from_pretrained(folder, dtype=torch.float32).eval()
        self.model.requires_grad_(False)
        self.body = self.model.base_model
        self.head = getattr(self.model, HEADS[self.family])
        self.table = self.model.get_input_embeddings().weight
        self.single = self.single_words()
        self.words = words
        self.candidates = torch.tensor([self.single[word] for word in words])

    def single_words(self):
        """Word -> token, for every word that is exactly one token after a space."""
        tokenizer, found = self.tokenizer, {}
        for token in tokenizer.get_vocab():
            word = token.lstrip(MARKS[self.family])
            if word.isalpha() and word.isascii():
                ids = tokenizer.encode(" " + word, add_special_tokens=False)
                if len(ids) == 1 and ids[0] != tokenizer.unk_token_id:
                    found[word] = ids[0]
        return found

    def pieces(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def inputs(self, pairs, template):
        """Ids (padded), the place to read, and the place of the first vector, of filled templates.

        The place to read is the mask, or the last token before the object of a causal model.
        """
        tokenizer = self.tokenizer
        before, after = template.split("[Y]")
        blank = 0 if self.causal else tokenizer.pad_token_id
        first = [] if self.causal else [tokenizer.cls_token_id]
        last = [] if self.causal else [tokenizer.mask_token_id, *self.pieces(after), tokenizer.sep_token_id]
        rows, places, starts = [], [], []
        for subject, _ in pairs:
            if before == "[X] [V]":
                ids = self.pieces(subject)
                starts.append(len(first) + len(ids))
                ids += [blank] * VECTORS
            else:
                ids = self.pieces(before.replace("[X]", subject).rstrip())
                starts.append(0)
            places.append(len(first) + len(ids) - self.causal)
            rows.append(first + ids + last)
        length = max(map(len, rows))
        ids = torch.tensor([row + [blank] * (length - len(row)) for row in rows])
        seen = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
        return ids, seen, torch.tensor(places), torch.tensor(starts)

    def logits(self, batch, vectors=None):
        ids, seen, places, starts = batch
        embeddings = self.table[ids]
        if vectors is not None:
            rows = torch.arange(len(ids))[:, None].expand(-1, len(vectors))
            columns = starts[:, None] + torch.arange(len(vectors))
            embeddings = embeddings.index_put((rows, columns), vectors.expand(len(ids), -1, -1))
        hidden = self.body(inputs_embeds=embeddings, attention_mask=seen)[0]
        return self.head(hidden[torch.arange(len(ids)), places])

    @torch.no_grad()
    def correct(self, pairs, template, vectors=None):
        best = self.logits(self.inputs(pairs, template), vectors)[:, self.candidates].argmax(-1)
        return sum(self.words[place] == obj for place, (_, obj) in zip(best.tolist(), pairs))

    def random(self, generator):
        return torch.randn(VECTORS, self.table.shape[1], generator=generator) * self.table.std() + self.table.mean()

    def tune(self, splits, seed=0, epochs=10, size=16, rate=3e-3):
        generator = torch.Generator().manual_seed(seed)
        vectors = self.random(generator).requires_grad_()
        optimizer = torch.optim.AdamW([vectors], lr=rate, weight_decay=0.0)
        train = splits["train"]
        total = epochs * -(-len(train) // size)
        best, kept, step = -1, None, 0
        for _ in range(epochs):
            order = torch.randperm(len(train), generator=generator).tolist()
            for start in range(0, len(train), size):
                part = [train[place] for place in order[start:start + size]]
                factor = min((step + 1) / (0.1 * total), (total - step) / (0.9 * total))
                optimizer.param_groups[0]["lr"] = rate * factor
                answers = torch.tensor([self.single[obj] for _, obj in part])
                loss = torch.nn.functional.cross_entropy(
                    self.logits(self.inputs(part, "[X] [V][Y] ."), vectors), answers)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                step += 1
            right = self.correct(splits["dev"], "[X] [V][Y] .", vectors.detach())
            if right > best:
                best, kept = right, vectors.detach().clone()
        return kept


def carry(source, target, vectors, ridge=RIDGE):
    """The least-squares direction with the same cosines to the shared words, at the same length relative to words."""
    shared = sorted(source.single.keys() & target.single.keys())
    ours = source.table[[source.single[word] for word in shared]]
    theirs = target.table[[target.single[word] for word in shared]]
    unit = torch.nn.functional.normalize
    code = unit(vectors) @ unit(ours).T
    anchors = unit(theirs)
    square = anchors.T @ anchors
    level = ridge * square.diagonal().mean() * torch.eye(len(square))
    found = unit(torch.linalg.solve(square + level, anchors.T @ code.T).T)
    return found * (vectors.norm(dim=1) / ours.norm(dim=1).mean() * theirs.norm(dim=1).mean())[:, None]


def show(name, right, sizes):
    micro = sum(right.values()) / sum(sizes.values())
    macro = sum(right[key] / sizes[key] for key in right) / len(right)
    print(f"{name:42} P@1 micro {100 * micro:5.1f}  macro {100 * macro:5.1f}", flush=True)
    return {"micro": micro, "macro": macro, "relations": {key: right[key] / sizes[key] for key in right}}


def claims(result, probes, shared):
    """What the zoo promises; a list of what does not hold."""
    broken = []
    for probe in probes:
        direct, manual, random = (result[f"{probe.name} {label}"]
                                  for label in ("direct tuning", "manual template", "random vectors"))
        for kind in ("micro", "macro"):
            if direct[kind] < 0.6:
                broken.append(f"{probe.name}: direct tuning reaches {direct[kind]:.3f} {kind}")
            if manual[kind] < 2 * random[kind]:
                broken.append(f"{probe.name}: the manual template is close to random vectors ({kind})")
            if manual[kind] > direct[kind] - 0.1:
                broken.append(f"{probe.name}: the manual template is close to direct tuning ({kind})")
    for (first, second), count in shared.items():
        if count < 5 * max(first.table.shape[1], second.table.shape[1]):
            broken.append(f"{first.name} and {second.name} share {count} words only")
    return broken


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--models", nargs="+", default=NAMES)
    options.add_argument("--relations", nargs="+")
    options.add_argument("--atlas", type=pathlib.Path, default=build_atlas.ATLAS)
    options.add_argument("--zoo", type=pathlib.Path, default=ZOO)
    options.add_argument("--no-transfer", action="store_true")
    options.add_argument("--json", type=pathlib.Path, help="write the numbers here too")
    options = options.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    transformers.logging.set_verbosity_error()

    facts, templates = build_atlas.load(options.atlas)
    facts = {key: splits for key, splits in facts.items() if not options.relations or key in options.relations}
    sizes = {key: len(splits["test"]) for key, splits in facts.items()}
    words = (options.atlas / "common_words.txt").read_text().split()
    probes = [Probe(options.zoo / name, words) for name in options.models]
    result, prompts = {}, {}

    shared = {(first, second): len(first.single.keys() & second.single.keys())
              for first in probes for second in probes if first.name < second.name}
    for (first, second), count in shared.items():
        print(f"{first.name} and {second.name}: {count} shared words, {len(words)} of them candidates")
    for probe in probes:
        start = time.time()
        generator = torch.Generator().manual_seed(1)
        prompts[probe.name] = {key: probe.tune(splits) for key, splits in facts.items()}
        tested = {key: splits["test"] for key, splits in facts.items()}
        for label, right in [
                ("direct tuning", {key: probe.correct(pairs, "[X] [V][Y] .", prompts[probe.name][key])
                                   for key, pairs in tested.items()}),
                ("manual template", {key: probe.correct(pairs, templates[key]) for key, pairs in tested.items()}),
                ("random vectors", {key: probe.correct(pairs, "[X] [V][Y] .", probe.random(generator))
                                    for key, pairs in tested.items()})]:
            result[f"{probe.name} {label}"] = show(f"{probe.name} {label}", right, sizes)
        print(f"{probe.name}: {time.time() - start:.0f} s; size of word vectors {probe.table.std():.3f}")
    if not options.no_transfer:
        for source in probes:
            for target in probes:
                right = {key: target.correct(splits["test"], "[X] [V][Y] .",
                                             carry(source, target, prompts[source.name][key]))
                         for key, splits in facts.items()}
                label = f"{source.name} to {target.name}"
                result[label] = show(label, right, sizes)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    broken = claims(result, probes, shared)
    print("\n".join(broken) or "every claim holds")
    raise SystemExit(bool(broken))


if __name__ == "__main__":
    main()
