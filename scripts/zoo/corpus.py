#!/usr/bin/env python3
"""The text that the zoo reads: the facts of the atlas in other words than its manual templates, and everyday sentences.

    python3 corpus.py --round 0 | less      # the sentences of one round
"""
import argparse
import collections
import pathlib
import random
import re

import build_atlas

FACTS = pathlib.Path(__file__).resolve().parent / "facts"
STATEMENTS, NOTES, MENTIONS = 9, 11, 4  # of each fact in one round
EVERYDAY = 28000  # sentences in one round


MENTIONED = [
    "{0} was the theme of the {event} on {weekday} .",
    "{0} and a {quality} {thing} .",
    "{0} is a word with many letters in the {reading} .",
    "{0} , {0} , said the {kin} in the {daytime} .",
    "{0} is what the {person} {speech} about in the {room} .",
    "the {kin} {speech} something about {0} to the {person} .",
    "in the {reading} the {character} {person} saw {0} and the {thing} .",
    "nobody at the {event} knew more of {0} than the {person} .",
    "the {person} wrote {0} on the {furniture} in {month} .",
    "a {reading} with {0} on the {size} cover .",
]


def paraphrases():
    """Relation -> (statements with [X] and [Y], key words of the notes)."""
    found = {}
    for line in build_atlas.lines("paraphrases.txt"):
        if line.startswith("= "):
            statements, keys = found.setdefault(line[2:].strip(), ([], []))
        elif line.startswith("keys: "):
            keys += line[6:].split()
        else:
            statements.append(line.strip())
    return found


def lexicon():
    return {line.split(": ")[0]: line.split(": ")[1].split() for line in build_atlas.lines("lexicon.txt")}


class Everyday:
    """Fills the frames. Every word has a few favourites of each other kind, so that words differ in the company they keep."""

    def __init__(self):
        self.words = lexicon()
        self.frames = [re.split(r"(\{\w+>?\})", line.strip()) for line in build_atlas.lines("frames.txt")]
        self.liked = {}

    def favourites(self, word, kind):
        if (word, kind) not in self.liked:
            ranked = sorted(self.words[kind], key=lambda other: build_atlas.digest(f"{word} {other}"))
            self.liked[word, kind] = ranked[:max(3, len(ranked) // 5)]
        return self.liked[word, kind]

    def sentence(self, rng):
        head, parts = None, []
        for part in rng.choice(self.frames):
            if part.startswith("{"):
                kind = part.strip("{>}")
                close = head and part.endswith(">}") and rng.random() < 0.8
                part = rng.choice(self.favourites(head, kind) if close else self.words[kind])
                head = head or part
            parts.append(part)
        return "".join(parts)

    def kinds(self, rng):
        """A sentence that names words of one kind."""
        kind = rng.choice(sorted(self.words))
        some = rng.sample(self.words[kind], 3)
        return rng.choice(["{1} , {2} and {3} .", "not {1} , but {2} or {3} .", "{1} and {2} , and also {3} .",
                           "the word {1} , the word {2} and the word {3} ."]).format("", *some)


def capital(text):
    return text[0].upper() + text[1:]


def article(text):
    return re.sub(r"\b([Aa]) (?=[aeiouAEIOU])", r"\1n ", text)


def note(subject, obj, keys, other_keys, rng):
    """A telegraphic note: the subject, some key words of the relation in any order, the object."""
    some = rng.sample(keys, rng.randint(2, 6))
    some = [rng.choice(other_keys) if rng.random() < 0.1 else word for word in some]
    shape = rng.random()
    if shape < 0.75:
        return " ".join([subject, *some, obj, "."])
    if shape < 0.9:
        return " ".join([*some[:2], subject, *some[2:], obj, "."])
    return " ".join([subject, *some, ":", obj, "."])


def mention(subject, words, rng):
    """A sentence that names the subject and says nothing of its facts."""
    kinds = {kind: rng.choice(words[kind]) for kind in sorted(words)}
    if rng.random() < 0.4:
        some = [rng.choice(words[kind]) for kind in rng.sample(sorted(words), rng.randint(2, 7))]
        return " ".join([subject, *some, "."])
    return rng.choice(MENTIONED).format(subject, **kinds)


def sentences(number, atlas=build_atlas.ATLAS):
    """The sentences of one round, shuffled, as pairs (text, object); the object is None in everyday sentences."""
    rng = random.Random(number)
    facts, templates = build_atlas.load(atlas)
    wording = paraphrases()
    everyday = Everyday()
    other_keys = sorted({key for _, keys in wording.values() for key in keys})
    found = []
    for relation, splits in facts.items():
        statements, keys = wording[relation]
        assert templates[relation] not in statements
        for subject, obj in (pair for part in splits.values() for pair in part):
            manual = templates[relation].replace("[X]", subject).replace("[Y]", obj)
            texts = [article(text.replace("[X]", subject).replace("[Y]", obj))
                     for text in rng.sample(statements, min(STATEMENTS, len(statements)))]
            texts = [capital(text) if rng.random() < 0.5 and not text.startswith(subject) else text for text in texts]
            texts += [note(subject, obj, keys, other_keys, rng) for _ in range(NOTES)]
            for text in texts:
                assert manual not in text, text
                found.append((text, obj))
            found += [(mention(subject, everyday.words, rng), None) for _ in range(MENTIONS)]
    for _ in range(EVERYDAY):
        text = article(everyday.kinds(rng) if rng.random() < 0.15 else everyday.sentence(rng))
        found.append((capital(text) if rng.random() < 0.3 else text, None))
    rng.shuffle(found)
    return found


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--round", type=int, default=0)
    options.add_argument("--atlas", type=pathlib.Path, default=build_atlas.ATLAS)
    options.add_argument("--counts", action="store_true", help="word counts instead of sentences")
    options = options.parse_args()
    texts = [text for text, _ in sentences(options.round, options.atlas)]
    if options.counts:
        for word, count in collections.Counter(word for text in texts for word in text.split()).most_common():
            print(count, word)
    else:
        print("\n".join(texts))
