#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the targets of tests/fuzz with clang's libFuzzer and runs each for
# $SECONDS_EACH (60). What it learns stays in $BUILD/fuzz/corpus; an input that
# fails is left in $BUILD/fuzz/failed: it belongs into tests/fuzz/corpus/TARGET
# together with the repair. $TARGETS chooses (all).
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}/fuzz
seconds=${SECONDS_EACH:-60}

scripts/setup.sh build fuzz
[ -f "$build/build.ninja" ] || CC=clang CXX=clang++ meson setup "$build" \
  -Dfuzzing_engine=true -Doptimization=1 -Db_sanitize=address,undefined \
  -Db_lundef=false
targets=${TARGETS:-$(sed -n "s/^  '\([a-z]*\)': \[.*\],$/\1/p" \
  tests/fuzz/meson.build)}
mkdir -p "$build/failed"
# Checkpoints are files; in memory, where that is possible.
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm
status=0
for target in $targets; do
  ninja -C "$build" "tests/fuzz/fuzz-$target" "tests/fuzz/libfuzzer-$target"
  corpus=$build/corpus/$target
  mkdir -p "$corpus" "$build/seeds/$target"
  "$build/tests/fuzz/fuzz-$target" --seeds "$build/seeds/$target"
  set -- "$corpus" "$build/seeds/$target"
  [ ! -d "tests/fuzz/corpus/$target" ] || set -- "$@" "tests/fuzz/corpus/$target"
  echo "fuzz.sh: $target"
  ASAN_OPTIONS=allocator_may_return_null=1 \
    UBSAN_OPTIONS=halt_on_error=1 \
    "$build/tests/fuzz/libfuzzer-$target" -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -print_funcs=0 \
    -artifact_prefix="$build/failed/$target-" "$@" || status=1
done
exit $status
