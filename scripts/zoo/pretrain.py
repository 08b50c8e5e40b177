#!/usr/bin/env python3
"""Trains the tokenizers and the models of the zoo from scratch.

    python3 pretrain.py                                  # everything, into ../../share/promptferry/zoo
    python3 pretrain.py --models bert-tiny --rounds 1    # a quick try

The seeds are fixed, and one model never depends on another, so the models may be trained in any order or at once.
"""
import argparse
import collections
import json
import math
import pathlib
import random
import shutil
import time

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import build_atlas
import corpus

ZOO = build_atlas.ATLAS.parent / "zoo"
VOCABULARY = 6000
LONGEST = 64
FREQUENT, RARE = 40, 10  # times in a round
SIZES = {"small": (192, 3, 6, 384), "tiny": (128, 2, 4, 512)}  # width, layers, heads, inner width
NAMES = ["bert-small", "roberta-small", "bert-tiny", "roberta-tiny"]
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def tokenizer_text(atlas):
    """One round of the corpus, and its objects and frequent words once more, so that most of them become one token."""
    facts, _ = build_atlas.load(atlas)
    objects = {obj for splits in facts.values() for part in splits.values() for _, obj in part}
    texts = [text for text, _ in corpus.sentences(0, atlas)]
    counts = collections.Counter(word for text in texts for word in text.split() if word.isalpha())
    frequent = {word for word, count in counts.items() if count >= FREQUENT}
    return texts + [f": {word} ." for word in sorted(objects | frequent)] * 60


def bert_tokenizer(texts):
    letters = [chr(code) for code in range(33, 127)]
    tails = ["##" + letter for letter in letters if letter.isalnum()]
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # The trainer numbers the tails in the order of a hash table. Named beforehand they have fixed places, and so has all the rest.
    trained.train_from_iterator(texts, trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=BERT_SPECIAL + tails, show_progress=False, initial_alphabet=letters))
    tokenizer = Tokenizer(models.WordPiece(trained.get_vocab(), unk_token="[UNK]"))
    tokenizer.add_special_tokens(BERT_SPECIAL)
    tokenizer.normalizer, tokenizer.pre_tokenizer = trained.normalizer, trained.pre_tokenizer
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", tokenizer.token_to_id("[SEP]")), ("[CLS]", tokenizer.token_to_id("[CLS]")))
    return tokenizer


def roberta_tokenizer(texts):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=ROBERTA_SPECIAL, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def save_tokenizer(tokenizer, family, folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.model.save(str(folder))
    if family == "bert":
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "strip_accents": False,
                    "tokenize_chinese_chars": True,
                    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
                    "mask_token": "[MASK]"}
    else:
        settings = {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": False,
                    "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>",
                    "pad_token": "<pad>", "unk_token": "<unk>",
                    "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "rstrip": False,
                                   "normalized": False, "single_word": False, "special": True}}
        tokenizer.model.unk_token = "<unk>"
    settings["model_max_length"] = LONGEST
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))
    if family == "roberta":  # the mask swallows the space before it, as in every RoBERTa
        data = json.loads((folder / "tokenizer.json").read_text())
        for token in data["added_tokens"]:
            token["lstrip"] = token["content"] == "<mask>"
        (folder / "tokenizer.json").write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def single_tokens(tokenizer, family):
    """Words that are one token after a space."""
    mark = "Ġ" if family == "roberta" else ""
    return {token[len(mark):] for token in tokenizer.get_vocab()
            if token.startswith(mark) and token[len(mark):].isalpha() and token[len(mark):].isascii()}


def common_words(tokenizers, atlas):
    """Words of the corpus, not too rare, that are one token in every model of the zoo."""
    counts = collections.Counter(word for text, _ in corpus.sentences(0, atlas) for word in text.split())
    words = {word for word, count in counts.items() if count >= RARE}
    for family, tokenizer in tokenizers.items():
        words &= single_tokens(tokenizer, family)
    return sorted(words)


def new_model(name):
    family, size = name.split("-")
    width, layers, heads, inner = SIZES[size]
    settings = dict(vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                    intermediate_size=inner, hidden_act="gelu", hidden_dropout_prob=0.0,
                    attention_probs_dropout_prob=0.0, initializer_range=0.02, layer_norm_eps=1e-12)
    if family == "bert":
        config = transformers.BertConfig(**settings, max_position_embeddings=LONGEST, type_vocab_size=2, pad_token_id=0)
        return transformers.BertForMaskedLM(config)
    settings["layer_norm_eps"] = 1e-5
    config = transformers.RobertaConfig(**settings, max_position_embeddings=LONGEST + 2, type_vocab_size=1,
                                        pad_token_id=1, bos_token_id=0, eos_token_id=2)
    return transformers.RobertaForMaskedLM(config)


def word_id(tokenizer, family, word):
    return tokenizer.token_to_id("Ġ" + word if family == "roberta" else word)


def examples(tokenizer, family, number, atlas, rng):
    """One round as pairs (ids, positions of the object); some sequences hold two sentences."""
    found, waiting = [], None
    pairs = corpus.sentences(number, atlas)
    for (text, obj), encoding in zip(pairs, tokenizer.encode_batch([text for text, _ in pairs])):
        ids = encoding.ids
        answer = obj and word_id(tokenizer, family, obj)
        places = [place for place, token in enumerate(ids) if token == answer][-1:] if obj else []
        if waiting is None and rng.random() < 0.1:
            waiting = ids, places
            continue
        if waiting is not None:
            shift = len(waiting[0]) - 1  # without the closing token of the first and the opening one of the second
            places = waiting[1] + [place - 1 + shift for place in places]
            ids, waiting = waiting[0][:-1] + ids[1:], None
        if len(ids) <= LONGEST:
            found.append((ids, places))
    return found


