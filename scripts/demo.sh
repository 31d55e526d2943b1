#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds and runs demo/demo on $FILE, or on a clip that it fetches.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
file=${FILE:-}

if [ -n "$file" ] && [ ! -r "$file" ]; then
  echo "demo.sh: cannot read '$file'" >&2
  exit 1
fi
scripts/setup.sh build run
scripts/build.sh
out=$build/demo
mkdir -p "$out"
[ -n "$file" ] || file=$(scripts/media.sh "$out/media")
exec meson devenv -C "$build" --workdir "$PWD" "$build/demo/demo" "$file" "$out"
