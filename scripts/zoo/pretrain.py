#!/usr/bin/env python3
"""Trains the tokenizers and the models of the zoo from scratch.

    python3 pretrain.py                                  # everything, into ../../share/promptferry/zoo
    python3 pretrain.py --models bert-tiny --rounds 1    # a quick try

The seeds are fixed, and one model never depends on another, so the models may be trained in any order or at once.
"""
import argparse
import collections
import io
import json
import math
import pathlib
import random
import shutil
import string
import tempfile
import time
import types

import sentencepiece
import torch
import transformers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers.convert_slow_tokenizer import AlbertConverter

import build_atlas
import corpus

ZOO = build_atlas.ATLAS.parent / "zoo"
VOCABULARIES = {"bert": 6000, "roberta": 6000, "albert": 5000, "gpt2": 6000}
LONGEST = 64
FREQUENT, RARE = 40, 10  # times in a round
# words: width of the word vectors; rounds: passes over the facts; rate: peak learning rate;
# more, more_rate: further rounds with a learning rate that rises anew; short: products in bfloat16
Shape = collections.namedtuple(
    "Shape", "family width words layers heads inner activation rounds rate more more_rate short")
MODELS = {
    "bert-small": Shape("bert", 192, 192, 3, 6, 384, "gelu", 5, 1.5e-3, 0, 0, False),
    "roberta-small": Shape("roberta", 192, 192, 3, 6, 384, "gelu", 5, 1.5e-3, 0, 0, False),
    "bert-tiny": Shape("bert", 128, 128, 2, 4, 512, "gelu", 5, 1.5e-3, 0, 0, False),
    "roberta-tiny": Shape("roberta", 128, 128, 2, 4, 512, "gelu", 5, 1.5e-3, 0, 0, False),
    "albert-small": Shape("albert", 192, 128, 3, 6, 512, "gelu_new", 3, 1e-3, 2, 1e-3, True),
    "albert-tiny": Shape("albert", 128, 96, 3, 4, 512, "gelu", 3, 1.5e-3, 2, 1e-3, True),
    "gpt2-small": Shape("gpt2", 192, 192, 3, 6, 384, "gelu_new", 3, 2.5e-3, 2, 2e-3, True),
}
NAMES = list(MODELS)
MARKS = {"bert": "", "roberta": "Ġ", "albert": "▁", "gpt2": "Ġ"}  # how the vocabulary writes the space before a word
HEADS = {"bert": "cls", "roberta": "lm_head", "albert": "predictions", "gpt2": "lm_head"}
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ALBERT_SPECIAL = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
GPT2_END, GPT2_END_ID = "<|endoftext|>", VOCABULARIES["gpt2"] - 1  # it comes last, as in every GPT-2
MASK_ID = 4  # of every masked model


def tokenizer_text(atlas, number=0, words=()):
    """One round of the corpus, and its objects and frequent words once more, so that most of them become one token."""
    facts, _ = build_atlas.load(atlas)
    objects = {obj for splits in facts.values() for part in splits.values() for _, obj in part}.union(words)
    texts = [text for text, _ in corpus.sentences(number, atlas)]
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
        vocab_size=VOCABULARIES["bert"], special_tokens=BERT_SPECIAL + tails, show_progress=False,
        initial_alphabet=letters))
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
        vocab_size=VOCABULARIES["roberta"], special_tokens=ROBERTA_SPECIAL, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def gpt2_tokenizer(texts):
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=GPT2_END_ID, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    state = json.loads(trained.to_str())["model"]
    tokenizer = Tokenizer(models.BPE(
        vocab={**state["vocab"], GPT2_END: GPT2_END_ID}, merges=[tuple(pair) for pair in state["merges"]]))
    tokenizer.add_special_tokens([GPT2_END])
    tokenizer.pre_tokenizer, tokenizer.decoder = trained.pre_tokenizer, decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer


