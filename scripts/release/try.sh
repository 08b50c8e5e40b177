#!/usr/bin/env bash
# try.sh ARCHIVE ROOT: unpacks a release into a bare root, as debootstrap makes it, and goes through the tour there without a network.
set -euo pipefail
archive=$1 root=$2
rm -rf "$root/opt/promptferry" && mkdir -p "$root/opt/promptferry" "$root/proc"
tar -xJf "$archive" -C "$root/opt/promptferry" --strip-components=1
unshare --net --mount --pid --fork chroot "$root" /bin/sh -euc '
  mount -t proc proc /proc 2>/dev/null || true
  . /etc/os-release; echo "$PRETTY_NAME, $(ldd --version 2>&1 | head -n 1)"
  cd /tmp; export PATH=/opt/promptferry/bin:$PATH
  command -v swift openblas python3 && exit 1
  promptferry --version
  promptferry tune --model zoo:bert-small --facts atlas:capital --epochs 2 -o capital.safetensors --quiet
  promptferry transfer --from zoo:bert-small=capital.safetensors --to zoo:roberta-small -o carried.safetensors --quiet
  promptferry evaluate --model zoo:roberta-small --prompt carried.safetensors --facts atlas:capital --quiet
  promptferry fetch no/where 2>&1 | grep -q "is not found" || { echo "try.sh: no clear word without a network" >&2; exit 1; }
'
