"""Writes Tests/TokenizationTests/Fixtures and the Unicode tables of Sources/Tokenization/Unicode.

Pinned: Python 3.11, tokenizers 0.23.3; for ALBERT's digests and for tokenizer_families.py, which writes the folder
families, also transformers 5.23.0, sentencepiece 0.2.3 and protobuf 7.36.2. The tables are what that package *does*, scalar by scalar, because its Rust
crates carry several Unicode versions, none of them Swift's.

    python tokenizers.py fixtures             small trained tokenizers, hard lines, their ids
    python tokenizers.py digests SHARED       digests of ids over SHARED/lama with SHARED/vocabularies
    python tokenizers.py tables               the Unicode tables
"""

import base64
import importlib
import json
import random
import shutil
import struct
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import common  # first: it takes this folder from the search path, where this file hides the package

import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

assert tokenizers.__version__ == "0.23.3", "the goldens are those of tokenizers 0.23.3"

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/TokenizationTests/Fixtures"
TABLES = ROOT / "Sources/Tokenization/Unicode"
MASK64 = (1 << 64) - 1


def write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True) + "\n")


# Text: what Tests/TokenizationTests/GeneratedText.swift generates too.

RANGES = [
    (0x20, 0x7F), (0x00, 0x300), (0x00, 0x3400), (0x300, 0x370), (0xAC00, 0xAC80), (0x1100, 0x1200),
    (0x4DF0, 0x4E40), (0x2000, 0x2070), (0x1F1E6, 0x1F680), (0x61, 0x7B), (0xE000, 0x10000), (0x10000, 0x30000),
]


