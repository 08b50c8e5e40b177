#!/usr/bin/env bash
# What conda runs in the unpacked archive: the folder as it is, below the environment.
set -euo pipefail
mkdir -p "$PREFIX"
cp -R bin lib share "$PREFIX/"
