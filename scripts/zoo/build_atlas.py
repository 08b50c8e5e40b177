#!/usr/bin/env python3
"""Builds the atlas, a probing set in LAMA's layout, from the lists in facts/ and from the packages iso-codes and tzdata.

    python3 build_atlas.py                  # writes ../../share/promptferry/atlas
    python3 build_atlas.py --check          # only checks what is there
"""
import argparse
import collections
import hashlib
import json
import pathlib
import re
import uuid

HERE = pathlib.Path(__file__).resolve().parent
FACTS = HERE / "facts"
ATLAS = HERE.parent.parent / "share" / "promptferry" / "atlas"
ISO_CODES = pathlib.Path("/usr/share/iso-codes/json")
ZONE_TAB = pathlib.Path("/usr/share/zoneinfo/zone.tab")

# id, label, manual template, type
RELATIONS = [
    ("capital", "capital of a country", "The capital of [X] is [Y] .", "1-1"),
    ("continent", "continent of a country, river or mountain", "[X] is in [Y] .", "N-1"),
    ("language", "official language of a country", "In [X] you hear [Y] .", "N-1"),
    ("currency", "currency of a country", "[X] pays in [Y] .", "N-1"),
    ("city", "country of a city", "[X] is located in [Y] .", "N-1"),
    ("region", "country of a region", "[X] lies inside [Y] .", "N-1"),
    ("symbol", "symbol of a chemical element", "[X] is known as [Y] .", "1-1"),
    ("author", "author of a work", "[X] was written by [Y] .", "N-1"),
    ("occupation", "occupation of a person", "[X] is a [Y] by profession .", "N-1"),
    ("birthplace", "place of birth of a person", "[X] is from [Y] .", "N-1"),
    ("nationality", "nationality of a person", "[X] is a [Y] citizen .", "N-1"),
    ("instrument", "instrument of a musician", "[X] plays [Y] .", "N-1"),
    ("sport", "sport of an athlete", "[X] plays [Y] .", "N-1"),
    ("animal", "class of an animal", "A [X] is a [Y] .", "N-1"),
    ("plant", "kind of a plant or food", "[X] is a kind of [Y] .", "N-1"),
    ("past", "past tense of a verb", "The past of [X] is [Y] .", "1-1"),
    ("opposite", "opposite of a word", "[X] is the opposite of [Y] .", "1-1"),
    ("myth", "mythology of a god or hero", "[X] was honoured by the [Y] people .", "N-1"),
    ("landmark", "city of a landmark", "[X] is located in [Y] .", "N-1"),
    ("family", "family of a language", "[X] is one of the [Y] languages .", "N-1"),
    ("industry", "product of a company", "[X] makes [Y] .", "N-1"),
]
MOST_FACTS = 180  # in one relation
TRAIN, DEV = 0.55, 0.15  # the rest is test

# Zones of tzdata that are islands or regions, not cities, or that are disputed.
NOT_CITIES = {"Lord Howe", "Simferopol", "Famagusta", "Noronha", "Bahia", "Kamchatka", "Sakhalin", "Lindeman", "Urumqi",
              "Acre", "Chihuahua", "San Luis", "Tucuman", "Catamarca", "Eucla", "Jerusalem", "Ceuta", "Tirane"}
# Countries whose list of regions has disputed entries.
REGIONS_NOT_OF = set("AZ CN CY GE IL IN MA PE PK RS RU SD UA".split())
# Regions whose name is only a direction or has a namesake elsewhere.
VAGUE = re.compile(r"\b(North|South|East|West|Northern|Southern|Eastern|Western|River|Rivers|Delta|Para)\b")
REGION_TYPES = set("Province State Region County Department District Governorate Prefecture Canton".split())


