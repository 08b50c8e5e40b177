#!/usr/bin/env bash
# pack.sh BUILD FOLDER: what `make gpu-check` runs on a machine that has a GPU, and neither Swift nor OpenBLAS nor this repository: the binaries,
# the libraries that they need, small checkpoints whose numbers are compared, facts and words. FOLDER/gpu.tar.xz, and check.sh beside it.
set -euo pipefail
build=$1 folder=$2 here=$(cd "$(dirname "$0")/../.." && pwd)
content=$(mktemp -d)
trap 'rm -rf "$content"' EXIT
mkdir -p "$folder" "$content/gpu"
"$here/scripts/release/bundle.sh" "$build/promptferry-bench" "$content/gpu"
mv "$content/gpu/bin/promptferry" "$content/gpu/bin/promptferry-bench"
"$here/scripts/release/bundle.sh" "$build/promptferry" "$content/gpu"
mkdir -p "$content/gpu/models" "$content/gpu/share/promptferry"
cp -rL "$here"/Tests/Fixtures/models/* "$content/gpu/models/"
rm "$content"/gpu/models/*/golden.*
cp -r "$here/share/promptferry/atlas" "$content/gpu/share/promptferry/"
mkdir "$content/gpu/zoo" && cp "$here"/share/promptferry/zoo/bert-small/{vocab.txt,tokenizer_config.json} "$content/gpu/zoo/"
cp "$here/scripts/bench/torch_speed.py" "$here/scripts/gpu/check.sh" "$content/gpu/"
tar -C "$content" -cJf "$folder/gpu.tar.xz" gpu
cp "$here/scripts/gpu/check.sh" "$folder/"
du -h "$folder/gpu.tar.xz"