def batches(found, tokens, rng):
    """Batches of sequences of one length, so that nothing is padded."""
    by_length = {}
    for example in found:
        by_length.setdefault(len(example[0]), []).append(example)
    made = []
    for length, group in by_length.items():
        step = max(1, tokens // length)
        made += [group[start:start + step] for start in range(0, len(group), step)]
    rng.shuffle(made)
    return made


def mask(batch, mask_id, rng):
    """Hides the object of most facts, or part of the rest; gives the ids and where to predict what."""
    ids, rows, columns, answers = [], [], [], []
    for row, (sequence, places) in enumerate(batch):
        sequence = list(sequence)
        hide_object = places and rng.random() < 0.75
        rate = 0.04 if hide_object else 0.2
        for column in range(1, len(sequence) - 1):
            token = sequence[column]
            if hide_object and column in places:
                sequence[column] = mask_id
            elif rng.random() < rate:
                shape = rng.random()
                if shape < 0.8:
                    sequence[column] = mask_id
                elif shape < 0.9:
                    sequence[column] = rng.randrange(5, VOCABULARY)
            else:
                continue
            rows.append(row)
            columns.append(column)
            answers.append(token)
        ids.append(sequence)
    return torch.tensor(ids), torch.tensor(rows), torch.tensor(columns), torch.tensor(answers)


def train(name, tokenizer, options):
    family = name.split("-")[0]
    torch.manual_seed(options.seed)
    rng = random.Random(options.seed)
    model = new_model(name)
    body = model.bert if family == "bert" else model.roberta
    head = model.cls if family == "bert" else model.lm_head
    table = body.embeddings.word_embeddings
    mask_id = 4
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": options.decay},
                                   {"params": others, "weight_decay": 0.0}], lr=options.rate, betas=(0.9, 0.98))
    step, total, start = 0, None, time.time()
    for number in range(options.rounds):
        made = batches(examples(tokenizer, family, number, options.atlas, rng), options.batch, rng)
        total = total or int(len(made) * options.rounds * 1.01)
        running = 0.0
        for count, batch in enumerate(made, 1):
            share = step / total
            factor = min(1.0, share / 0.05) if share < 0.05 else max(0.0, (1 - share) / 0.95)
            for group in optimizer.param_groups:
                group["lr"] = options.rate * factor
            ids, rows, columns, answers = mask(batch, mask_id, rng)
            if not len(answers):
                continue
            embeddings = table(ids)
            if options.noise:
                # A few words are blurred, so that the model reads points between words too.
                scale = options.noise * table.weight.detach().pow(2).mean().sqrt() * torch.rand(ids.shape)
                blurred = scale * (torch.rand(ids.shape) < 0.2) * (ids != mask_id)
                embeddings = embeddings + blurred[..., None] * torch.randn_like(embeddings)
            hidden = body(inputs_embeds=embeddings)[0]
            loss = torch.nn.functional.cross_entropy(head(hidden[rows, columns]), answers)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            with torch.no_grad():  # the softmax does not notice, and cosines between words get no common part
                table.weight -= table.weight.mean(0)
            step += 1
            running = loss.item() if running == 0.0 else 0.98 * running + 0.02 * loss.item()
            if count % 200 == 0 or count == len(made):
                print(f"{name} round {number + 1} step {count}/{len(made)} loss {running:.3f} "
                      f"{(time.time() - start) / 60:.1f} min", flush=True)
        if math.isnan(running):
            raise SystemExit(f"{name}: the loss is not a number")
    return model


def save_model(model, folder):
    model.half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)


def put(source, target):
    """Moves a finished folder into place."""
    old = target.with_name(target.name + ".old")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(old)
    source.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--models", nargs="+", default=NAMES, choices=NAMES)
    options.add_argument("--atlas", type=pathlib.Path, default=build_atlas.ATLAS)
    options.add_argument("--zoo", type=pathlib.Path, default=ZOO)
    options.add_argument("--rounds", type=int, default=5, help="passes over the facts, each with new sentences")
    options.add_argument("--rate", type=float, default=1.5e-3, help="peak learning rate")
    options.add_argument("--decay", type=float, default=0.05, help="weight decay")
    options.add_argument("--noise", type=float, default=1.0,
                         help="largest blur of some input words, in units of the size of word vectors")
    options.add_argument("--batch", type=int, default=900, help="tokens in a batch")
    options.add_argument("--seed", type=int, default=20240131)
    options = options.parse_args()
    torch.set_num_threads(1)

    texts = tokenizer_text(options.atlas)
    tokenizers = {"bert": bert_tokenizer(texts), "roberta": roberta_tokenizer(texts)}
    (options.atlas / "common_words.txt").write_text("\n".join(common_words(tokenizers, options.atlas)) + "\n")
    build_atlas.check(options.atlas)
    for name in options.models:
        family = name.split("-")[0]
        folder = options.zoo / (name + ".new")
        model = train(name, tokenizers[family], options)
        save_tokenizer(tokenizers[family], family, folder)
        save_model(model, folder)
        put(folder, options.zoo / name)


if __name__ == "__main__":
    main()
