#!/usr/bin/env bash
# check.sh [OUT]: everything that there is to know of a GPU, in one run of some minutes: whether numbers are those of this processor, how fast
# they come, and PyTorch beside where python3 has it. Beside gpu.tar.xz, which `make gpu-check` makes. OUT gets device.json, torch.json and log.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "${1:-.}" && cd "${1:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
exec > >(tee "$out/log") 2>&1
tar -C "$work" -xJf "$here/gpu.tar.xz" && cd "$work/gpu" || exit 1
bench=bin/promptferry-bench
bin/promptferry --version
cat share/promptferry/atlas/data/*/train.jsonl > facts.jsonl
words=share/promptferry/atlas/common_words.txt
status=0
$bench checkpoint base --vocabulary zoo/vocab.txt
$bench checkpoint large --vocabulary zoo/vocab.txt --layers 24 --width 1024 --heads 16
$bench device --models models --checkpoint base --facts facts.jsonl --words $words --output "$out/device.json" || status=1
mkdir none && $bench device --models none --checkpoint large --facts facts.jsonl --words $words --output "$out/large.json" || status=1
# A whole table: every relation that ships with the project tuned, carried and evaluated.
time (
  bin/promptferry tune --quiet --model base --facts atlas: --device cuda --epochs 10 -o tuned/ > /dev/null &&
    bin/promptferry transfer --quiet --from base=tuned/ --to base -o carried/ > /dev/null &&
    for prompt in carried/*.safetensors; do
      name=$(basename "$prompt" .safetensors)
      bin/promptferry evaluate --quiet --model base --prompt "$prompt" --facts "atlas:$name" --device cuda > /dev/null
    done
) || status=1
if python3 -c 'import torch, transformers; assert torch.cuda.is_available()' 2> /dev/null; then
  for work in tune evaluate; do
    for model in base large; do
      for compiled in "" --compile; do
        python3 torch_speed.py $work $model facts.jsonl $words --device cuda --precision bf16 --limit 6560 --batch 656 $compiled |
          sed "s/^{/{\"model\": \"$model\", \"compiled\": \"$compiled\", /" | tee -a "$out/torch.json"
      done
    done
  done
else
  echo "PyTorch: SKIPPED: python3 has no torch with CUDA, or no transformers"
fi
exit $status
