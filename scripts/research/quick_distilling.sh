#!/usr/bin/env bash
# quick_distilling.sh PROMPTFERRY OUT: how long distilling must go on from a carried prompt, beside direct tuning's time and accuracy.
# Models of the zoo, all relations of the atlas together; prints seconds, and micro P@1 on the test facts.
set -euo pipefail
promptferry=$(realpath "$1")
mkdir -p "$2"
cd "$2"

# Runs a verb and leaves its seconds in $seconds.
timed() {
  local start=$EPOCHREALTIME
  "$promptferry" "$@" --quiet --json > last.json
  seconds=$(python3 -c "print(round($EPOCHREALTIME - $start, 1))")
}

score() {
  "$promptferry" evaluate --model "zoo:$1" --prompt "$2/" --facts atlas: --quiet --json |
    python3 -c 'import json, sys; print(round(100 * json.load(sys.stdin)["microAccuracy"], 1))'
}

for pair in "bert-small roberta-small" "roberta-small bert-small" "bert-small albert-small" "roberta-small albert-small" \
  "bert-small gpt2-small" "gpt2-small bert-small"; do
  read -r source target <<< "$pair"
  for model in "$source" "$target"; do
    [ -d "$model" ] && continue
    timed tune --model "zoo:$model" --facts atlas: -o "$model/"
    echo "$seconds" > "$model.seconds"
  done
  timed transfer --from "zoo:$source=$source/" --to "zoo:$target" -o "$source-$target/" --force
  echo "$source to $target: carried $(score "$target" "$source-$target") in $seconds s," \
    "direct tuning $(score "$target" "$target") in $(cat "$target.seconds") s"
  for epochs in 1 2 3; do
    timed distil --from "zoo:$source=$source/" --to "zoo:$target" --facts atlas: --start "$source-$target/" --epochs "$epochs" \
      -o "$source-$target-$epochs/" --force
    echo "  $epochs epochs: $(score "$target" "$source-$target-$epochs") in $seconds s"
  done
done
