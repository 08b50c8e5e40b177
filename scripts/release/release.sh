#!/usr/bin/env bash
# release.sh: the command with all that it needs, to run where there is no Swift and no OpenBLAS, as an archive with its data, manual
# and completions. Writes dist/promptferry-VERSION-linux-x86_64.tar.xz, its SHA-256 and a list of what is inside (SPDX).
#
# The libraries lie beside the binary, in lib/promptferry, where it looks first. What is left to the machine is
# glibc, of the version that the last line names, and libstdc++.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(uname -sm)" = "Linux x86_64" ] || { echo "release.sh: makes archives for Linux on x86-64, on such a machine only" >&2; exit 1; }
version=$(sed -n 's/.*current = "\(.*\)".*/\1/p' Sources/PromptTransfer/Version.swift)
name=promptferry-$version-linux-x86_64
stage=dist/$name
rm -rf "$stage"
mkdir -p "$stage"/{bin,lib/promptferry} "$stage"/share/{man/man1,bash-completion/completions,zsh/site-functions,fish/vendor_completions.d}

scripts/release/bundle.sh "$1" "$stage"
git ls-files share/promptferry | while read -r file; do install -D -m 644 "$file" "$stage/$file"; done
install -m 644 share/man/man1/promptferry.1 "$stage/share/man/man1/"
install -m 644 LICENSE README.md CHANGELOG.md "$stage/"
for place in bash/bash-completion/completions/promptferry zsh/zsh/site-functions/_promptferry fish/fish/vendor_completions.d/promptferry.fish; do
  "$stage/bin/promptferry" --generate-completion-script "${place%%/*}" > "$stage/share/${place#*/}"
done

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
python3 scripts/release/contents.py "$stage" "$version" > "$stage/SPDX.json"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --mode=go-w -C dist -cf - "$name" | xz -T1 -6 > "dist/$name.tar.xz"
(cd dist && sha256sum "$name.tar.xz" > "$name.tar.xz.sha256" && cat "$name.tar.xz.sha256")
ls -l "dist/$name.tar.xz" | awk '{ print $5, "bytes" }'
objdump -T "$stage/bin/promptferry" "$stage"/lib/promptferry/* | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1 | sed 's/GLIBC_//' > dist/glibc
echo "needs glibc $(cat dist/glibc) or later"
