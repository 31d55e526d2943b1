#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Hard use for long: the tests of the suite hard, everything in them TIMES as
# often, with seeds of their own. Ends at the first failure and prints the seed
# that repeats it. 34 times make 10 000 operations and 100 000 windows, which
# is the better part of an hour. Usage: soak.sh [PROGRAM…]
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
times=${TIMES:-34}
seed=${SEED:-$(date +%s)}
[ $# -gt 0 ] || set -- memory operations shutdown neighbours sources response killed killedline

scripts/setup.sh build run
scripts/build.sh
begin=$(date +%s)
for program; do
  echo "soak: $program, $times times, VATT_HARD_SEED=$seed"
  status=0
  VATT_HARD_TIMES=$times VATT_HARD_SEED=$seed meson test -C "$build" \
    --no-rebuild --suite hard --verbose --timeout-multiplier 0 "$program" \
    </dev/null || status=$?
  if [ "$status" -ne 0 ]; then
    echo "soak: $program failed; repeat it with SEED=$seed TIMES=$times" \
      "scripts/soak.sh $program" >&2
    exit 1
  fi
done
echo "soak: everything passed in $(($(date +%s) - begin)) s"
