#!/bin/bash
# What carries between two real decoders where answers are compared as texts, out of the closed set of the relation, and where they are looked
# for among all words: for each relation and direction the accuracy of the target's manual template, of the prompt on its source, carried by
# the default, drawn at random, and carried but asked for words (docs/findings.md, "Closed sets").
#
#   text_answers.sh BINARY MODELS LAMA [RELATION ...]     MODELS: the folder of `make real`; LAMA: relations.jsonl and data/
#
# 200 training, 60 development and 200 test facts of each relation, drawn once; five epochs; from the template's words. Some ten minutes a row
# on two cores.
set -euo pipefail
binary=$(realpath "$1") models=$(realpath "$2") lama=$(realpath "$3")
shift 3
[ $# -gt 0 ] || set -- P413 P103 P30 P140 P407 P1412
cd "$(mktemp -d)"
accuracy() {
  "$binary" evaluate --quiet --json "$@" | python3 -c "import json, sys; d = json.load(sys.stdin); print(round(100 * d['microAccuracy'], 1), 'of', d['vocabularySize'], end=' ')"
}
for relation; do
  for split in train dev test; do
    mkdir -p "facts/$relation"
    count=200
    [ $split = dev ] && count=60
    shuf -n "$count" --random-source=<(yes) "$lama/data/$relation/$split.jsonl" > "facts/$relation/$split.jsonl"
  done
  template=$(grep "\"$relation\"" "$lama/relations.jsonl" | python3 -c "import json, sys; print(json.loads(sys.stdin.readline())['template'])")
  for direction in "SmolLM2-135M-Instruct.Q4_1 gemma-3-270m.Q4_K_M" "gemma-3-270m.Q4_K_M SmolLM2-135M-Instruct.Q4_1"; do
    read -r from to <<< "$direction"
    source="$models/$from.gguf" target="$models/$to.gguf" facts="facts/$relation"
    "$binary" tune --quiet --answers text --model "$source" --facts "$facts" --template "[X] [V]*5 [Y] ." --init "template:$template" --epochs 5 -o tuned > /dev/null
    "$binary" transfer --quiet --from "$source=tuned" --to "$target" -o carried > /dev/null
    "$binary" transfer --quiet --from "$source=tuned" --to "$target" --method random -o drawn > /dev/null
    echo -n "$relation $from to $to: template "; accuracy --model "$target" --template "$template" --facts "$facts" --answers text
    echo -n "| source "; accuracy --model "$source" --prompt tuned --facts "$facts" --answers text
    echo -n "| carried "; accuracy --model "$target" --prompt carried --facts "$facts" --answers text
    echo -n "| random "; accuracy --model "$target" --prompt drawn --facts "$facts" --answers text
    echo -n "| carried, words "; accuracy --model "$target" --prompt carried --facts "$facts" --answers single
    echo
  done
done
