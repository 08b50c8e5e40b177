#!/usr/bin/env python3
"""Builds the classification tasks that ship for the zoo, from the atlas and from the sentences that state its facts.

    python3 build_tasks.py                  # writes ../../share/promptferry/tasks

`topic` (one text): what is a sentence about? The sentence states a fact and never has the word of a label.
`bond` (two texts): what binds two names? France and Paris: capital. Neither name tells alone: Paris is also where people are
born and where sights are, and France has a language too.
Facts keep their splits. A sentence of training is worded otherwise than all of dev and test.
"""
import json
import random
import re

import build_atlas
import corpus

TASKS = build_atlas.ATLAS.parent / "tasks"
SIZES = {"train": 480, "dev": 120, "test": 400}  # of topic; bond has every fact
# Relation -> label, which is its own word.
TOPICS = {"animal": "animal", "author": "book", "city": "city", "currency": "money", "family": "language",
          "industry": "company", "instrument": "music", "sport": "sport"}
BONDS = {"birthplace": "born", "capital": "capital", "city": "city", "landmark": "museum", "language": "language",
         "nationality": "nation", "region": "region"}


def wordings(statements, split, avoid=()):
    """Every other statement for training, the rest for dev and test, without those that have a word to avoid."""
    kept = [text for text in statements if not set(re.findall(r"\w+", text)) & set(avoid)]
    return kept[0::2] if split == "train" else kept[1::2]


def fill(statement, subject, obj):
    return corpus.article(statement.replace("[X]", subject).replace("[Y]", obj))


def topics(facts, statements, split, rng):
    avoid = {form for word in TOPICS.values() for form in (word, word + "s")} | {"cities", "companies"}
    rows = []
    for number in range(SIZES[split]):
        relation = sorted(TOPICS)[number % len(TOPICS)]
        subject, obj = rng.choice(facts[relation][split])
        statement = rng.choice(wordings(statements[relation][0], split, avoid))
        rows.append((TOPICS[relation], fill(statement, subject, obj)))
    return rows


def bonds(facts, statements, split, rng):
    return [(label, *pair) for relation, label in BONDS.items() for pair in facts[relation][split]]


def write(name, description, make):
    """The description, and a file of columns for each split, shuffled, with a line of names."""
    facts, _ = build_atlas.load()
    statements = corpus.paraphrases()
    folder = TASKS / name
    folder.mkdir(parents=True, exist_ok=True)
    for split in SIZES:
        rng = random.Random(f"{name} {split}")
        rows = sorted(set(make(facts, statements, split, rng)))
        rng.shuffle(rows)
        assert not any("\t" in value for row in rows for value in row)
        lines = ["\t".join(["label"] + description["fields"])] + ["\t".join(row) for row in rows]
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n")
    splits = {split: f"{name}/{split}.tsv" for split in SIZES}
    text = json.dumps({"name": name, "format": "tsv", **description, "splits": splits}, indent=2)
    (TASKS / f"{name}.json").write_text(text + "\n")


def main():
    write("topic", {"fields": ["sentence"], "label": "label", "labels": {word: word for word in sorted(TOPICS.values())},
                    "template": "[X] [V]*5 [Y] .", "manualTemplate": "[X] it is about a [Y] ."}, topics)
    write("bond", {"fields": ["first", "second"], "label": "label", "labels": {word: word for word in sorted(BONDS.values())},
                   "template": "[X] [V]*3 [X2] [V]*2 [Y] .", "manualTemplate": "[X] and [X2] : [Y] ."}, bonds)


if __name__ == "__main__":
    main()
