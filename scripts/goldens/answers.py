"""Goldens of answers of several tokens: small random models asked facts in BEAR's layout, as the package lm-pub-quiz scores them
(`conditional_score`: the answer's tokens of a masked model, from the answer on of a causal one), and by definition where it has none.

  python scripts/goldens/answers.py         Tests/Fixtures/answers/

bert, gpt2, llama   the checkpoints: WordPiece; byte-level BPE; Unigram, grouped heads and rotary positions
facts               R1, R2: metadata_relations.json and a file of facts each; R2 has the answer before the subject
golden.json         MODEL[.MASKING].RELATION: for each fact the object's score, its rank, the best answer, its ranks by other measures;
                    t5 is that of Tests/Fixtures/sentinel, by definition; MODEL.tune: ids and loss of each fact of R1 with a prompt
golden.safetensors  MODEL.prompt (3, C) and MODEL.gradient, of the mean loss
"""
import json, shutil

import common
import numpy as np
import torch, transformers
from lm_pub_quiz import Evaluator
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SYLLABLES = ["ba", "du", "ki", "lo", "me", "rin", "sol", "tan", "vek", "zu"]
WHOLE = ["barin", "sol", "lo", "duki", "lies", "in", "is", "the", "home", "of", "and"]
ANSWERS = ["barin", "barin sol", "barin tanvek", "duki", "dukilo", "kimevek", "lo", "st. melo", "zu-tan", "sol"]
TEMPLATES = {"R1": "[X] lies in [Y] and is home .", "R2": "the home of [Y] is [X] ."}
P = 3
rng = np.random.default_rng(11)


