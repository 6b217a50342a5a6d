#!/usr/bin/env bash
# Packs a built program into the archive of its target, with documents, completions and man pages:
#
#   .github/release/archive.sh PROGRAM TARGET TAG
#
# makes dumplens-TAG-TARGET.tar.gz here, or .zip for Windows. The program must run on this machine: it writes the completions
# and the man pages itself.
set -euo pipefail

program=$1 target=$2 tag=$3
here=$(cd "$(dirname "$0")/../.." && pwd)
name=dumplens-$tag-$target

# It answers, and it is of the version that the tag names.
"$program" why "$here/fixtures/story-commit-limit/dump.dmp" | grep -qF 'commit limit'
test "$("$program" --version)" = "dumplens ${tag#v}"

rm -rf "$name"
mkdir -p "$name/completions" "$name/man"
cp "$program" "$here"/{README.md,CHANGELOG.md,LICENSE,LICENSE-MIT,LICENSE-APACHE} "$name"
"$program" completions bash > "$name/completions/dumplens.bash"
"$program" completions zsh > "$name/completions/_dumplens"
"$program" completions fish > "$name/completions/dumplens.fish"
"$program" completions powershell > "$name/completions/_dumplens.ps1"
"$program" man --dir "$name/man"

case $target in
  *windows*) 7z a -bso0 "$name.zip" "$name" ;;
  *) tar --owner=0 --group=0 -czf "$name.tar.gz" "$name" ;;
esac
