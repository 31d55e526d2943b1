#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds, runs every test, and counts: the last line is
# "N passed, N failed, N skipped".
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
log=$build/meson-logs/testlog.json

scripts/setup.sh build run test
scripts/build.sh
rm -f "$log"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs </dev/null || status=$?

# One object a line; quotes within strings have a backslash before them.
count() {
  if [ -f "$log" ]; then
    grep -c -E "\"result\": \"($1)\"" "$log" || true
  else
    echo 0
  fi
}
passed=$(count 'OK|EXPECTEDFAIL')
skipped=$(count 'SKIP')
failed=$(count '[A-Z]*')
failed=$((failed - passed - skipped))
if [ "$passed" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; }; then
  echo "meson test ended with status $status" >&2
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
