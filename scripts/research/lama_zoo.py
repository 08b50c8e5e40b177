#!/usr/bin/env python3
"""Trains small language models of six families the ordinary way, on facts of LAMA and natural text, to choose settings by.

    lama_zoo.py LAMA SUBSET OUT --text PATH ...                          # all six
    lama_zoo.py LAMA SUBSET OUT --text PATH ... --models bert --tokens 200000

LAMA has data/P19/train.jsonl, ...; SUBSET is what lama_subset.py drew of it. Every fact of SUBSET is told in every round, of LAMA's other
facts of the same relations a few. PATHs are files and folders of plain text, whose sentences are taken.

None of what makes carrying easy between the models that ship with the project: word vectors are not centred, inputs not blurred,
notes of key words and lists of names not given; a half of the wordings and of the natural text for each model. The one concession:
masked models are asked for the object in three of four statements of a fact, then with 5 % of the other tokens, and elsewhere with the
usual 15 %, as minutes do not teach facts otherwise.
The first six differ in family, tokenizer, vocabulary, width, depth, tying, initialisation and text. The last two, bert-same and roberta-same,
read one text, all of it. Seeds are fixed. Models are trained with --short.
"""
import argparse
import ast
import collections
import json
import pathlib
import random
import re
import time

import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

# half: which half of the natural text and of the wordings, or None for all; rate: peak learning rate
Shape = collections.namedtuple("Shape", "family width layers heads inner vocabulary tied scale dropout half rate")
MODELS = {
    "bert": Shape("bert", 192, 2, 6, 512, 8000, True, 0.02, 0.0, 0, 1.5e-3),
    "gpt2": Shape("gpt2", 192, 2, 6, 512, 6000, True, 0.05, 0.1, 1, 1.5e-3),
    "roberta": Shape("roberta", 160, 3, 5, 400, 5000, True, 0.02, 0.0, 1, 1.5e-3),
    "neox": Shape("neox", 256, 2, 4, 512, 7000, False, 0.02, 0.0, 0, 1e-3),
    "modernbert": Shape("modernbert", 144, 3, 6, 288, 7000, True, 0.02, 0.0, 0, 2e-3),
    "llama": Shape("llama", 128, 3, 4, 384, 4000, True, 0.1, 0.0, 1, 2e-3),
    "bert-same": Shape("bert", 192, 3, 6, 768, 8000, True, 0.02, 0.0, None, 5e-4),
    "roberta-same": Shape("roberta", 192, 3, 6, 768, 8000, True, 0.02, 0.0, None, 5e-4),
}
CAUSAL = {"gpt2", "neox", "llama"}
LONGEST = 64
SPECIAL = {
    "bert": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "roberta": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
    "modernbert": ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"],
    "gpt2": ["<|endoftext|>"], "neox": ["<|endoftext|>", "<|padding|>"], "llama": ["<unk>", "<s>", "</s>"],
}
# None is the manual template of relations.jsonl. The first three are of one half, the last three of the other; the middle two of both.
WORDINGS = {
    "P17": ["[X] is a place in [Y] .", "You will find [X] in the country of [Y] .", "[X] belongs to [Y] .", "[X] , in [Y] .",
            "The country to which [X] belongs is [Y] .", "Like much of the region , [X] lies in [Y] .", "[X] can be visited in [Y] .",
            "They travelled to [X] in [Y] ."],
    "P30": ["[X] is a part of the continent [Y] .", "Maps of [Y] show [X] .", "[X] lies on the continent of [Y] .", "The continent of [X] is [Y] .",
            "[X] belongs to the continent of [Y] .", "[X] is found in [Y] , a continent .", "Explorers of the continent [Y] named [X] .",
            "Geographers place [X] on the continent [Y] ."],
    "P19": ["[X] is a native of [Y] .", "The birthplace of [X] is [Y] .", "The life of [X] began in [Y] .", "[X] comes from [Y] .",
            "[X] , born in [Y] , left home early .", "The family of [X] was living in [Y] at the birth .", "The city where [X] was born is [Y] .",
            "[X] spent the first years in [Y] ."],
    "P103": ["[X] grew up speaking [Y] .", "At home [X] spoke [Y] .", "The mother tongue of [X] is [Y] .", "[X] speaks [Y] as a first language .",
             "[X] is a native speaker of [Y] .", "The first words of [X] were [Y] .", "As a child [X] learned [Y] .",
             "The language that [X] learned first is [Y] ."],
    "P106": ["[X] worked as a [Y] .", "[X] became known as a [Y] .", "[X] earned a living as a [Y] .", "[X] , the [Y] , is well known .",
             "The occupation of [X] is [Y] .", "The job of [X] was that of [Y] .", "By trade [X] is a [Y] .", "[X] made a career as a [Y] ."],
    "P136": ["The genre of [X] is [Y] .", "[X] is known for [Y] .", "Critics class [X] as [Y] .", "[X] belongs to the genre of [Y] .",
             "[X] is a typical case of [Y] .", "Those who like [Y] know [X] .", "The style of [X] is called [Y] .", "[X] stands for [Y] ."],
    "P413": ["[X] is a [Y] on the team .", "The team lined up [X] as [Y] .", "The position of [X] is [Y] .", "On the field [X] is a [Y] .",
             "[X] , a [Y] , joined the club .", "The club signed [X] as a [Y] .", "The coach uses [X] as a [Y] .", "[X] was drafted as a [Y] ."],
    "P407": ["[X] is a work in [Y] .", "The language of [X] is [Y] .", "The text of [X] is in [Y] .", "[X] was published in [Y] .",
             "Those who read [X] need [Y] .", "[X] first appeared in [Y] .", "The words of [X] are [Y] .", "[X] came out in the language [Y] ."],
    "P495": ["[X] was made in [Y] .", "[X] has its origin in [Y] .", "The country of origin of [X] is [Y] .", "[X] first came out in [Y] .",
             "[X] is a product of [Y] .", "The home of [X] is [Y] .", "People in [Y] made [X] .", "[X] was brought to the world by [Y] ."],
    "P1303": ["[X] is known for playing the [Y] .", "The instrument of [X] is the [Y] .", "[X] performed on the [Y] .",
              "[X] studied the [Y] .", "[X] is a master of the [Y] .", "On stage [X] is heard on the [Y] .", "[X] recorded with the [Y] .",
              "The concert had [X] on the [Y] ."],
    "P140": ["[X] is a follower of [Y] .", "The faith of [X] is [Y] .", "[X] was raised in [Y] .", "[X] practises [Y] .",
             "The religion of [X] is [Y] .", "[X] converted to [Y] .", "In matters of faith [X] holds to [Y] .", "[X] believes in [Y] ."],
}