class SplitMix64:
    def __init__(self, seed: int) -> None:
        self.state = seed

    def next(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK64
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
        return z ^ (z >> 31)


def generated_lines(seed: int, count: int) -> list[str]:
    """Lines of up to 48 scalars from two ranges each, with spaces, apostrophes and letters of contractions."""
    generator = SplitMix64(seed)
    lines = []
    for _ in range(count):
        length = generator.next() % 49
        pair = [RANGES[generator.next() % len(RANGES)], RANGES[generator.next() % len(RANGES)]]
        line = ""
        for _ in range(length):
            kind = generator.next() % 8
            if kind < 5:
                low, high = pair[kind % 2]
                line += chr(low + generator.next() % (high - low))
            else:
                mixture = "   \t\n'''strevlmd.,aE1"
                line += mixture[generator.next() % len(mixture)]
        lines.append(line)
    return lines


def scalar_lines() -> list[str]:
    """Every scalar of the blocks where properties change often, between letters, 64 to a line."""
    blocks = [(0, 0x3400), (0xA000, 0xAC10), (0xD7A0, 0xD800), (0xF900, 0x12000), (0x16000, 0x17000),
              (0x1B000, 0x1F000), (0x2F800, 0x2FA20), (0xE0000, 0xE0200)]
    scalars = [c for low, high in blocks for c in range(low, high)]
    return ["".join("a" + chr(c) + "B" for c in scalars[i:i + 64]) for i in range(0, len(scalars), 64)]


def fnv(rows: Iterable[list[int]]) -> str:
    """FNV-1a by whole ids, with 2^32 - 1 after each row."""
    digest = 0xCBF29CE484222325
    for row in rows:
        for value in row + [0xFFFFFFFF]:
            digest = ((digest ^ value) * 0x100000001B3) & MASK64
    return f"{digest:016x}"


HARD_LINES = [
    "", " ", "  ", "\n", " \n ", "\t\ttab", "a", " a", "a ", "  two  spaces  ", "trailing   ", "\u00a0nbsp\u00a0",
    "Hello, world!", "Dante was born in Florence.", "can't won't I'll we've you're he'd it's I'm", "CAN'T 'S 's",
    "'tis ''quoted'' it''s x's' ' s", "3.14 1,000,000 2nd 0x1F ½ ² ٣ Ⅷ 五", "e-mail@example.org https://a.b/c?d=e&f#g",
    "naïve café Ångström Łódź İstanbul ıI ǅ ß ẞ ﬁ ΑΣ ΣΑΣ", "cafe\u0301 e\u0323\u0302 a\u0315\u0300\u05ae\u0062 \u0344 x\u0335\u0338",
    "東京 とうきょう トーキョー 北京市 中文字 ㈱ ｶﾞ Ｆｕｌｌ", "한국어 한국어 ᄒ", "हिन्दी தமிழ் ไทย ລາວ မြန်မာ ខ្មែរ",
    "العربية עִבְרִית \u202bRTL\u202c \u200fx\u200e", "👩‍👩‍👧‍👦 👍🏽 🇩🇪🇫🇷 ❤️ ☺ 🏴\U000e0067\U000e007f",
    "zero\u200bwidth\u200cjoin\u200der\ufeffbom\u2060", "nul\u0000in bell\u0007 esc\u001b[0m del\u007f nel\u0085x",
    "rep\ufffdlace \ufffe \uffff private\ue000 unassigned\u0378 \U000fffff", "soft\u00adhyphen em\u2014dash \u2026 \u201cq\u201d \u2018s\u2019",
    "a\u2003b\u3000c\u2028d\u2029e\u1680f\u180eg\u000bh\u000ci\u001cj", "$+<=>^`|~ ©®™ §¶ ¿¡ ‰ ₿ € № ª º", "a_b __init__ snake_case",
    "x" * 99, "x" * 100, "x" * 101, "é" * 100, "é" * 101, "the" * 60, "ab" * 200, "!" * 50, " " * 37 + "x", "1" * 40,
    "[MASK]", "a [MASK] b", "x[MASK].", "[CLS] a [SEP]", "[mask] [UNK] [ MASK ]", "<mask>", "a <mask> b", "a  \n<mask>.", " <mask>", "x <mask> <mask>  <mask> y",
    "x<mask><mask> y",
    "<s>a</s>", "<|endoftext|>a <|endoftext|> b", "< mask > <MASK> <pad><unk>", "##ing ing## #", "Ġhello Ċ ▁x",
    "The capital of France is [MASK] .", "\r\ncrlf\r\n", "\n\n\n", " \u00a0 ", "e\u0301\u200b'\u2019s", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐐀𐐨 𞤀 🄰",
]

CORPUS = [
    "The capital of France is Paris. Dante was born in Florence, a city in Italy.",
    "the thing they thought through the theory then; there is another one in the north.",
    "Oslo, Norway; Łódź, Poland; São Paulo; Zürich; naïve café; Ångström; I can't, we've, they'll, it's.",
    "東京は日本の首都です。 北京 中文 한국어 русский язык العربية 1 2 3 2019 1984 100,000 e.g. i.e. U.S.",
    "running runner runs unknown undone walking walked walker speaking spoken language languages English German",
] * 4


def small_tokenizers() -> dict[str, Tokenizer]:
    """Trained on CORPUS, each as its family has it in tokenizer.json."""
    result = {}
    for name, lower in [("wordpiece-cased", False), ("wordpiece-uncased", True)]:
        t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        t.normalizer = normalizers.BertNormalizer(lowercase=lower)
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.decoder = decoders.WordPiece()
        t.train_from_iterator(CORPUS, trainers.WordPieceTrainer(
            vocab_size=320, show_progress=False, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
        t.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
        result[name] = t
    for name, specials in [("roberta", ["<s>", "<pad>", "</s>", "<unk>"]), ("gpt2", [])]:
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.decoder = decoders.ByteLevel()
        t.train_from_iterator(CORPUS, trainers.BpeTrainer(
            vocab_size=420, show_progress=False, special_tokens=specials,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        vocab = t.get_vocab()
        merges = [tuple(m) for m in json.loads(t.to_str())["model"]["merges"]]
        for extra in ["<mask>"] if specials else ["<|endoftext|>"]:
            vocab[extra] = len(vocab)
        t.model = models.BPE(vocab, merges)
        if specials:
            t.add_special_tokens([*specials, tokenizers.AddedToken("<mask>", lstrip=True, special=True)])
            t.post_processor = processors.RobertaProcessing(("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]))
        else:
            t.add_special_tokens(["<|endoftext|>"])
            t.post_processor = processors.ByteLevel(trim_offsets=False)
        result[name] = t
    return result


def write_legacy(folder: Path, name: str, t: Tokenizer) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if name.startswith("wordpiece"):
        tokens = sorted(t.get_vocab(), key=t.get_vocab().__getitem__)
        (folder / "vocab.txt").write_text("".join(token + "\n" for token in tokens))
        write(folder / "tokenizer_config.json", {"do_lower_case": name.endswith("uncased")})
    else:
        t.model.save(str(folder))


PROBE = {
    "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": "|",
    "fuse_unk": False, "byte_fallback": True, "ignore_merges": False,
    "vocab": {f"<0x{b:02X}>": b for b in range(256)}, "merges": [],
}
"""A model whose ids are the UTF-8 bytes of each piece and a bar after it: it shows what normalizers and
pre-tokenizers do."""

EMPTY = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
         "pre_tokenizer": None, "post_processor": None, "decoder": None, "model": PROBE}


def added(id_: int, content: str, **flags: bool) -> dict:
    standard = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return {"id": id_, "content": content, **standard, **flags}


CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|" + REST,
    "qwen2": CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|" + REST,
    "tekken": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"
              r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}|"
              r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
"""The expressions that TextPattern.swift has scanners for."""


def everything_to_x() -> bytes:
    """A character map of every byte to "X". It writes one X for a grapheme cluster of less than six bytes, and one
    for each scalar of a longer one; so it shows where clusters end."""
    units = [0] * 1024
    units[0] = 256 << 10
    for byte in range(1, 256):
        units[256 ^ byte] = 512 << 10 | 1 << 8 | byte
        units[256 ^ byte ^ 512] = 1 << 31
    return struct.pack("<1025I", 4096, *units) + b"X\0"


def components() -> dict[str, dict]:
    """The parts of tokenizer.json files around PROBE."""
    n, p = "normalizer", "pre_tokenizer"
    bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
    byte_level = {"type": "ByteLevel", "trim_offsets": True}
    return {
        "bert-cased": {n: {**bert, "lowercase": False}},
        "bert-uncased": {n: {**bert, "lowercase": True}},
        "bert-strips": {n: {**bert, "clean_text": False, "handle_chinese_chars": False, "strip_accents": True,
                            "lowercase": False}},
        "bert-lowercases": {n: {**bert, "strip_accents": False, "lowercase": True}},
        **{form.lower(): {n: {"type": form}} for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"]},
        "strip": {n: {"type": "Strip", "strip_left": True, "strip_right": True}},
        "strip-right": {n: {"type": "Strip", "strip_left": False, "strip_right": True}},
        "sequence": {
            n: {"type": "Sequence", "normalizers": [
                {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"},
                {"type": "Replace", "pattern": {"String": "''"}, "content": "\""},
                {"type": "Prepend", "prepend": "\u2581"}]},
            p: {"type": "Sequence", "pretokenizers": [
                {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"},
                {"type": "Digits", "individual_digits": True}]}},
        "nmt": {n: {"type": "Nmt"}},
        "byte-level-normalizer": {n: {"type": "ByteLevel"}},
        "graphemes": {n: {
            "type": "Precompiled", "precompiled_charsmap": base64.b64encode(everything_to_x()).decode()}},
        "replace-spaces": {n: {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}},
        "replace-regex": {n: {"type": "Replace", "pattern": {"Regex": "[a-e]+|\\s(?=\\w)"}, "content": "<>"}},
        **{f"split-{b.lower()}{'-inverted' if i else ''}": {
            p: {"type": "Split", "pattern": {"String": "e"}, "behavior": b, "invert": i}}
           for b in ["Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"]
           for i in [False, True]},
        "split-regex": {p: {"type": "Split", "pattern": {"Regex": "\\s+|[0-9]{1,2}|^x"}, "behavior": "Removed",
                            "invert": False}},
        **{f"split-{name}": {p: {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated",
                                 "invert": False}} for name, regex in PATTERNS.items()},
        "delimiter": {p: {"type": "CharDelimiterSplit", "delimiter": "\u00e9"}},
        **{f"metaspace-{scheme}{'' if splits else '-whole'}": {
            p: {"type": "Sequence", "pretokenizers": [
                {"type": "Split", "pattern": {"String": "a"}, "behavior": "Removed", "invert": False},
                {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": splits}]},
            "added_tokens": [added(256, "<mask>", special=True)]}
           for scheme in ["always", "first", "never"] for splits in [True, False]},
        "bert-pieces": {p: {"type": "BertPreTokenizer"}},
        "whitespace": {p: {"type": "Whitespace"}},
        "digits": {p: {"type": "Digits", "individual_digits": False}},
        **{f"punctuation-{b.lower()}": {p: {"type": "Punctuation", "behavior": b}}
           for b in ["Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext"]},
        "byte-level": {p: {**byte_level, "add_prefix_space": False, "use_regex": True}},
        "byte-level-prefix": {p: {**byte_level, "add_prefix_space": True, "use_regex": True}},
        "byte-level-whole": {p: {**byte_level, "add_prefix_space": True, "use_regex": False}},
        "added": {
            n: {"type": "Lowercase"}, p: {"type": "WhitespaceSplit"},
            "added_tokens": [
                # tokenizers numbers added tokens itself, from the size of the vocabulary on.
                added(256, "the", single_word=True), added(257, "ab"), added(258, "abab", rstrip=True),
                added(259, "<mask>", lstrip=True, special=True), added(260, "Hello", normalized=True),
                added(261, "x", single_word=True, lstrip=True, rstrip=True), added(262, "'s", normalized=True),
                added(263, "a\u0301"), added(264, "[MASK]", normalized=True, special=True)]},
    }


def fixtures() -> None:
    shutil.rmtree(FIXTURES / "small", ignore_errors=True)
    lines = HARD_LINES + generated_lines(seed=7, count=60)
    expected = {}
    for name, t in small_tokenizers().items():
        folder = FIXTURES / "small" / name
        write(folder / "tokenizer.json", json.loads(t.to_str()))
        write_legacy(FIXTURES / "small" / f"{name}-legacy", name, t)
        draw = random.Random(3)
        ids = [t.encode(line).ids for line in lines]
        mixed = [[draw.randrange(t.get_vocab_size()) for _ in range(12)] for _ in range(30)]
        expected[name] = {
            "ids": ids,
            "texts": [t.decode(row, skip_special_tokens=False) for row in ids + mixed],
            "textsWithoutSpecials": [t.decode(row, skip_special_tokens=True) for row in ids + mixed],
            "mixed": mixed,
            "size": t.get_vocab_size(),
        }
    write(FIXTURES / "small/expected.json", {"lines": lines, "tokenizers": expected})
    probes = {}
    for name, parts in components().items():
        t = Tokenizer.from_str(json.dumps({**EMPTY, **parts}))
        probes[name] = {
            "parts": parts,
            "lines": [fnv([t.encode(line).ids]) for line in lines],
            "scalars": fnv(t.encode(line).ids for line in scalar_lines()),
        }
    write(FIXTURES / "components.json", {"empty": EMPTY, "components": probes})
    manifest()


def manifest() -> None:
    files = [f for f in FIXTURES.rglob("*") if f.is_file() and f.name != "manifest.json"]
    packages = ["protobuf", "sentencepiece", "tokenizers", "transformers"]
    common.write_manifest(FIXTURES, "scripts/goldens/tokenizers.py", files, packages=packages)


def real_tokenizers(shared: Path) -> dict[str, Tokenizer]:
    result = {}
    for name, lower in [("bert-base-cased", False), ("bert-base-uncased", True)]:
        t = Tokenizer(models.WordPiece.from_file(str(shared / f"vocabularies/{name}/vocab.txt"), unk_token="[UNK]"))
        t.normalizer = normalizers.BertNormalizer(lowercase=lower)
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
        t.post_processor = processors.BertProcessing(
            ("[SEP]", t.token_to_id("[SEP]")), ("[CLS]", t.token_to_id("[CLS]")))
        result[name] = t
    folder = shared / "vocabularies/gpt2"
    t = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.add_special_tokens(["<|endoftext|>"])
    result["gpt2"] = t
    result["albert"] = real_albert(shared / "vocabularies/albert/spiece.model")
    return result


def real_albert(file: Path) -> Tokenizer:
    """As transformers converts it, cased and without accents. Needs transformers 5.23.0 and protobuf 7.36.2."""
    converter = importlib.import_module("transformers.convert_slow_tokenizer").AlbertConverter
    t = converter(SimpleNamespace(vocab_file=str(file), keep_accents=False, do_lower_case=False,
                                  convert_tokens_to_ids={"[CLS]": 2, "[SEP]": 3}.get)).converted()
    t.add_special_tokens(["<pad>", "<unk>", "[CLS]", "[SEP]", tokenizers.AddedToken("[MASK]", lstrip=True)])
    return t


def labels(folder: Path) -> list[str]:
    """The subjects and objects of a relation's files, in the order of first appearance."""
    found: dict[str, None] = {}
    for part in ["train", "dev", "test"]:
        for line in (folder / f"{part}.jsonl").read_text(encoding="utf-8").split("\n"):
            if line:
                found[json.loads(line)["sub_label"]] = None
                found[json.loads(line)["obj_label"]] = None
    return list(found)


def digests(shared: Path) -> None:
    texts = {folder.name: labels(folder) for folder in sorted((shared / "lama/data").iterdir())}
    texts["generated"] = generated_lines(seed=20, count=5000)
    result = {}
    for name, t in real_tokenizers(shared).items():
        result[name] = {}
        for key, lines in texts.items():
            rows = [e.ids for e in t.encode_batch(lines)]
            result[name][key] = {"lines": len(lines), "ids": sum(map(len, rows)), "digest": fnv(rows)}
    write(FIXTURES / "real.json", result)
    manifest()


# The Unicode tables.

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def varint(value: int) -> str:
    """`value` >= 0 in base 32, lowest digit first; digits 32...63 say that another one follows."""
    text = ""
    while value >= 32:
        text += DIGITS[32 + value % 32]
        value //= 32
    return text + DIGITS[value]


def signed(value: int) -> str:
    return varint(2 * value if value >= 0 else -2 * value - 1)


def packed_set(members: Iterable[int]) -> str:
    """The inversion list of a set of scalars, as differences."""
    edges: list[int] = []
    for c in sorted(members):
        if edges and edges[-1] == c:
            edges[-1] = c + 1
        else:
            edges += [c, c + 1]
    return "".join(varint(b - a) for a, b in zip([0] + edges, edges))


def packed_map(entries: dict[int, list[int]]) -> str:
    """For each key: difference to the key before, number of scalars, each scalar less the scalar it follows
    (the first one less the first one of the entry before)."""
    text, last_key, first = "", 0, 0
    for key in sorted(entries):
        values = entries[key]
        text += varint(key - last_key) + varint(len(values))
        previous = first
        for value in values:
            text += signed(value - previous)
            previous = value
        first, last_key = values[0], key
    return text


def where(test: Callable[[str], bool]) -> list[int]:
    return [c for c in SCALARS if test(chr(c))]


def sets() -> dict[str, tuple[str, list[int]]]:
    clean = normalizers.BertNormalizer(True, False, False, False)
    strip = normalizers.BertNormalizer(False, False, True, False)
    marks = normalizers.StripAccents()
    bert = pre_tokenizers.BertPreTokenizer()
    word = pre_tokenizers.Whitespace()
    digits = pre_tokenizers.Digits(individual_digits=True)
    letter = normalizers.Replace(Regex(r"\p{L}"), "")
    number = normalizers.Replace(Regex(r"\p{N}"), "")
    not_lower = normalizers.Replace(Regex(r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"), "")
    not_upper = normalizers.Replace(Regex(r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"), "")
    return {
        "removedByCleaning": (
            "What BertNormalizer's clean_text removes: category Other of unicode_categories 0.1.1, which\n"
            "  /// leaves unassigned scalars alone, less tab, line feed and carriage return; U+0000; U+FFFD.",
            where(lambda c: clean.normalize_str(c) == "")),
        "nonspacingMarks": (
            "Category Mn of unicode_categories 0.1.1, which BertNormalizer's strip_accents removes after NFD.",
            where(lambda c: strip.normalize_str(c) == "")),
        "punctuation": (
            "Category P of unicode_categories 0.1.1, and all ASCII punctuation (`$+<=>^|~` and the backtick too).",
            where(lambda c: [p for p, _ in bert.pre_tokenize_str("a" + c + "b")] == ["a", c, "b"])),
        "marks": (
            "Category M of unicode-normalization-alignments 0.1.12, which StripAccents removes.",
            where(lambda c: marks.normalize_str(c) == "")),
        "letters": ("`\\p{L}` of Oniguruma 6.9.", where(lambda c: letter.normalize_str(c) == "")),
        "numbers": ("`\\p{N}` of Oniguruma 6.9.", where(lambda c: number.normalize_str(c) == "")),
        "notLowercase": (
            "`[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]` of Oniguruma 6.9.", where(lambda c: not_lower.normalize_str(c) == "")),
        "notUppercase": (
            "`[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]` of Oniguruma 6.9.", where(lambda c: not_upper.normalize_str(c) == "")),
        "wordCharacters": (
            "`\\w` of the regex crate 1.13: added tokens with single_word, and Whitespace.",
            where(lambda c: len(word.pre_tokenize_str("a" + c + "a")) == 1)),
        "numerics": (
            "`char::is_numeric` of Rust: Digits.",
            where(lambda c: len(digits.pre_tokenize_str("a" + c)) == 2)),
    }


def scalars(text: str) -> list[int]:
    return [ord(c) for c in text]


def combining_classes(marks: Iterable[int]) -> dict[int, list[int]]:
    """The classes that NFD orders by, observed: each mark is put beside one mark of every class."""
    nfd = normalizers.NFD()
    reference: dict[int, str] = {}
    for c in SCALARS:
        known = any(nfd.normalize_str(pair) != pair for pair in ["\u0301" + chr(c), chr(c) + "\u0334"])
        if known and unicodedata.combining(chr(c)) and unicodedata.decomposition(chr(c)) == "":
            reference.setdefault(unicodedata.combining(chr(c)), chr(c))
    classes = {}
    for m in marks:
        c = chr(m)
        if nfd.normalize_str(c) != c:
            continue
        below = [k for k, r in reference.items() if nfd.normalize_str(c + r) == r + c and r != c]
        above = [k for k, r in reference.items() if nfd.normalize_str(r + c) == c + r and r != c]
        if below or above:
            same = set(reference) - set(below) - set(above)
            assert len(same) == 1, (hex(m), same)
            classes[m] = [same.pop()]
    return classes


def maps(marks: list[int]) -> dict[str, tuple[str, dict[int, list[int]]]]:
    nfd, nfkd, nfc = normalizers.NFD(), normalizers.NFKD(), normalizers.NFC()
    lower = normalizers.Lowercase()
    hangul = range(0xAC00, 0xAC00 + 11172)
    canonical = {c: scalars(nfd.normalize_str(chr(c))) for c in SCALARS
                 if c not in hangul and nfd.normalize_str(chr(c)) != chr(c)}
    compatible = {c: scalars(nfkd.normalize_str(chr(c))) for c in SCALARS
                  if c not in hangul and nfkd.normalize_str(chr(c)) != nfd.normalize_str(chr(c))}
    composed = {}
    for c in canonical:
        pair = [int(x, 16) for x in unicodedata.decomposition(chr(c)).split()]
        if len(pair) == 2 and nfc.normalize_str("".join(map(chr, pair))) == chr(c):
            composed[c] = pair
    return {
        "canonical": ("Full canonical decompositions, Hangul syllables apart.", canonical),
        "compatibility": (
            "Full compatibility decompositions, where they differ from the canonical ones.", compatible),
        "compositions": ("Primary composites with the two scalars that they are made of.", composed),
        "combiningClasses": ("Canonical combining classes other than zero.",
                             combining_classes(set(marks) | {c for c in SCALARS if unicodedata.combining(chr(c))})),
        "lowercase": ("`char::to_lowercase` of Rust where it changes a scalar; no context, so no final sigma.",
                      {c: scalars(lower.normalize_str(chr(c))) for c in SCALARS
                       if lower.normalize_str(chr(c)) != chr(c)}),
    }


CATEGORIES = ["other", "control", "prepend", "spacingMark", "extend", "linker", "nonJoiner", "joiner", "consonant",
              "pictograph", "lead", "vowel", "trail", "leadVowel", "leadVowelTrail"]
"""The cases of GraphemeCategory.swift."""


def grapheme_runs() -> str:
    """The categories of U+007F to U+1FFFF: for each run how far after the last one, how long, which."""
    probe = normalizers.Precompiled(everything_to_x())
    accent, joiner, sign = "\u0301", "\u200d", "\u00a9"

    def count(text: str) -> int:
        return len(probe.normalize_str(text))

    def category(c: str) -> str:
        if "\uac00" <= c <= "\ud7a3":
            return "other"  # arithmetic
        if count("a" + c) == 1:
            if c == joiner:
                return "joiner"
            if count("\u0915" + c + "\u0937" + accent) == 4:
                return "linker"
            if count(sign + c + joiner + sign + accent) != 5:
                return "spacingMark"
            return "extend" if count("\u0915" + c + "\u094d\u0937" + accent) == 5 else "nonJoiner"
        tests = [
            ("prepend", count(c + "a") == 1),
            ("control", count(c + accent + accent) == 2),
            ("pictograph", count(c + joiner + sign + accent) == 4),
            ("consonant", count(c + "\u094d\u0937" + accent) == 4),
            ("lead", count(c + "\u1100" + accent) == 3),
            ("vowel", count(c + "\u1161" + accent) == 3),
            ("trail", count(c + "\u11a8" + accent) == 3),
        ]
        return next((name for name, holds in tests if holds), "other")

    text, end = "", 0
    found = {c: category(chr(c)) for c in SCALARS if c >= 0x7F}
    for c in range(0x7F, 0x20000):
        name = found.get(c, "other")
        if name == "other" or found.get(c - 1, "other") == name and c > 0x7F:
            continue
        length = next(n for n in range(1, 0x20000) if found.get(c + n, "other") != name)
        text += varint(c - end) + varint(length) + varint(CATEGORIES.index(name))
        end = c + length
    high = {c for c in found if c >= 0x20000 and found[c] != "other"}
    tags = {*range(0xE0020, 0xE0080), *range(0xE0100, 0xE01F0)}  # GraphemeCategory.init has these
    assert high == set(range(0xE0000, 0xE1000)) and {c for c in high if found[c] == "extend"} == tags
    return text


def literal(text: str, indent: str) -> str:
    width = 108 - len(indent)
    lines = [text[i:i + width] for i in range(0, len(text), width)]
    return '"""\n' + "\\\n".join(indent + line for line in lines) + "\n" + indent + '"""'


def tables() -> None:
    def emit(path: str, kind: str, entries: list[tuple[str, str, str]]) -> None:
        text = f"// Written by scripts/goldens/tokenizers.py from tokenizers 0.23.3; do not edit.\n\nextension {kind} {{\n"
        text += "\n".join(f"  /// {doc}\n  static let {name} = {kind}(\n    packed: {literal(packed, '      ')})\n"
                          for name, doc, packed in entries)
        (TABLES / path).write_text(text + "}\n")

    observed = sets()
    emit("UnicodeSet+Tables.swift", "UnicodeSet",
         [(name, doc, packed_set(members)) for name, (doc, members) in observed.items()])
    for name, (doc, entries) in maps(observed["marks"][1]).items():
        emit(f"UnicodeMap+{name[0].upper()}{name[1:]}.swift", "UnicodeMap", [(name, doc, packed_map(entries))])
    (TABLES / "GraphemeCategory+Table.swift").write_text(
        "// Written by scripts/goldens/tokenizers.py from tokenizers 0.23.3; do not edit.\n\n"
        "extension GraphemeCategory {\n"
        "  /// Runs of one category from U+007F on, Hangul syllables apart: how far after the last run, how long, which.\n"
        f"  static let packedRuns = {literal(grapheme_runs(), '    ')}\n}}\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fixtures"]: fixtures()
        case ["digests", folder]: digests(Path(folder))
        case ["tables"]: tables()
        case _: sys.exit(__doc__)