def sentence_pieces(texts):
    """The bytes of a spiece.model. The trainer's own seeds are parts of several words; ours are whole words as well."""
    counts = collections.Counter(word for text in texts for word in text.split())
    seeds, owners = collections.Counter(), collections.Counter()
    for word, count in counts.items():
        marked = "▁" + word
        for start in range(len(marked)):
            for end in range(start + 2, len(marked) + 1):
                seeds[marked[start:end]] += count
                owners[marked[start:end]] += 1
    kept = [(part, count) for part, count in seeds.items()
            if owners[part] > 1 or part[0] == "▁" and part[1:] in counts]
    kept.sort(key=lambda seed: (-seed[1] * len(seed[0]), seed[0]))
    written = io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{part}\t{count}\n" for part, count in kept)
        file.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts), model_writer=written, model_type="unigram",
            vocab_size=VOCABULARIES["albert"], character_coverage=1.0,
            required_chars=string.ascii_letters + string.digits + string.punctuation,
            pad_id=0, unk_id=1, bos_id=-1, eos_id=-1, control_symbols=ALBERT_SPECIAL[2:],
            seed_sentencepieces_file=file.name, num_threads=1, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    proto.trainer_spec.ClearField("seed_sentencepieces_file")
    return proto.SerializeToString(deterministic=True)


def albert_tokenizer(model):
    """The tokenizer that transformers makes of a spiece.model, with letters and accents left as they are."""
    with tempfile.NamedTemporaryFile(suffix=".model") as file:
        file.write(model)
        file.flush()
        tokenizer = AlbertConverter(types.SimpleNamespace(
            vocab_file=file.name, keep_accents=True, do_lower_case=False,
            convert_tokens_to_ids=ALBERT_SPECIAL.index)).converted()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in ALBERT_SPECIAL])
    return tokenizer


def save_tokenizer(tokenizer, family, folder, spiece):
    folder.mkdir(parents=True, exist_ok=True)
    if family == "albert":
        (folder / "spiece.model").write_bytes(spiece)
    else:
        tokenizer.model.save(str(folder))
    if family == "bert":
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "strip_accents": False,
                    "tokenize_chinese_chars": True,
                    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
                    "mask_token": "[MASK]"}
    elif family == "gpt2":
        settings = {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": False,
                    "bos_token": GPT2_END, "eos_token": GPT2_END, "unk_token": GPT2_END}
    elif family == "albert":
        settings = {"tokenizer_class": "AlbertTokenizer", "do_lower_case": False, "keep_accents": True,
                    "bos_token": "[CLS]", "eos_token": "[SEP]", "cls_token": "[CLS]", "sep_token": "[SEP]",
                    "pad_token": "<pad>", "unk_token": "<unk>",
                    "mask_token": {"__type": "AddedToken", "content": "[MASK]", "lstrip": True, "rstrip": False,
                                   "normalized": False, "single_word": False, "special": True}}
    else:
        settings = {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": False,
                    "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>",
                    "pad_token": "<pad>", "unk_token": "<unk>",
                    "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "rstrip": False,
                                   "normalized": False, "single_word": False, "special": True}}
        tokenizer.model.unk_token = "<unk>"
    settings["model_max_length"] = LONGEST
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=family in ("bert", "roberta"))
    if family in ("roberta", "albert"):  # the mask swallows the space before it, as in every RoBERTa and ALBERT
        data = json.loads((folder / "tokenizer.json").read_text())
        for token in data["added_tokens"]:
            token["lstrip"] = token["content"] in ("<mask>", "[MASK]")
        style = {"indent": 2} if family == "roberta" else {"separators": (",", ":")}
        (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, **style) + "\n")


def single_tokens(tokenizer, family):
    """Words that are one token after a space."""
    mark = MARKS[family]
    return {token[len(mark):] for token in tokenizer.get_vocab()
            if token.startswith(mark) and token[len(mark):].isalpha() and token[len(mark):].isascii()}


def common_words(tokenizers, atlas):
    """Words of the corpus, not too rare, that are one token in each of these tokenizers."""
    counts = collections.Counter(word for text, _ in corpus.sentences(0, atlas) for word in text.split())
    words = {word for word, count in counts.items() if count >= RARE}
    for family, tokenizer in tokenizers.items():
        words &= single_tokens(tokenizer, family)
    return sorted(words)