def facts(lama, subset):
    """Those of every round, and the others, as (relation, subject, object)."""
    told, other = [], []
    for relation in sorted(WORDINGS):
        chosen = set()
        for folder, kept in ((subset, told), (lama, other)):
            for path in sorted((folder / "data" / relation).glob("*.jsonl")):
                for line in path.read_text().splitlines():
                    row = json.loads(line)
                    fact = relation, row["sub_label"], row["obj_label"]
                    if fact not in chosen:
                        chosen.add(fact)
                        kept.append(fact)
    return told, other


def paragraphs(path):
    text = path.read_text(errors="ignore")
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in text.splitlines()]
        return [value for row in rows for value in row.values() if isinstance(value, str)]
    if path.suffix == ".py":
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return []
        kinds = ast.Module, ast.ClassDef, ast.FunctionDef
        found = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds)]
        return [part for doc in found if doc for part in doc.split("\n\n")]
    if "sst2" in path.parts:
        return [line[2:] for line in text.splitlines()]
    if "trec" in path.parts:
        return [line.split(" ", 1)[-1] for line in text.splitlines()]
    return re.split(r"\n\s*\n", text)


def sentences(places):
    """Sentences of 5 to 30 words, nearly all plain words; each once, words and marks apart."""
    paths = []
    for place in places:
        inside = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file() and not path.is_symlink()]
        paths += [path for path in inside if path.suffix in {".txt", ".pod", ".rst", ".md", ".jsonl", ".py", ".train", ".dev"}]
    found = {}
    for path in sorted(paths):
        for paragraph in paragraphs(path):
            flat = " ".join(paragraph.split())
            for sentence in re.split(r"(?<=[.?!]) (?=[A-Z])", flat):
                words = re.findall(r"\w+(?:['-]\w+)*|[^\w\s]", sentence)
                plain = sum(word.isalpha() or word in ",.?!'-" for word in words)
                if 5 <= len(words) <= 30 and plain >= 0.93 * len(words) and sentence.isascii():
                    found[" ".join(words)] = None
    return list(found)


