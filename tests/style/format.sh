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
count=0
list() {
  find . -type d \( -name .git -o -name 'build*' \) -prune -o -name '*.[ch]' \
    -print
}
for file in $(list); do
  if ! clang-format --dry-run -Werror "$file" 2>/dev/null; then
    echo "$file"
    count=$((count + 1))
  fi
done
[ "$count" -eq 0 ] && exit 0
echo "$count files are not as scripts/format.sh would have them"
[ -z "${VATT_REQUIRE_FORMAT:-}" ] || exit 1
exit 77
