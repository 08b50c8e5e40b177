"""The recipe of the paper in torch and transformers, written apart from promptferry, and promptferry's own against it.

  python scripts/checks/reference_recipe.py --binary .build/release/promptferry --json recipe.json
  python scripts/checks/reference_recipe.py --binary .build/release/promptferry --compare [--same-start]

Source prompts are tuned by the binary, once for each source model and relation (kept in --work). From there on this is an
implementation of its own: all shared one-token words are anchors, the 8,192 most similar ones count, Xavier-normal start,
Adam at 5e-3 for 2,000 steps on the mean over rows of 1 - cos, the candidate brought to the moments of the target's table
inside every step. Every 50 steps make a snapshot. "dev" is the snapshot with the most right answers on the target's dev
facts, the first of equals; "last" is the last one, for which no label was used. What is reported is the macro P@1 on test
facts, among the words that all the zoo shares. A seed changes the start, and nothing else: it is one start for all relations.

--compare lets the binary carry the same prompts, with --select dev where it knows that, else without selection. It prints
both sides' mean and standard error over seeds; they agree when the means are no further apart than one standard error of
their difference. The starts are drawn independently, so two right implementations pass on a pair two times in three only;
--same-start takes promptferry's own start instead, which leaves the implementations to differ, and rounding: from about
step 400 on Adam blows up the last bit of a float32 here and there, so that the last steps are no more alike than two
float32 runs of different order. So these are asked exactly, whatever the starts: the anchors' number; vectors after 200
steps from one start (to 1e-4 of their length); what either evaluation counts right of promptferry's vectors. Exit status 1
when anything is outside.

Left out are habits of the published code that are not the recipe: ten prompt rows of which some are untrained, a cap of
8,192 anchors, the mask of two sources taken from the second, dropout while tuning, prompt rows as extra classes of the
softmax, words of the input tokenised one by one, and macro and micro swapped. Packages: scripts/goldens/requirements.txt.
"""
import argparse, json, sys, time
from pathlib import Path

import torch, transformers
from safetensors import safe_open
from torch.nn.functional import normalize

from promptferry_side import Binary, compare, promptferry_start, summary

SHARE = Path(__file__).resolve().parents[2] / "share/promptferry"
WORDS = SHARE / "atlas/common_words.txt"
PAIRS = ["bert-small:roberta-small", "roberta-small:bert-small", "bert-small:bert-tiny", "albert-small:bert-small"]
RELATIONS = ["capital", "continent", "currency", "city", "symbol", "occupation", "birthplace", "instrument", "animal",
             "opposite"]  # the demo's
VECTORS, TEMPLATE = 5, "[X] [V]*5 [Y] ."
TOP, STEPS, SNAPSHOTS, LEARNING_RATE = 8192, 2000, 40, 5e-3
FIRST_STEPS = 200  # followed vector by vector
HEADS = {"bert": "cls", "roberta": "lm_head", "albert": "predictions", "gpt2": "lm_head"}