def wordpiece():
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz.-")
    vocabulary += ["##" + letter for letter in "abcdefghijklmnopqrstuvwxyz"] + SYLLABLES + ["##" + s for s in SYLLABLES] + WHOLE
    made = Tokenizer(models.WordPiece({token: i for i, token in enumerate(dict.fromkeys(vocabulary))}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made, dict(mask_token="[MASK]", pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")


def bytelevel():
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    corpus = [" ".join(SYLLABLES + WHOLE + ANSWERS)] * 3 + ["".join(rng.choice(SYLLABLES, 3)) for _ in range(60)]
    trainer = trainers.BpeTrainer(
        vocab_size=310, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<s>"], show_progress=False)
    made.train_from_iterator(corpus, trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return made, dict(bos_token="<s>", eos_token="<s>", pad_token="<s>")


def unigram():
    pieces = [("<unk>", -10.0), ("<s>", 0.0), ("▁", -3.0)] + [(c, -6.0) for c in "abcdefghijklmnopqrstuvwxyz.-"]
    pieces += [("▁" + s, -4.0 - i / 10) for i, s in enumerate(SYLLABLES)] + [(s, -4.5 - i / 10) for i, s in enumerate(SYLLABLES)]
    # "▁st" in one: the package leaves a token out that is nothing but the space before an answer.
    pieces += [("▁" + word, -5.0 - i / 10) for i, word in enumerate(WHOLE + ["st"]) if "▁" + word not in dict(pieces)]
    made = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    made.add_special_tokens(["<unk>", "<s>"])
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return made, dict(bos_token="<s>", unk_token="<unk>", pad_token="<unk>")


CONFIGS = {
    "bert": (wordpiece, dict(
        architectures=["BertForMaskedLM"], model_type="bert", hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=28, max_position_embeddings=40, type_vocab_size=2, hidden_act="gelu")),
    "gpt2": (bytelevel, dict(
        architectures=["GPT2LMHeadModel"], model_type="gpt2", n_embd=20, n_layer=2, n_head=2, n_positions=48,
        bos_token_id=0, eos_token_id=0)),
    "llama": (unigram, dict(
        architectures=["LlamaForCausalLM"], model_type="llama", hidden_size=24, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=30, max_position_embeddings=64, rms_norm_eps=1e-6, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=1)),
}


def checkpoint(folder, name):
    """A model with random weights whose answers differ from fact to fact."""
    make, config = CONFIGS[name]
    made, special = make()
    (folder / name).mkdir(parents=True)
    made.save(str(folder / name / "tokenizer.json"))
    common.write_json(folder / name / "tokenizer_config.json", dict(tokenizer_class="PreTrainedTokenizerFast", **special))
    common.write_json(folder / name / "config.json", dict(config, vocab_size=made.get_vocab_size()))
    kind = transformers.AutoModelForMaskedLM if name == "bert" else transformers.AutoModelForCausalLM
    model = kind.from_config(transformers.AutoConfig.from_pretrained(folder / name))
    weights = {}
    for key, parameter in sorted(model.named_parameters()):
        noise = torch.from_numpy(rng.standard_normal(tuple(parameter.shape)).astype(np.float32))
        isNorm = "norm" in key.lower() or "ln_" in key
        weights[key] = (1 if isNorm and key.endswith("weight") else 0) + (0.1 if key.endswith("bias") else 0.35) * noise
    save_file(weights, folder / name / "model.safetensors", metadata={"format": "pt"})
    return kind.from_pretrained(folder / name, dtype=torch.float32).eval().requires_grad_(False)


def rank(values, label):
    return 1 + sum(v > values[label] or (v == values[label] and i < label) for i, v in enumerate(values))


def record(facts, answers, scores, lengths, nobody):
    """What is expected of one relation: scores[fact][answer]."""
    rows = []
    for fact, own in zip(facts, scores):
        label = answers.index(fact["obj_label"])
        ranks = {
            "mean": rank([s / n for s, n in zip(own, lengths)], label),
            "byte": rank([s / len(a.encode()) for s, a in zip(own, answers)], label)}
        if nobody is not None: ranks["pmi"] = rank([s - n for s, n in zip(own, nobody)], label)
        rows.append(dict(score=own[label], rank=rank(own, label), best=answers[int(np.argmax(own))], ranks=ranks))
    return rows


def quiz(model, folder, name, facts, metric):
    """By lm-pub-quiz."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / name)
    options = dict(pll_metric=metric) if name == "bert" else {}
    evaluator = Evaluator.from_model(
        model, model_type="MLM" if name == "bert" else "CLM", tokenizer=tokenizer, conditional_score=True, capitalize=False, **options)
    records = {}
    for relation, own in facts.items():
        def scores(template, subject):
            each = evaluator.score_answers(template=template, answers=ANSWERS, reduction=None, subject=subject, batch_size=4)
            return [[score for _, score in tokens] for tokens, _ in each]
        found = [scores(TEMPLATES[relation], fact["sub_label"]) for fact in own]
        ofFact = relation == "R2" and name != "bert"  # what follows the answer differs from fact to fact: nobody is not asked
        nobody = None if ofFact else scores(TEMPLATES[relation].replace("[X] ", ""), None)
        sums = [[sum(tokens) for tokens in answers] for answers in found]
        rows = []
        for fact, answers, total in zip(own, found, sums):
            rows += record([fact], ANSWERS, [total], [len(tokens) for tokens in answers], None if nobody is None else [sum(t) for t in nobody])
        records[relation] = rows
    return records


def once(model, folder, facts):
    """All masks at once, by definition."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "bert")
    records = {}
    for relation, own in facts.items():
        def scores(template, subject):
            sums = []
            for answer in ANSWERS:
                ids = tokenizer(answer, add_special_tokens=False)["input_ids"]
                text = template.replace("[X]", subject).replace("[Y]", " ".join(["[MASK]"] * len(ids)))
                batch = tokenizer(text, return_tensors="pt")
                places = (batch["input_ids"][0] == tokenizer.mask_token_id).nonzero().flatten()
                logs = torch.log_softmax(model(**batch).logits[0, places].double(), -1)
                sums.append(float(logs[torch.arange(len(ids)), torch.tensor(ids)].sum()))
            return sums
        lengths = [len(tokenizer(a, add_special_tokens=False)["input_ids"]) for a in ANSWERS]
        nobody = scores(TEMPLATES[relation].replace("[X] ", ""), "")
        records[relation] = record(own, ANSWERS, [scores(TEMPLATES[relation], f["sub_label"]) for f in own], lengths, nobody)
    return records


def sentinel(facts):
    """T5: the answer between the first two sentinels, by definition."""
    folder = common.FIXTURES / "sentinel/t5"
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    first, second = (tokenizer.token_to_id(f"<extra_id_{n}>") for n in (0, 1))
    answers, rows = ["barin", "barinsol", "barin sol", "dutan kivek", "lovek", "merinrin"], []
    asked = [tokenizer.encode(a, add_special_tokens=False).ids for a in answers]
    template = "[X] [Y] ."

    def scores(subject):
        left = tokenizer.encode(subject, add_special_tokens=False).ids if subject else []
        ids = left + [first] + tokenizer.encode(".", add_special_tokens=False).ids + [1]
        sums = []
        for answer in asked:
            target = answer + [second]
            decoder = torch.tensor([[0, first] + answer])
            logits = model(input_ids=torch.tensor([ids]), decoder_input_ids=decoder).logits[0, 1:].double()
            logs = torch.log_softmax(logits, -1)
            sums.append(float(logs[torch.arange(len(target)), torch.tensor(target)].sum()))
        return sums
    own = [dict(sub_label=s, obj_label=a) for s, a in zip(["basol", "kitan merin", "duvek", "lorin", "mesol basol"], answers[1:])]
    with torch.no_grad(): found = [scores(f["sub_label"]) for f in own]
    return own, answers, template, record(own, answers, found, [len(a) + 1 for a in asked], scores("")), model, tokenizer


def tune_decoder(model, tokenizer, facts):
    """The same for T5: the answer's tokens after the sentinel in the decoder."""
    ids = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    table = model.get_input_embeddings().weight.detach()
    prompt = torch.from_numpy((0.5 * rng.standard_normal((P, table.shape[1]))).astype(np.float32)).requires_grad_(True)
    end = [tokenizer.token_to_id("<extra_id_0>")] + ids(".") + [1]
    rows, losses = [], []
    for fact in facts:
        left, answer = ids(fact["sub_label"]), ids(fact["obj_label"])
        encoded = torch.cat([table[left], prompt, table[end]])[None]
        logits = model(inputs_embeds=encoded, decoder_input_ids=torch.tensor([[0, end[0]] + answer[:-1]])).logits[0, 1:]
        losses.append(-torch.log_softmax(logits, -1)[torch.arange(len(answer)), torch.tensor(answer)].sum())
        rows.append(dict(left=left, answer=answer, end=end, loss=losses[-1].item()))
    torch.stack(losses).mean().backward()
    return rows, prompt.detach(), prompt.grad


def tune(model, folder, name, facts):
    """Losses of facts with a prompt, `[X] [V]*3 [Y] .`, the answer's tokens each after those before it, and the mean's gradient."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / name)
    table = model.get_input_embeddings().weight
    prompt = torch.from_numpy((0.5 * rng.standard_normal((P, table.shape[1]))).astype(np.float32)).requires_grad_(True)
    ids = lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
    words = lambda text: tokenizer(text, add_special_tokens=False).word_ids()
    losses, asked = [], []
    for fact in facts:
        left = ids(fact["sub_label"])
        answer = ids((" " if name == "gpt2" else "") + fact["obj_label"])
        asked.append(dict(left=left, answer=answer))
        if name == "bert":
            total = 0
            owner = words(fact["obj_label"])
            for place in range(len(answer)):
                shown = [tokenizer.mask_token_id if j >= place and owner[j] == owner[place] else t for j, t in enumerate(answer)]
                rows = torch.cat([table[[2] + left], prompt, table[shown + ids(".") + [3]]])
                at = 1 + len(left) + P + place
                logits = model(inputs_embeds=rows[None]).logits[0, at]
                total = total - torch.log_softmax(logits, -1)[answer[place]]
        else:
            prefix = [tokenizer.bos_token_id] + left
            rows = torch.cat([table[prefix], prompt, table[answer[:-1]]])
            logits = model(inputs_embeds=rows[None]).logits[0, len(prefix) + P - 1:]
            total = -torch.log_softmax(logits, -1)[torch.arange(len(answer)), torch.tensor(answer)].sum()
        losses.append(total)
    torch.stack(losses).mean().backward()
    rows = [dict(own, loss=loss.item()) for own, loss in zip(asked, losses)]
    return rows, prompt.detach(), prompt.grad


def main():
    folder = common.FIXTURES / "answers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    facts = {}
    for relation in TEMPLATES:
        subjects = dict.fromkeys(" ".join("".join(rng.choice(SYLLABLES, rng.integers(1, 3))) for _ in range(rng.integers(1, 4))) for _ in range(12))
        facts[relation] = [dict(sub_label=s, obj_label=str(rng.choice(ANSWERS))) for s in subjects]
    (folder / "facts").mkdir()
    metadata = {r: dict(templates=[t], answer_space_labels=ANSWERS, answer_space_ids=[f"Q{i}" for i in range(len(ANSWERS))])
                for r, t in TEMPLATES.items()}
    common.write_json(folder / "facts/metadata_relations.json", metadata)
    for relation, own in facts.items():
        lines = [dict(sub_id=f"S{i}", sub_label=f["sub_label"], answer_idx=ANSWERS.index(f["obj_label"])) if relation == "R1"
                 else dict(sub_id=f"S{i}", sub_label=f["sub_label"], obj_id=f"Q{ANSWERS.index(f['obj_label'])}") for i, f in enumerate(own)]
        (folder / f"facts/{relation}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    golden, tensors = {}, {}
    for name in CONFIGS:
        model = checkpoint(folder, name)
        metrics = {"word": "within_word_l2r", "answer": "answer_l2r+word_l2r"} if name == "bert" else {"": ""}
        for key, metric in metrics.items():
            for relation, rows in quiz(model, folder, name, facts, metric).items():
                golden[".".join(filter(None, [name, key, relation]))] = rows
        if name == "bert":
            for relation, rows in once(model, folder, facts).items(): golden[f"bert.once.{relation}"] = rows
        rows, prompt, gradient = tune(model, folder, name, facts["R1"])
        golden[f"{name}.tune"] = rows
        tensors |= {f"{name}.prompt": prompt.numpy(), f"{name}.gradient": gradient.numpy()}
    own, answers, template, rows, model, tokenizer = sentinel(facts)
    golden["t5"] = dict(facts=own, answers=answers, template=template, rows=rows)
    golden["t5.tune"], prompt, gradient = tune_decoder(model, tokenizer, own)
    tensors |= {"t5.prompt": prompt.numpy(), "t5.gradient": gradient.numpy()}
    common.write_json(folder / "golden.json", golden)
    common.write_tensors(folder / "golden.safetensors", tensors)
    files = [f for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json"]
    common.write_manifest(folder, "scripts/goldens/answers.py", files, common.PACKAGES + ["lm-pub-quiz"])


main()
