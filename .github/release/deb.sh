#!/usr/bin/env bash
# Makes the Debian package out of an unpacked archive and the built program of the same target:
#
#   .github/release/deb.sh FOLDER TARGET
#
# The folder is what archive.sh made: its completions and man pages are installed too. The package lands here.
set -euo pipefail

folder=$(cd "$1" && pwd) target=$2 out=$PWD
cd "$(dirname "$0")/../.."
rm -rf target/deb
mkdir -p target
cp -r "$folder" target/deb

# Debian's own changelog, which is about the package; CHANGELOG.md is about the program.
field() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" "$2" | head -n 1; }
{
  echo "dumplens ($(field version Cargo.toml)-1) unstable; urgency=medium"
  printf '\n  * Release. What is new: /usr/share/doc/dumplens/changelog.gz\n\n'
  echo " -- $(field maintainer crates/cli/Cargo.toml)  $(LC_ALL=C date -uR -d "@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}")"
} > target/deb/changelog.Debian

cargo deb --no-build --package dumplens --target "$target" --output "$out/"
