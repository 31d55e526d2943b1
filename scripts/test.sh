#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds and runs every test, then those of the library and the elements, and
# hard use in short, again with the address and undefined-behaviour sanitizers,
# and those with threads of their own with the thread sanitizer. Counts: the
# last line is "N passed, N failed, N skipped". SANITIZE=no leaves the sanitizers
# out.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
passed=0 failed=0 skipped=0

# One object a line; quotes within strings have a backslash before them.
count() {
  grep -c -E "\"result\": \"($1)\"" "$2" || true
}

# run FOLDER TEST-OPTION...: the tests of one build, added to the counts.
run() {
  folder=$1 log=$1/meson-logs/testlog.json status=0
  shift
  rm -f "$log"
  meson test -C "$folder" --no-rebuild --print-errorlogs "$@" </dev/null \
    || status=$?
  if [ ! -s "$log" ]; then
    echo "$folder: meson test ended with status $status and no result" >&2
    failed=$((failed + 1))
    return
  fi
  good=$(count 'OK|EXPECTEDFAIL' "$log")
  left=$(count 'SKIP' "$log")
  bad=$(($(count '[A-Z]*' "$log") - good - left))
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    echo "$folder: meson test ended with status $status" >&2
    bad=1
  fi
  passed=$((passed + good)) failed=$((failed + bad))
  skipped=$((skipped + left))
}

# Mesa's software driver is among the packages: no Vulkan is a failure.
export VATT_REQUIRE_VULKAN=1
scripts/setup.sh build run test
scripts/build.sh
run "$build"
if [ "${SANITIZE:-yes}" = yes ]; then
  memory=$build/sanitize-memory threads=$build/sanitize-threads
  # The linker cannot know what the sanitizers' library brings; of what the
  # debugger would be told, lines are enough; shaders are the same.
  set -- -Doptimization=1 -Ddebug=false -Dc_args=-g1 -Db_lundef=false \
    -Dcompiled_shaders="$(cd "$build" && pwd)/shaders"
  [ -f "$memory/build.ninja" ] \
    || meson setup "$memory" -Db_sanitize=address,undefined "$@"
  # What the software driver makes of shaders is the same under a sanitizer.
  [ -e "$memory/cache" ] || ln -s ../cache "$memory/cache"
  meson compile -C "$memory"
  run "$memory" --suite unit --suite ops --suite golden --suite elements \
    --suite hard --suite fuzz --suite vulkan
  [ -f "$threads/build.ninja" ] \
    || meson setup "$threads" -Db_sanitize=thread "$@"
  meson compile -C "$threads" gstvatt tiny.safetensors tiny-talker.safetensors \
    slow.safetensors unit-pool unit-session element-vattencoder \
    element-vattvideotok element-vattaudiotok element-vatttexttok \
    element-vatttrainsink element-vatttrainsink-life \
    element-vatttrainsink-live element-vatttrainsink-serve \
    hard-neighbours hard-operations hard-shutdown
  run "$threads" pool session vattencoder vattvideotok vattaudiotok \
    vatttexttok vatttrainsink vatttrainsink-life vatttrainsink-live \
    vatttrainsink-serve neighbours operations shutdown
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
