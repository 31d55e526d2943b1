#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which C files clang-format would change; scripts/format.sh changes them.
# They fail the test where VATT_REQUIRE_FORMAT is set, else they are listed
# and the test is skipped. Usage: format.sh FOLDER
set -eu
cd "$1"
if ! command -v clang-format >/dev/null; then
  echo 'SKIP: no clang-format'
  exit 77
fi
list() {
  find . -type d \( -name .git -o -name 'build*' \) -prune -o -name '*.[ch]' \
    -print
}
# shellcheck disable=SC2046 # file names without blanks
files=$(clang-format --dry-run $(list) 2>&1 \
  | sed -n 's/^\([^:]*\):[0-9:]* warning: .*/\1/p' | sort -u)
[ -n "$files" ] || exit 0
echo "$files"
echo "scripts/format.sh would change these $(echo "$files" | wc -l) files"
[ -z "${VATT_REQUIRE_FORMAT:-}" ] || exit 1
exit 77
