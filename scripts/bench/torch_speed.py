"""The benchmark's work in PyTorch, on the same checkpoint and facts. Prints one JSON object.

  torch_speed.py tune|evaluate MODEL FACTS.jsonl WORDS.txt [--style best|reference] [--precision f32|bf16] [--threads 2] [--limit 250]
  torch_speed.py search [--threads 2] [--steps 2000]

`reference` works as published research code does: every weight gets a gradient, logits at every position, batches padded
in the order of the file. `best` is what a careful user writes: frozen weights, a gradient of the prompt only, the head at
the place of the answer only (of a causal model, where it evaluates, over the candidates only), facts sorted by length, inference mode. MODEL
is a checkpoint of a masked language model, or a GGUF of a causal one. In `bf16` weights and activations are BFloat16, the prompt and
the loss Float32. With `--device cuda` all of it stands on the GPU, several steps at a time are not waited for, and `--compile` has
the model compiled. `search` is Adam on five vectors of width 768 against 17,230 anchors.
"""
import argparse
import json
import time
from pathlib import Path

import torch
import transformers

VECTORS = 5
PRECISIONS = {"f32": torch.float32, "bf16": torch.bfloat16}


class Work:
    """A model with facts made ready: ids with -1 where a vector stands, the mask's position, the answer's token."""

    def __init__(self, options):
        self.best = options.style == "best"
        self.causal = options.model.endswith(".gguf")
        kind = transformers.AutoModelForCausalLM if self.causal else transformers.AutoModelForMaskedLM
        path = Path(options.model)
        source = {"gguf_file": path.name} if self.causal else {}
        folder = path.parent if self.causal else path
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **source)
        self.model = kind.from_pretrained(folder, dtype=torch.float32, **source).eval().to(PRECISIONS[options.precision])
        table = self.model.get_input_embeddings()
        scale = getattr(table, "embed_scale", None)  # Gemma's
        self.device = options.device
        self.batch = options.batch
        self.model.to(self.device)
        if options.compile:
            self.model.base_model.forward = torch.compile(self.model.base_model.forward, dynamic=True)
        self.words = table.weight if scale is None else table.weight.detach() * scale
        words = [line.strip() for line in open(options.words)]
        self.candidates = {}
        for word in words:
            ids = self.encode(" " + word)
            if len(ids) == 1 and ids[0] != self.tokenizer.unk_token_id and ids[0] not in self.candidates.values():
                self.candidates[word] = ids[0]
        self.facts, seen = [], set()
        before, after = self.around()
        for line in open(options.facts):
            fact = json.loads(line)
            key = (fact["sub_label"], fact["obj_label"])
            if key in seen or fact["obj_label"] not in self.candidates:
                continue
            seen.add(key)
            ids = before + self.encode(fact["sub_label"]) + [-1] * VECTORS
            self.facts.append((ids + after, len(ids) - self.causal, self.candidates[fact["obj_label"]]))
        # Again from the first where there are fewer, on a GPU, which wants more than there are.
        if options.device == "cuda":
            self.facts = (self.facts * (options.limit // len(self.facts) + 1))
        self.facts = self.facts[: options.limit]

    def around(self):
        """What stands before the subject and after the vectors: a causal model answers at the last of these."""
        if self.causal:
            return self.tokenizer("")["input_ids"], []
        dot = self.encode(" .") if "roberta" in self.model.config.model_type else self.encode(".")
        return [self.tokenizer.cls_token_id], [self.tokenizer.mask_token_id] + dot + [self.tokenizer.sep_token_id]

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def batches(self, size):
        facts = sorted(self.facts, key=lambda fact: len(fact[0])) if self.best else self.facts
        return [facts[start : start + size] for start in range(0, len(facts), size)]

    def hidden(self, batch, prompt):
        length = max(len(ids) for ids, _, _ in batch)
        ids = torch.full((len(batch), length), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros(len(batch), length, dtype=torch.long)
        for row, (own, _, _) in enumerate(batch):
            ids[row, : len(own)] = torch.tensor(own)
            mask[row, : len(own)] = 1
        ids, mask = ids.to(self.device), mask.to(self.device)
        places = ids == -1
        embedded = self.words[ids.clamp(min=0)]
        index = (torch.cumsum(places, 1) - 1).clamp(0, VECTORS - 1)
        embedded = torch.where(places[..., None], prompt[index].to(embedded.dtype), embedded)
        options = {"use_cache": False} if self.causal else {}
        if self.best:
            body = self.model.base_model(inputs_embeds=embedded, attention_mask=mask, **options).last_hidden_state
            return body[torch.arange(len(batch)), torch.tensor([place for _, place, _ in batch])]
        logits = self.model(inputs_embeds=embedded, attention_mask=mask, **options).logits
        return logits[torch.arange(len(batch)), torch.tensor([place for _, place, _ in batch])]

    def logits(self, batch, prompt):
        found = self.hidden(batch, prompt)
        return self.head(found) if self.best else found

    def head(self, rows):
        return self.model.cls(rows) if hasattr(self.model, "cls") else self.model.lm_head(rows)

    def evaluate(self):
        prompt = torch.randn(VECTORS, self.words.shape[1], device=self.device) * 0.04
        ids = torch.tensor(list(self.candidates.values()), device=self.device)
        answering = self.model.get_output_embeddings().weight[ids].detach() if self.causal else None

        def once():
            right = 0
            with torch.inference_mode():
                for batch in self.batches(self.batch or (64 if self.best else 8)):
                    if self.best and self.causal:
                        logits = self.hidden(batch, prompt) @ answering.T
                    elif self.best:
                        logits = self.logits(batch, prompt)[:, ids]
                    else:
                        logits = torch.log_softmax(self.logits(batch, prompt), -1)[:, ids]
                    answers = torch.tensor([answer for _, _, answer in batch], device=self.device)
                    right += (ids[logits.argmax(1)] == answers).sum().item()
            return right

        once()
        start = time.perf_counter()
        once()
        return time.perf_counter() - start

    def wait(self):
        if self.device == "cuda":
            torch.cuda.synchronize()

    def tune(self):
        for parameter in self.model.parameters():
            parameter.requires_grad_(not self.best)
        prompt = (torch.randn(VECTORS, self.words.shape[1], device=self.device) * 0.04).requires_grad_(True)
        optimizer = torch.optim.Adam([prompt], lr=3e-3)

        def step(batch):
            answers = torch.tensor([answer for _, _, answer in batch], device=self.device)
            torch.nn.functional.cross_entropy(self.logits(batch, prompt).float(), answers).backward()
            optimizer.step()
            optimizer.zero_grad()
            self.model.zero_grad()

        batches = self.batches(self.batch or 16)
        for batch in batches if self.device == "cuda" else batches[:1]:
            step(batch)
        self.wait()
        start = time.perf_counter()
        for batch in batches:
            step(batch)
        self.wait()
        return time.perf_counter() - start


def search(steps):
    """The published search: the candidate is brought to the target's moments inside every step."""
    torch.manual_seed(0)
    anchors = torch.nn.functional.normalize(torch.randn(17230, 768) * 0.05 + 0.02)
    wanted = torch.randn(VECTORS, 17230)
    kept = torch.zeros_like(wanted).scatter_(1, wanted.topk(8192).indices, 1.0)
    wanted = wanted * kept
    candidate = torch.nn.init.xavier_normal_(torch.empty(VECTORS, 768)).requires_grad_(True)
    optimizer = torch.optim.Adam([candidate], lr=5e-3)
    for step in range(steps + 5):
        if step == 5:
            start = time.perf_counter()
        scaled = (candidate - candidate.mean()) / candidate.std() * 0.05
        similarities = torch.nn.functional.normalize(scaled) @ anchors.T * kept
        loss = (1 - torch.nn.functional.cosine_similarity(similarities, wanted)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", choices=["tune", "evaluate", "search"])
    parser.add_argument("model", nargs="?")
    parser.add_argument("facts", nargs="?")
    parser.add_argument("words", nargs="?")
    parser.add_argument("--style", choices=["best", "reference"], default="best")
    parser.add_argument("--precision", choices=PRECISIONS, default="f32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=250)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, help="facts a step (16, evaluating 64)")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = {"work": options.work, "style": options.style, "threads": options.threads}
    if options.work == "search":
        result["seconds"] = search(options.steps)
    else:
        work = Work(options)
        result["seconds"] = work.tune() if options.work == "tune" else work.evaluate()
        result["facts"] = len(work.facts)
        result["tokens"] = sum(len(ids) for ids, _, _ in work.facts)
        result["device"] = options.device
        result["tokensPerSecond"] = result["tokens"] / result["seconds"]
        result["perSecond"] = len(work.facts) / result["seconds"]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
