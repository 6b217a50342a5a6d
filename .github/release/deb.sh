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
cargo deb --no-build --package dumplens --target "$target" --output "$out/"
