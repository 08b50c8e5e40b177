#!/usr/bin/env bash
# bundle.sh BINARY FOLDER: puts the binary into FOLDER/bin and every library that it needs into FOLDER/lib/promptferry.
# But for glibc and the two of the compiler, which every machine has and which need a glibc of their own.
set -euo pipefail
binary=$1 folder=$2
install -d "$folder/bin" "$folder/lib/promptferry"
# The two sections are hashes of paths among others, which nothing reads when it runs.
strip -R .note.gnu.build-id -R .swift_modhash -o "$folder/bin/promptferry" "$binary"
# Searched first, for the libraries' libraries too: what the machine has of the same name may be of another version.
patchelf --force-rpath --set-rpath '$ORIGIN/../lib/promptferry' "$folder/bin/promptferry"
ldd "$binary" | awk '$2 == "=>" { print $1, $3 }' | while read -r name path; do
  case $name in libc.so.*|libm.so.*|libdl.so.*|libpthread.so.*|librt.so.*|libutil.so.*|libresolv.so.*|libstdc++.so.*|libgcc_s.so.*) continue ;; esac
  [ -f "$path" ] || { echo "bundle.sh: $name is not found" >&2; exit 1; }
  strip --strip-unneeded -o "$folder/lib/promptferry/$name" "$path"
  patchelf --set-rpath '$ORIGIN' "$folder/lib/promptferry/$name"
  chmod 644 "$folder/lib/promptferry/$name"
done
chmod 755 "$folder/bin/promptferry"