class Model:
    """A frozen model with its tokenizer: its word table (V, C) and its answers."""

    def __init__(self, name, words):
        self.name, self.folder = name, SHARE / "zoo" / name
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder)
        family = transformers.AutoConfig.from_pretrained(self.folder).model_type
        self.causal = family == "gpt2"
        kind = transformers.AutoModelForCausalLM if self.causal else transformers.AutoModelForMaskedLM
        model = kind.from_pretrained(self.folder, dtype=torch.float32).eval().requires_grad_(False)
        self.body, self.head = model.base_model, getattr(model, HEADS[family])
        self.table = model.get_input_embeddings().weight
        self.tokens = self.single_tokens()
        self.words = [word for word in words if word in self.tokens]
        self.candidates = torch.tensor([self.tokens[word] for word in self.words])

    def single_tokens(self):
        """Word -> id, for every word that is exactly one token, not the unknown one, where it follows a space."""
        known = [(self.tokenizer.decode([id]).strip(), id) for id in self.tokenizer.get_vocab().values()
                 if id not in self.tokenizer.all_special_ids]
        known = [(word, id) for word, id in known if word and not any(map(str.isspace, word))]
        spelled = self.tokenizer([" " + word for word, _ in known], add_special_tokens=False)["input_ids"]
        return {word: id for (word, id), ids in zip(known, spelled) if ids == [id]}

    def pieces(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def questions(self, facts):
        """Facts in the template: ids (F, T) with -1 for vectors, what is no padding, where to read, the right candidates."""
        t, rows, places, labels = self.tokenizer, [], [], []
        for subject, answer in facts:
            if answer not in self.words: continue
            row = ([] if self.causal else [t.cls_token_id]) + self.pieces(subject) + [-1] * VECTORS
            places.append(len(row) - self.causal)  # the mask, or the last vector of a causal model
            rows.append(row + ([] if self.causal else [t.mask_token_id, *self.pieces(" ."), t.sep_token_id]))
            labels.append(self.words.index(answer))
        length, blank = max(map(len, rows)), t.pad_token_id or 0
        ids = torch.tensor([row + [blank] * (length - len(row)) for row in rows])
        seen = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
        return ids, seen, torch.tensor(places), torch.tensor(labels)

    @torch.no_grad()
    def correct(self, questions, vectors):
        """How many are right, for each of many prompts (M, P, C)."""
        ids, seen, places, labels = questions
        embedded, right = self.table[ids.clamp(min=0)], []                      # (F, T, C)
        for part in vectors.split(max(1, 1024 // len(ids))):
            m = len(part)
            x = embedded.repeat(m, 1, 1, 1)                                     # (M, F, T, C)
            x[:, ids < 0] = part.repeat(1, len(ids), 1)
            hidden = self.body(inputs_embeds=x.flatten(0, 1), attention_mask=seen.repeat(m, 1))[0]
            logits = self.head(hidden[torch.arange(len(hidden)), places.repeat(m)])[:, self.candidates]
            right.append((logits.argmax(-1).view(m, -1) == labels).sum(1))
        return torch.cat(right)                                                 # (M)


def read_prompt(file):
    with safe_open(file, "pt") as f:
        if f.metadata()["template"] != TEMPLATE: sys.exit(f"{file}: the template is not {TEMPLATE!r}")
        return f.get_tensor("vectors")                                          # (P, C)


def read_facts(relation, split):
    lines = (SHARE / f"atlas/data/{relation}/{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(fact["sub_label"], fact["obj_label"]) for fact in map(json.loads, lines)]


def xavier_start(seed, rows, columns):
    start = torch.empty(rows, columns)
    return torch.nn.init.xavier_normal_(start, generator=torch.Generator().manual_seed(seed))


def gradient_search(source, target, prompts, starts, steps=STEPS):
    """All relations' prompts (N, P, Cs) from all starts (S, P, Ct) at once: they do not touch each other.

    Returns the snapshots (one every 50 steps, S, N, P, Ct), the objectives of the last one (S, N) and the number of anchors.
    """
    shared = sorted(source.tokens.keys() & target.tokens.keys(), key=str.encode)
    theirs, ours = (normalize(m.table[[m.tokens[word] for word in shared]], dim=1) for m in (source, target))
    code = normalize(prompts, dim=-1) @ theirs.T                                # (N, P, K)
    if len(shared) > TOP:
        mask = torch.zeros_like(code).scatter(-1, code.topk(TOP).indices, 1.0)
    else:
        mask = torch.tensor(1.0)
    mean, deviation = target.table.mean(), target.table.std(correction=0)

    def moments(v):
        return (v - v.mean((-2, -1), keepdim=True)) / v.std((-2, -1), keepdim=True) * deviation + mean

    def objective(v):
        found = normalize(v, dim=-1) @ ours.T                                   # (S, N, P, K)
        return torch.cosine_similarity(found * mask, code * mask, dim=-1).mean(-1)

    v = starts[:, None].repeat(1, len(prompts), 1, 1).requires_grad_()
    optimizer, snapshots = torch.optim.Adam([v], lr=LEARNING_RATE), []
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        (1 - objective(moments(v))).sum().backward()
        optimizer.step()
        if step % (STEPS // SNAPSHOTS) == 0: snapshots.append(moments(v).detach())
    return torch.stack(snapshots), objective(snapshots[-1]), len(shared)


def recipe(source, target, prompts, tests, starts, relations):
    """Both selections of one pair, macro P@1 by seed."""
    snapshots, objectives, anchor_count = gradient_search(source, target, prompts, starts)
    accuracy, chosen = {"dev": [], "last": []}, []
    for n, (relation, test) in enumerate(zip(relations, tests)):
        mine = snapshots[:, :, n]                                               # (SNAPSHOTS, S, P, Ct)
        dev = target.correct(target.questions(read_facts(relation, "dev")), mine.flatten(0, 1)).view(mine.shape[:2])
        best = torch.tensor([row.index(max(row)) for row in dev.T.tolist()])    # (S), the first of equals
        kept = torch.cat([mine[best, torch.arange(len(best))], mine[-1]])
        share = (target.correct(test, kept).double() / len(test[-1])).view(2, -1)
        accuracy["dev"].append(share[0]); accuracy["last"].append(share[1])
        chosen.append(((best + 1) * (STEPS // SNAPSHOTS)).tolist())
    result = {"source": source.name, "target": target.name, "anchorCount": anchor_count,
              "objective": objectives.double().mean(1).tolist(), "chosenSteps": dict(zip(relations, chosen))}
    return result | {select: summary(torch.stack(rows), relations) for select, rows in accuracy.items()}


def apart_at_first(binary, source, target, prompts, relations):
    """How far the two searches are from each other after a few steps from promptferry's start, at the worst vector."""
    start = promptferry_start(0, VECTORS, target.table.shape[1])
    mine = gradient_search(source, target, prompts, start[None], FIRST_STEPS)[0][-1, 0]     # (N, P, Ct)
    files = binary.begun(source.name, target.name, relations, FIRST_STEPS)
    theirs = torch.stack([read_prompt(file) for file in files])
    return ((theirs - mine).norm(dim=-1) / mine.norm(dim=-1)).max().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="promptferry, for tuning and to compare with")
    parser.add_argument("--compare", action="store_true", help="let the binary carry the prompts too")
    parser.add_argument("--select", choices=["dev", "last"], help="what to compare (default: dev where the binary knows it)")
    parser.add_argument("--same-start", action="store_true", help="promptferry's starts instead of torch's")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="SOURCE:TARGET")
    parser.add_argument("--relations", nargs="+", default=RELATIONS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path(".build/reference-recipe"), help="where prompts are kept")
    parser.add_argument("--json", type=Path, help="write everything here")
    a = parser.parse_args()
    if a.seeds < 2: parser.error("a standard error wants at least 2 seeds")

    torch.set_num_threads(a.threads)
    transformers.logging.set_verbosity_error()
    binary = Binary(a.binary, a.work, SHARE, WORDS, a.threads)
    select = a.select or ("dev" if binary.knows_selection else "last")
    pairs = [pair.split(":") for pair in a.pairs]
    words = WORDS.read_text(encoding="utf-8").split()
    models = {name: Model(name, words) for name in dict.fromkeys(sum(pairs, []))}
    draw = promptferry_start if a.same_start else xavier_start
    results = []
    for source, target in (map(models.get, pair) for pair in pairs):
        files = binary.tuned(source.name, a.relations)
        prompts = torch.stack([read_prompt(file) for file in files])
        tests = [target.questions(read_facts(relation, "test")) for relation in a.relations]
        started = time.time()
        starts = torch.stack([draw(seed, VECTORS, target.table.shape[1]) for seed in range(a.seeds)])
        result = recipe(source, target, prompts, tests, starts, a.relations)
        result["seconds"] = time.time() - started
        print(f"{source.name} -> {target.name}: {result['anchorCount']} anchors, objective {result['objective'][0]:.5f}, "
              + ", ".join(f"{s} {100 * result[s]['mean']:.2f} ± {100 * result[s]['standardError']:.2f}"
                          for s in ["dev", "last"]) + f", {result['seconds']:.0f} s", flush=True)
        if a.compare:
            started = time.time()
            ours = binary.carried(source.name, target.name, a.relations, range(a.seeds), select)
            asked = [target.correct(test, torch.stack([read_prompt(file) for file in row["files"]])).tolist()
                     for test, row in zip(tests, ours["relations"])]
            apart = apart_at_first(binary, source, target, prompts, a.relations)
            result["ours"] = compare(result, ours, asked, apart, select) | {"seconds": time.time() - started}
        results.append(result)
    if a.json:
        settings = {"relations": a.relations, "seeds": a.seeds, "sameStart": a.same_start}
        a.json.write_text(json.dumps({"settings": settings, "pairs": results}, indent=1, sort_keys=True) + "\n")
    if a.compare and not print_table(results, select): sys.exit(1)


def print_table(results, select):
    """Macro P@1 in %, mean ± standard error over seeds; whether all agree."""
    print(f"\n{'macro P@1, %; ' + select:33} {'promptferry':>14} {'this recipe':>14} {'difference':>14}  "
          f"{'first steps':>12}  verdict")
    for r in results:
        ours, theirs = r["ours"], r[select]
        cells = [(ours["mean"], ours["standardError"]), (theirs["mean"], theirs["standardError"]),
                 (ours["difference"], ours["differenceError"])]
        print(f"{r['source'] + ' -> ' + r['target']:33} " + " ".join(f"{100 * m:7.2f} ± {100 * e:4.2f}" for m, e in cells)
              + f"  {ours['apartAtFirst']:12.0e}  {ours['verdict']}")
    return all(r["ours"]["agrees"] for r in results)


if __name__ == "__main__":
    main()
