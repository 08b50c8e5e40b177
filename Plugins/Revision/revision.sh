# revision.sh REPOSITORY FOLDER: writes FOLDER/Revision.swift with the repository's commit. Where nothing changed the file is
# left alone, so that nothing is compiled anew.
commit=$(git -C "$1" rev-parse --short=12 HEAD 2>/dev/null)
text="enum Revision {
  /// The commit that this was built from; empty outside a repository.
  static let commit = \"$commit\"
}"
mkdir -p "$2"
[ "$(cat "$2/Revision.swift" 2>/dev/null)" = "$text" ] || echo "$text" > "$2/Revision.swift"