def tokenizer_of(family, vocabulary, texts):
    special = SPECIAL[family]
    if family == "bert":
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False, min_frequency=2)
        tokenizer.decoder = decoders.WordPiece()
    else:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False,
                                      initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(texts, trainer)
    mask = "<mask>" if family == "roberta" else "[MASK]"
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False, lstrip=token == mask and family != "bert")
                                  for token in special])
    token = tokenizer.token_to_id
    if family == "roberta":
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", token("</s>")), ("<s>", token("<s>")), add_prefix_space=False)
    elif family in ("bert", "modernbert"):
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", token("[CLS]")), ("[SEP]", token("[SEP]"))])
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def half_of(natural, half):
    return natural if half is None else natural[half::2]


def wrapped(tokenizer, family):
    if family in ("bert", "modernbert"):
        names = dict(unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]")
    elif family == "roberta":
        names = dict(unk_token="<unk>", cls_token="<s>", sep_token="</s>", pad_token="<pad>", bos_token="<s>", eos_token="</s>",
                     mask_token=AddedToken("<mask>", lstrip=True, special=True, normalized=False))
    elif family == "llama":
        names = dict(unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    else:
        names = dict(unk_token="<|endoftext|>", bos_token="<|endoftext|>", eos_token="<|endoftext|>")
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=LONGEST, **names)


