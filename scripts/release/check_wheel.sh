#!/usr/bin/env bash
# check_wheel.sh WHEEL [PYTHON ...]: installs the wheel, and nothing else, for each Python that is there, and runs its tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
wheel=$1; shift
[ $# -gt 0 ] || set -- python3.9 python3.10 python3.11 python3.12 python3.13 python3.14
tried=0
for python in "$@"; do
  "$python" -c 'import venv' 2>/dev/null || { echo "$python is not there: skipped"; continue; }
  folder=$(mktemp -d)
  "$python" -m venv "$folder"
  "$folder/bin/pip" install -q --no-index "$wheel"
  echo "$("$python" --version):"
  (cd "$folder" && bin/python "$OLDPWD/python/test_promptferry.py")
  rm -rf "$folder"
  tried=$((tried + 1))
done
[ "$tried" -gt 0 ] || { echo "check_wheel.sh: none of the Pythons is there" >&2; exit 1; }
