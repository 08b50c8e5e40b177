"""Writes Tests/TokenizationTests/Fixtures/families: a small tokenizer of each family, and the digests of its ids.

Pinned: Python 3.11, tokenizers 0.23.3, transformers 5.23.0, sentencepiece 0.2.3, protobuf 7.36.2. SentencePiece models
are trained by sentencepiece and converted by transformers' convert_slow_tokenizer.py; the byte-level ones have the
components that their families' tokenizer.json has.

    python tokenizer_families.py
"""

import importlib
import importlib.util
import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import common  # first: it takes this folder from the search path, where tokenizers.py hides the package

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

convert = importlib.import_module("transformers.convert_slow_tokenizer")  # a function has the name too
spec = importlib.util.spec_from_file_location("goldens", common.HERE / "tokenizers.py")
goldens = importlib.util.module_from_spec(spec)
spec.loader.exec_module(goldens)

FOLDER = goldens.FIXTURES / "families"
RULES = [
    "\u2122\tTM", "\u00a0\t ", "\u3000\t ", "\u2003\t ", "\t\t ", "\n\t ", "\r\t ", "\u0007\t", "\u200b\t", "\u00ad\t",
    "\u00bd\t1\u20442", "\u00b2\t2", "\u2167\tVIII", "\ufb01\tfi", "\u3231\t(\u682a)", "\uff26\tF", "\uff55\tu",
    "\uff4c\tl", "\u2026\t...", "\u00aa\ta", "\u00b5\t\u03bc", "e\u0301\t\u00e9", "a\u0301\t\u00e1", "A\u030a\t\u00c5",
    "\uff76\t\u30ab", "\uff76\uff9e\t\u30ac", "\u1112\u1161\t\ud558", "\u1112\u1161\u11ab\t\ud55c", "\u212b\t\u00c5",
    "\U0001d518\tU", "\U0001d52b\tn", "\u00a9\t(c)", "\u0301\t",
]
"""A character map of few rules, of one and of several scalars, to nothing, one and several: nmt_nfkc has 250 kB. The
whole of it is checked by the digests of ALBERT's spiece.model in real.json."""



class MergeExtractor:
    """What SentencePieceExtractor was until transformers 4: merges by the scores of what they make. That of 5.23.0 no
    longer takes the scores that SpmConverter.tokenizer gives it."""

    def __init__(self, file: str) -> None:
        self.sp = sentencepiece.SentencePieceProcessor(model_file=file)

    def extract(self, scores: list[tuple[str, float]]) -> tuple[dict[str, int], list[tuple[str, str]]]:
        vocab = {self.sp.id_to_piece(i): i for i in range(self.sp.get_piece_size())}
        if "\t" not in vocab:
            vocab["\t"] = vocab.get("<0x09>")  # Gemma's extractor
        return vocab, convert.generate_merges(vocab, scores)


class LlamaConverter(convert.LlamaConverter):
    SpmExtractor = MergeExtractor


class GemmaConverter(convert.GemmaConverter):
    SpmExtractor = MergeExtractor


TEXT = goldens.CORPUS + goldens.HARD_LINES[:40]