def lines(name):
    for line in (FACTS / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def columns(name):
    return [line.split("|") for line in lines(name)]


def groups(name):
    """Lines `object (role): subject; subject`, as pairs (subject, object)."""
    for line in lines(name):
        head, tail = line.split(": ", 1)
        for subject in tail.split(";"):
            if subject.strip():
                yield subject.strip(), re.sub(r" \(.*\)", "", head)


def countries_of_codes(known):
    """ISO 3166-1 alpha-2 code -> name, for the countries of countries.txt whose name is one word."""
    found = {}
    for entry in json.loads((ISO_CODES / "iso_3166-1.json").read_text())["3166-1"]:
        for key in ("common_name", "name"):
            name = entry.get(key, "").split(",")[0]
            if name in known and " " not in name:
                found[entry["alpha_2"]] = name
    return found


def zone_cities(codes):
    for line in ZONE_TAB.read_text().splitlines():
        if line.startswith("#"):
            continue
        code, _, zone = line.split("\t")[:3]
        area, city = zone.split("/")[0], zone.split("/")[-1].replace("_", " ")
        if code in codes and area in {"Africa", "America", "Asia", "Europe", "Australia"} and city not in NOT_CITIES:
            yield city, codes[code]


def regions(codes, taken):
    entries = json.loads((ISO_CODES / "iso_3166-2.json").read_text())["3166-2"]
    times = collections.Counter(entry["name"] for entry in entries)
    found = collections.defaultdict(list)
    for entry in entries:
        code, name = entry["code"][:2], entry["name"]
        if (code in codes and code not in REGIONS_NOT_OF and entry["type"] in REGION_TYPES and "parent" not in entry
                and re.fullmatch(r"[A-Z][a-z]{3,}( [A-Z][a-z]{3,})?", name) and times[name] == 1 and name not in taken
                and not VAGUE.search(name)):
            found[codes[code]].append(name)
    for country, names in sorted(found.items()):
        for name in sorted(names, key=digest)[:6]:
            yield name, country


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def gather():
    """Relation -> pairs (subject, object), before any is dropped."""
    facts = collections.defaultdict(list)
    countries = columns("countries.txt")
    known = {row[0] for row in countries}
    for country, capital, continent, language, currency in countries:
        facts["capital"].append((country, capital))
        facts["continent"].append((country, continent))
        facts["language"].append((country, language))
        facts["currency"].append((country, currency))
        facts["city"].append((capital, country))
    facts["continent"] += groups("rivers.txt")
    codes = countries_of_codes(known)
    facts["city"] += groups("cities.txt")
    facts["city"] += zone_cities(codes)
    cities = {city for city, _ in facts["city"]}
    facts["region"] += regions(codes, cities | known)
    facts["symbol"] += [(element, symbol) for element, symbol in columns("elements.txt")]
    people = columns("people.txt")
    times = collections.Counter(row[1] for row in people)
    for person, town, nationality, occupation in people:
        if times[town] > 1 or town in cities:
            facts["birthplace"].append((person, town))
        facts["nationality"].append((person, nationality))
        facts["occupation"].append((person, occupation))
    for relation, name in [("author", "books.txt"), ("instrument", "musicians.txt"), ("sport", "athletes.txt"),
                           ("animal", "animals.txt"), ("plant", "plants.txt"), ("myth", "myths.txt"),
                           ("landmark", "landmarks.txt"), ("family", "families.txt"), ("industry", "makers.txt")]:
        facts[relation] += groups(name)
    for relation, name in [("past", "past.txt"), ("opposite", "opposites.txt")]:
        for line in lines(name):
            facts[relation] += [tuple(pair.strip().split("=")) for pair in line.split(";") if pair.strip()]
    return facts


def select(pairs):
    """Single-word objects, one object a subject, and at most MOST_FACTS."""
    objects = collections.defaultdict(set)
    for subject, obj in pairs:
        if re.fullmatch(r"[A-Za-z]+", obj) and subject not in ("-", obj):
            objects[subject].add(obj)
    kept = [(subject, min(found)) for subject, found in objects.items() if len(found) == 1]
    return sorted(kept, key=lambda pair: digest(pair[0]))[:MOST_FACTS]


def build(folder):
    facts = gather()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "relations.jsonl", "w") as out:
        for relation, label, template, kind in RELATIONS:
            out.write(json.dumps({"relation": relation, "label": label, "template": template, "type": kind}) + "\n")
    for relation, *_ in RELATIONS:
        pairs = sorted(select(facts[relation]), key=lambda pair: digest(relation + pair[0]))
        train, dev = round(len(pairs) * TRAIN), round(len(pairs) * (TRAIN + DEV))
        data = folder / "data" / relation
        data.mkdir(parents=True, exist_ok=True)
        for split, part in [("train", pairs[:train]), ("dev", pairs[train:dev]), ("test", pairs[dev:])]:
            with open(data / f"{split}.jsonl", "w") as out:
                for subject, obj in part:
                    name = uuid.uuid5(uuid.NAMESPACE_URL, f"promptferry/atlas/{relation}/{subject}")
                    out.write(json.dumps({"sub_label": subject, "obj_label": obj, "predicate_id": relation,
                                          "uuid": str(name)}) + "\n")


def load(folder=ATLAS):
    """Relation -> split -> pairs (subject, object); and relation -> manual template."""
    templates = {row["relation"]: row["template"] for row in map(json.loads, open(folder / "relations.jsonl"))}
    facts = {}
    for relation in templates:
        facts[relation] = {}
        for split in ("train", "dev", "test"):
            rows = map(json.loads, open(folder / "data" / relation / f"{split}.jsonl"))
            facts[relation][split] = [(row["sub_label"], row["obj_label"]) for row in rows]
    return facts, templates


def check(folder):
    facts, templates = load(folder)
    total = 0
    for relation, splits in facts.items():
        pairs = [pair for part in splits.values() for pair in part]
        subjects = [subject for subject, _ in pairs]
        assert len(subjects) == len(set(subjects)), f"{relation}: a subject occurs twice"
        assert all(re.fullmatch(r"[A-Za-z]+", obj) for _, obj in pairs), f"{relation}: an object is not one word"
        total += len(pairs)
        print(f"{relation:12} {len(pairs):4} facts  {len({obj for _, obj in pairs}):3} objects  "
              + "  ".join(f"{split} {len(part)}" for split, part in splits.items()))
    words = folder / "common_words.txt"
    if words.exists():
        common = words.read_text().split()
        missing = {obj for splits in facts.values() for part in splits.values() for _, obj in part} - set(common)
        assert common == sorted(set(common)), "common_words.txt is not sorted"
        assert not missing, f"objects that are no common words: {sorted(missing)}"
        print(f"{len(common)} common words")
    print(f"{len(templates)} relations, {total} facts")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--atlas", type=pathlib.Path, default=ATLAS, help="the folder of the atlas")
    options.add_argument("--check", action="store_true", help="check only, write nothing")
    options = options.parse_args()
    if not options.check:
        build(options.atlas)
    check(options.atlas)