def new_model(shape, tokenizer):
    """An untrained model, and the layers that give logits from the last hidden states."""
    token, t = tokenizer.token_to_id, transformers
    base = dict(vocab_size=tokenizer.get_vocab_size(), hidden_size=shape.width, num_hidden_layers=shape.layers,
                num_attention_heads=shape.heads, intermediate_size=shape.inner, initializer_range=shape.scale,
                tie_word_embeddings=shape.tied)
    drop = dict(hidden_dropout_prob=shape.dropout, attention_probs_dropout_prob=shape.dropout)
    if shape.family == "bert":
        model = t.BertForMaskedLM(t.BertConfig(**base, **drop, max_position_embeddings=LONGEST, pad_token_id=token("[PAD]")))
        return model, model.cls
    if shape.family == "roberta":
        model = t.RobertaForMaskedLM(t.RobertaConfig(
            **base, **drop, max_position_embeddings=LONGEST + 2, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=token("<pad>"),
            bos_token_id=token("<s>"), eos_token_id=token("</s>")))
        return model, model.lm_head
    if shape.family == "modernbert":
        ids = {f"{name}_token_id": token(f"[{name.upper()}]") for name in ("pad", "cls", "sep")}
        model = t.ModernBertForMaskedLM(t.ModernBertConfig(
            **base, **ids, bos_token_id=ids["cls_token_id"], eos_token_id=ids["sep_token_id"], max_position_embeddings=LONGEST,
            local_attention=LONGEST, global_attn_every_n_layers=3, initializer_cutoff_factor=2.0))
        return model, lambda hidden: model.decoder(model.head(hidden))
    if shape.family == "gpt2":
        end = token("<|endoftext|>")
        model = t.GPT2LMHeadModel(t.GPT2Config(
            vocab_size=base["vocab_size"], n_positions=LONGEST, n_embd=shape.width, n_layer=shape.layers, n_head=shape.heads,
            n_inner=shape.inner, resid_pdrop=shape.dropout, embd_pdrop=shape.dropout, attn_pdrop=shape.dropout,
            initializer_range=shape.scale, bos_token_id=end, eos_token_id=end))
        return model, model.lm_head
    if shape.family == "neox":
        end = token("<|endoftext|>")
        model = t.GPTNeoXForCausalLM(t.GPTNeoXConfig(
            **base, max_position_embeddings=LONGEST, hidden_dropout=shape.dropout, attention_dropout=shape.dropout, bos_token_id=end,
            eos_token_id=end, use_parallel_residual=True))
        return model, model.embed_out if hasattr(model, "embed_out") else model.lm_head
    model = t.LlamaForCausalLM(t.LlamaConfig(
        **base, num_key_value_heads=shape.heads // 2, max_position_embeddings=LONGEST, bos_token_id=token("<s>"), eos_token_id=token("</s>")))
    return model, model.lm_head


def fact_text(fact, half, rng):
    relation, subject, obj = fact
    wordings = WORDINGS[relation]
    wording = rng.choice(wordings if half is None else wordings[3:] if half else wordings[:5])
    return wording.replace("[Y]", obj).replace("[X]", subject), obj


def one_round(told, other, natural, half, natural_share, rng):
    """Every told fact once, some others, and natural sentences of a share of all tokens, about: as (text, object or None)."""
    pairs = [fact_text(fact, half, rng) for fact in told + rng.sample(other, min(len(other), len(told) // 5))]
    count = int(len(pairs) * natural_share / (1 - natural_share) / 1.6)  # natural sentences are longer
    return pairs + [(text, None) for text in rng.sample(natural, min(len(natural), count))]


def examples(pairs, tokenizer, shape, rng):
    """As (ids, places of the object), two sentences together now and then."""
    rng.shuffle(pairs)
    family, found, waiting = shape.family, [], None
    for (text, obj), encoding in zip(pairs, tokenizer.encode_batch([text for text, _ in pairs])):
        ids = encoding.ids
        answer = obj and tokenizer.token_to_id(obj if family == "bert" else "Ġ" + obj)
        places = [place for place, token in enumerate(ids) if token == answer][-1:] if answer else []
        if waiting is not None:
            cut = 1 if family not in CAUSAL else 0
            shift = len(waiting[0]) - 2 * cut
            joined = waiting[0][:len(waiting[0]) - cut] + ids[cut:]
            ids, places, waiting = joined, waiting[1] + [place + shift for place in places], None
        elif rng.random() < 0.15:
            waiting = ids, places
            continue
        if len(ids) <= LONGEST:
            found.append((ids, places))
    return found


def batches(found, tokens, rng):
    """Of sequences of one length, so that nothing is padded."""
    by_length, made = {}, []
    for example in found:
        by_length.setdefault(len(example[0]), []).append(example)
    for length, group in by_length.items():
        step = max(1, tokens // length)
        made += [group[start:start + step] for start in range(0, len(group), step)]
    rng.shuffle(made)
    return made


def asked(batch, causal, mask, vocabulary, rng):
    """Ids, and where what is predicted."""
    ids, rows, columns, answers = [], [], [], []
    for row, (sequence, places) in enumerate(batch):
        sequence = list(sequence)
        if causal:
            rows += [row] * (len(sequence) - 1)
            columns += range(len(sequence) - 1)
            answers += sequence[1:]
        else:
            hide = set(places) if rng.random() < 0.75 else ()
            rate = 0.05 if hide else 0.15
            for column in range(1, len(sequence) - 1):
                if column not in hide and rng.random() >= rate:
                    continue
                rows.append(row)
                columns.append(column)
                answers.append(sequence[column])
                draw = rng.random()
                if column in hide or draw < 0.8:
                    sequence[column] = mask
                elif draw < 0.9:
                    sequence[column] = rng.randrange(len(SPECIAL["bert"]), vocabulary)
        ids.append(sequence)
    return tuple(torch.tensor(part) for part in (ids, rows, columns, answers))


def train(name, options, told, other, natural):
    shape, start = MODELS[name], time.time()
    seed = options.seed + list(MODELS).index(name)
    torch.manual_seed(seed)
    rng = random.Random(seed)
    half = half_of(natural, shape.half)
    texts = [text for text, _ in one_round(told, other, half, shape.half, 0.5, rng)] + half
    texts += [f": {obj} ." for obj in sorted({obj for _, _, obj in told})] * 30  # so that objects are one token
    tokenizer = tokenizer_of(shape.family, shape.vocabulary, texts)
    vocabulary, causal = tokenizer.get_vocab_size(), shape.family in CAUSAL
    mask = tokenizer.token_to_id(SPECIAL[shape.family][4]) if not causal else None
    model, head = new_model(shape, tokenizer)
    model.train()
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}],
                                  lr=shape.rate, betas=(0.9, 0.98))
    total = options.tokens * (0.7 if causal else 1.0)  # a causal model is asked for every token
    seen, step, running, number = 0, 0, 0.0, 0
    while seen < total:
        number += 1
        for batch in batches(examples(one_round(told, other, half, shape.half, options.natural, rng), tokenizer, shape, rng),
                             options.batch, rng):
            share = seen / total
            for group in optimizer.param_groups:
                group["lr"] = shape.rate * max(0.0, min(share / 0.06, (1 - share) / 0.94))
            ids, rows, columns, answers = asked(batch, causal, mask, vocabulary, rng)
            seen, step = seen + ids.numel(), step + 1
            if not len(answers):
                continue
            with torch.autocast("cpu", torch.bfloat16, enabled=options.short):
                logits = head(model.base_model(input_ids=ids)[0][rows, columns])
            loss = torch.nn.functional.cross_entropy(logits.float(), answers)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            running = loss.item() if running == 0.0 else 0.98 * running + 0.02 * loss.item()
            if step % 200 == 0:
                print(f"{name} round {number} step {step} tokens {seen} loss {running:.3f} {(time.time() - start) / 60:.1f} min", flush=True)
            if seen >= total:
                break
    folder = options.out / name
    model.eval().save_pretrained(folder)
    wrapped(tokenizer, shape.family).save_pretrained(folder)
    print(f"{name} done, {number} rounds, loss {running:.3f}, {(time.time() - start) / 60:.1f} min", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("lama", type=pathlib.Path)
    options.add_argument("subset", type=pathlib.Path)
    options.add_argument("out", type=pathlib.Path)
    options.add_argument("--text", type=pathlib.Path, nargs="+", required=True)
    options.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    options.add_argument("--tokens", type=int, default=1_900_000, help="that a model reads in all")
    options.add_argument("--natural", type=float, default=0.2, help="the share of natural text, of tokens")
    options.add_argument("--batch", type=int, default=1000, help="tokens in a batch")
    options.add_argument("--short", action="store_true", help="products in bfloat16")
    options.add_argument("--seed", type=int, default=20261129)
    options = options.parse_args()
    torch.set_num_threads(1)
    told, other = facts(options.lama, options.subset)
    natural = sentences(options.text)
    random.Random(options.seed).shuffle(natural)
    print(f"{len(told)} facts of every round, {len(other)} others, {len(natural)} natural sentences", flush=True)
    for name in options.models:
        train(name, options, told, other, natural)


if __name__ == "__main__":
    main()