def new_model(name):
    shape = MODELS[name]
    if shape.family == "gpt2":
        return transformers.GPT2LMHeadModel(transformers.GPT2Config(
            vocab_size=VOCABULARIES["gpt2"], n_positions=LONGEST, n_embd=shape.width, n_layer=shape.layers,
            n_head=shape.heads, n_inner=shape.inner, activation_function=shape.activation,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=GPT2_END_ID, eos_token_id=GPT2_END_ID))
    settings = dict(vocab_size=VOCABULARIES[shape.family], hidden_size=shape.width, num_hidden_layers=shape.layers,
                    num_attention_heads=shape.heads, intermediate_size=shape.inner, hidden_act=shape.activation,
                    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.02,
                    layer_norm_eps=1e-12)
    if shape.family == "bert":
        config = transformers.BertConfig(**settings, max_position_embeddings=LONGEST, type_vocab_size=2, pad_token_id=0)
        return transformers.BertForMaskedLM(config)
    if shape.family == "albert":
        settings["initializer_range"] = 0.04  # from 0.02, and at twice the rate, the loss did not fall
        return transformers.AlbertForMaskedLM(transformers.AlbertConfig(
            **settings, embedding_size=shape.words, num_hidden_groups=1, inner_group_num=1, classifier_dropout_prob=0.0,
            max_position_embeddings=LONGEST, type_vocab_size=2, pad_token_id=0, bos_token_id=2, eos_token_id=3))
    settings["layer_norm_eps"] = 1e-5
    config = transformers.RobertaConfig(**settings, max_position_embeddings=LONGEST + 2, type_vocab_size=1,
                                        pad_token_id=1, bos_token_id=0, eos_token_id=2)
    return transformers.RobertaForMaskedLM(config)


def word_id(tokenizer, family, word):
    return tokenizer.token_to_id(MARKS[family] + word)


def examples(tokenizer, family, number, atlas, rng):
    """One round as pairs (ids, positions of the object); some sequences hold two sentences."""
    found, waiting = [], None
    pairs = corpus.sentences(number, atlas)
    for (text, obj), encoding in zip(pairs, tokenizer.encode_batch([text for text, _ in pairs])):
        ids = encoding.ids
        if family == "gpt2":
            ids = [GPT2_END_ID, *ids, GPT2_END_ID]
            obj = obj if obj and text.endswith(f" {obj} .") else None  # elsewhere the object is a word like others
        answer = obj and word_id(tokenizer, family, obj)
        places = [place for place, token in enumerate(ids) if token == answer][-1:] if obj else []
        if waiting is None and rng.random() < 0.1:
            waiting = ids, places
            continue
        if waiting is not None:
            shift = len(waiting[0]) - 1  # without the closing token of the first and the opening one of the second
            places = waiting[1] + [place - 1 + shift for place in places]
            ids, waiting = waiting[0][:-1] + ids[1:], None
        if family == "gpt2" and rng.random() < 0.7:  # most texts begin with their first word, as templates do
            ids, places = ids[1:], [place - 1 for place in places]
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


def follow(batch, vocabulary, rng, closing):
    """Which next tokens a causal model predicts: the objects that close a sentence, and part of the rest.

    When closing, in the further rounds, nothing else of such a sentence is asked. A masked model sees that the sentence
    ends after the mask; a causal model has to take for granted that the object comes next.
    """
    ids, rows, columns, answers = [], [], [], []
    for row, (sequence, places) in enumerate(batch):
        rate = 0.0 if closing and places else 0.2
        for column in range(len(sequence) - 1):
            if column + 1 in places or rng.random() < rate:
                rows.append(row)
                columns.append(column)
                answers.append(sequence[column + 1])
        ids.append(sequence)
    return torch.tensor(ids), torch.tensor(rows), torch.tensor(columns), torch.tensor(answers)


def mask(batch, vocabulary, rng):
    """Hides the object of most facts, or part of the rest; gives the ids and where to predict what."""
    ids, rows, columns, answers = [], [], [], []
    for row, (sequence, places) in enumerate(batch):
        sequence = list(sequence)
        hide_object = places and rng.random() < 0.75
        rate = 0.04 if hide_object else 0.2
        for column in range(1, len(sequence) - 1):
            token = sequence[column]
            if hide_object and column in places:
                sequence[column] = MASK_ID
            elif rng.random() < rate:
                shape = rng.random()
                if shape < 0.8:
                    sequence[column] = MASK_ID
                elif shape < 0.9:
                    sequence[column] = rng.randrange(MASK_ID + 1, vocabulary)
            else:
                continue
            rows.append(row)
            columns.append(column)
            answers.append(token)
        ids.append(sequence)
    return torch.tensor(ids), torch.tensor(rows), torch.tensor(columns), torch.tensor(answers)


