#!/usr/bin/env bash
# documentation.sh PRODUCTS: the documentation of PromptTransfer, from the modules of a release build, as a static site in .build/docs.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf .build/symbols .build/docs
mkdir -p .build/symbols

target=$(swift -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)".*/\1/p')
headers=(-I Sources/COpenBLAS -Xcc -ISources/CKernels/include -Xcc "-fmodule-map-file=$1/CKernels.build/module.modulemap")
for flag in $(pkg-config --cflags openblas 2>/dev/null); do headers+=(-Xcc "$flag"); done
swift symbolgraph-extract -module-name PromptTransfer -minimum-access-level public -target "$target" \
  -I "$1/Modules" "${headers[@]}" -output-dir .build/symbols

# Parameters whose names say all there is to say have no documentation of their own.
docc convert Sources/PromptTransfer/PromptTransfer.docc --additional-symbol-graph-dir .build/symbols \
  --fallback-bundle-identifier promptferry.PromptTransfer --transform-for-static-hosting --output-path .build/docs \
  2>&1 | grep -B1 -A9 "doesn't exist" && { echo "documentation.sh: links lead nowhere" >&2; exit 1; }
ls .build/docs/index.html