def train_sentencepiece(path: Path, name: str, size: int, **options: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.tsv"
        rows = [["".join(f"{ord(c):X} " for c in part).strip() for part in rule.split("\t")]
                for rule in RULES if rule.count("\t") == 1]
        rows += [["9", "20"]]
        rules.write_text("".join("\t".join(row) + "\n" for row in rows))
        if options.pop("maps", True):
            options["normalization_rule_tsv"] = str(rules)
        else:
            options["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(line for line in TEXT if line.strip() and "\0" not in line),
            model_prefix=f"{folder}/m", vocab_size=size, hard_vocab_limit=False, character_coverage=0.995,
            num_threads=1, minloglevel=2, **options)
        path.mkdir(parents=True, exist_ok=True)
        shutil.copy(f"{folder}/m.model", path / name)


def specials(t: Tokenizer, *tokens: str, mask: str | None = None) -> None:
    added = [AddedToken(token, normalized=False, special=True) for token in tokens]
    if mask:
        added.append(AddedToken(mask, lstrip=True, normalized=False, special=True))
    t.add_special_tokens(added)


def sentencepiece_tokenizers() -> dict[str, Tokenizer]:
    result = {}

    def convert_with(name: str, file: str, converter: type, ids: dict[str, int], config: dict, **original: object) -> Tokenizer:
        path = FOLDER / f"{name}-spm" / file
        stub = SimpleNamespace(vocab_file=str(path), convert_tokens_to_ids=ids.get, **original)
        if config:
            goldens.write(path.parent / "tokenizer_config.json" if "model_type" not in config else path.parent / "config.json", config)
        result[name] = converter(stub).converted()
        return result[name]

    def train(name: str, file: str, size: int, **options: object) -> None:
        train_sentencepiece(FOLDER / f"{name}-spm", file, size, **options)

    train("albert", "spiece.model", 300, model_type="unigram", pad_id=0, unk_id=1, bos_id=2, eos_id=3, unk_piece="<unk>",
          pad_piece="<pad>", bos_piece="[CLS]", eos_piece="[SEP]", control_symbols=["[MASK]"],
          user_defined_symbols=["(", ")", "-"])
    t = convert_with("albert", "spiece.model", convert.AlbertConverter, {"[CLS]": 2, "[SEP]": 3}, {},
                     keep_accents=False, do_lower_case=True)
    specials(t, "[CLS]", "[SEP]", "<unk>", "<pad>", mask="[MASK]")

    train("t5", "spiece.model", 320, model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    t = convert_with("t5", "spiece.model", convert.T5Converter, {"</s>": 1}, {"extra_ids": 10, "legacy": False},
                     _extra_ids=10, legacy=False)
    specials(t, "</s>", "<unk>", "<pad>", *[f"<extra_id_{i}>" for i in range(10)])

    train("xlm-roberta", "sentencepiece.bpe.model", 320, model_type="unigram", unk_id=0, bos_id=1, eos_id=2, pad_id=-1)
    t = convert_with("xlm-roberta", "sentencepiece.bpe.model", convert.XLMRobertaConverter, {"<s>": 0, "</s>": 2},
                     {"model_type": "xlm-roberta"})
    specials(t, "<s>", "</s>", "<unk>", "<pad>", mask="<mask>")

    train("camembert", "sentencepiece.bpe.model", 320, model_type="unigram", unk_id=0, bos_id=1, eos_id=2, pad_id=-1, maps=False)
    t = convert_with("camembert", "sentencepiece.bpe.model", convert.CamembertConverter, {"<s>": 5, "</s>": 6},
                     {"model_type": "camembert"})
    specials(t, "<s>", "</s>", "<unk>", "<pad>", mask="<mask>")

    for name, legacy in [("llama2", True), ("llama2-first", False)]:
        train(name, "tokenizer.model", 760, model_type="bpe", unk_id=0, bos_id=1, eos_id=2, pad_id=-1, byte_fallback=True,
              split_digits=True, remove_extra_whitespaces=False, maps=False)
        t = convert_with(name, "tokenizer.model", LlamaConverter, {}, {} if legacy else {"legacy": False},
                         legacy=legacy, add_prefix_space=True, convert_ids_to_tokens=["<unk>", "<s>", "</s>"].__getitem__)
        specials(t, "<unk>", "<s>", "</s>")
        t.post_processor = processors.TemplateProcessing(
            single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])

    train("gemma", "tokenizer.model", 800, model_type="bpe", pad_id=0, eos_id=1, bos_id=2, unk_id=3, bos_piece="<bos>",
          eos_piece="<eos>", byte_fallback=True, split_digits=True, add_dummy_prefix=False,
          remove_extra_whitespaces=False, allow_whitespace_only_pieces=True, maps=False,
          user_defined_symbols=["<mask>", "<start_of_turn>", "\n", "\n\n", "\u2581\u2581", "\u2581\u2581\u2581"])
    t = convert_with("gemma", "tokenizer.model", GemmaConverter, {}, {}, pad_token="<pad>", eos_token="<eos>",
                     bos_token="<bos>")
    specials(t, "<bos>", "<eos>", "<unk>", "<pad>", mask="<mask>")
    t.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos>:1 $B:1", special_tokens=[("<bos>", 2)])
    return result


def byte_level_tokenizers() -> dict[str, Tokenizer]:
    result = {}
    for name, names in [
        ("llama3", ["<|begin_of_text|>", "<|end_of_text|>"]), ("qwen2", ["<|endoftext|>", "<|im_start|>"]),
        ("tekken", ["<unk>", "<s>", "</s>"]), ("bart", ["<s>", "<pad>", "</s>", "<unk>"]),
    ]:
        t = Tokenizer(models.BPE())
        if name == "bart":
            t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        else:
            t.pre_tokenizer = pre_tokenizers.Sequence([
                pre_tokenizers.Split(Regex(goldens.PATTERNS[name]), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        t.train_from_iterator(TEXT, trainers.BpeTrainer(
            vocab_size=420, show_progress=False, special_tokens=names if name in ("bart", "tekken") else [],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        vocab = t.get_vocab()
        merges = [tuple(m) for m in json.loads(t.to_str())["model"]["merges"]]
        if name in ("llama3", "tekken"):  # words that no merge makes: only ignore_merges finds them
            for word in ["\u0120Florence", "walking", "\u0120\u0120\u0120\u0120\u0120"]:
                vocab.setdefault(word, len(vocab))
        t.model = models.BPE(vocab, merges, ignore_merges=name in ("llama3", "tekken"))
        if name == "qwen2":
            t.normalizer = normalizers.NFC()
        t.decoder = decoders.ByteLevel()
        specials(t, *names, mask="<mask>" if name == "bart" else None)
        byte_level = processors.ByteLevel(trim_offsets=False)
        if name == "llama3":
            bos = names[0]
            t.post_processor = processors.Sequence([byte_level, processors.TemplateProcessing(
                single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, t.token_to_id(bos))])])
        elif name == "bart":
            t.post_processor = processors.RobertaProcessing(("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]))
        else:
            t.post_processor = byte_level
        result[name] = t
    return result


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    lines = goldens.HARD_LINES + goldens.generated_lines(seed=7, count=60)
    many = goldens.generated_lines(seed=31, count=100_000)
    expected = {}
    for name, t in {**sentencepiece_tokenizers(), **byte_level_tokenizers()}.items():
        goldens.write(FOLDER / name / "tokenizer.json", json.loads(t.to_str()))
        draw = random.Random(3)
        ids = [e.ids for e in t.encode_batch(lines)]
        mixed = [[draw.randrange(t.get_vocab_size()) for _ in range(12)] for _ in range(30)]
        rows = [e.ids for e in t.encode_batch(many)]
        expected[name] = {
            "ids": [goldens.fnv([row]) for row in ids],
            "mixed": mixed,
            "texts": [goldens.fnv([[ord(c) for c in t.decode(row, skip_special_tokens=skip)]])
                      for row in ids + mixed for skip in (False, True)],
            "scalars": goldens.fnv(e.ids for e in t.encode_batch(goldens.scalar_lines())),
            "many": {"lines": len(many), "ids": sum(map(len, rows)), "digest": goldens.fnv(rows)},
            "size": t.get_vocab_size(),
        }
    goldens.write(FOLDER / "expected.json", expected)
    goldens.manifest()


if __name__ == "__main__":
    main()