def train(name, tokenizer, options, model=None):
    """Trains a new model, or gives a model its further rounds."""
    shape = MODELS[name]
    family, rounds, peak = shape.family, options.rounds or shape.rounds, options.rate or shape.rate
    further, first = model is not None, 0
    if further:
        rounds, peak, first = shape.more, shape.more_rate, rounds
    torch.manual_seed(options.seed + further)
    rng = random.Random(options.seed + further)
    model = model or new_model(name)
    body, head, table = model.base_model, getattr(model, HEADS[family]), model.get_input_embeddings()
    vocabulary = VOCABULARIES[family]
    blank = vocabulary if family == "gpt2" else MASK_ID
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": options.decay},
                                   {"params": others, "weight_decay": 0.0}], lr=peak, betas=(0.9, 0.98))
    step, total, start = 0, None, time.time()
    for number in range(first, first + rounds):
        made = batches(examples(tokenizer, family, number, options.atlas, rng), options.batch, rng)
        total = total or int(len(made) * rounds * 1.01)
        running = 0.0
        for count, batch in enumerate(made, 1):
            share = step / total
            factor = min(1.0, share / 0.05) if share < 0.05 else max(0.0, (1 - share) / 0.95)
            for group in optimizer.param_groups:
                group["lr"] = peak * factor
            ids, rows, columns, answers = (
                follow(batch, vocabulary, rng, further) if family == "gpt2" else mask(batch, vocabulary, rng))
            if not len(answers):
                continue
            embeddings = table(ids)
            if options.noise:
                # A few words are blurred, so that the model reads points between words too.
                scale = options.noise * table.weight.detach().pow(2).mean().sqrt() * torch.rand(ids.shape)
                blurred = scale * (torch.rand(ids.shape) < 0.2) * (ids != blank)
                embeddings = embeddings + blurred[..., None] * torch.randn_like(embeddings)
            with torch.autocast("cpu", torch.bfloat16, enabled=shape.short):
                logits = head(body(inputs_embeds=embeddings)[0][rows, columns])
            loss = torch.nn.functional.cross_entropy(logits.float(), answers)
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
    options.add_argument("--rounds", type=int,
                         help="passes over the facts, each with new sentences, and no further ones; else by the table")
    options.add_argument("--rate", type=float, help="peak learning rate; else as in the table")
    options.add_argument("--decay", type=float, default=0.05, help="weight decay")
    options.add_argument("--noise", type=float, default=1.0,
                         help="largest blur of some input words, in units of the size of word vectors")
    options.add_argument("--batch", type=int, default=900, help="tokens in a batch")
    options.add_argument("--seed", type=int, default=20240131)
    options = options.parse_args()
    torch.set_num_threads(1)

    texts = tokenizer_text(options.atlas)
    tokenizers = {"bert": bert_tokenizer(texts), "roberta": roberta_tokenizer(texts)}
    words = common_words(tokenizers, options.atlas)
    (options.atlas / "common_words.txt").write_text("\n".join(words) + "\n")
    build_atlas.check(options.atlas)
    # The candidates come from the first two tokenizers. The others learn from another round, and keep them whole.
    texts = tokenizer_text(options.atlas, 1, words)
    spiece = sentence_pieces(texts)
    tokenizers |= {"albert": albert_tokenizer(spiece), "gpt2": gpt2_tokenizer(texts)}
    for family, tokenizer in tokenizers.items():
        split = sorted(set(words) - single_tokens(tokenizer, family))
        print(f"{family}: {len(split)} candidates are no token {' '.join(split[:20])}", flush=True)
    for name in options.models:
        family = MODELS[name].family
        folder = options.zoo / (name + ".new")
        model = train(name, tokenizers[family], options)
        if MODELS[name].more and not options.rounds:
            model = train(name, tokenizers[family], options, model.half().float())
        save_tokenizer(tokenizers[family], family, folder, spiece)
        save_model(model, folder)
        put(folder, options.zoo / name)


if __name__ == "__main__":
    main()
