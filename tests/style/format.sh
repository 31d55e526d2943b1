#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which C files and shaders clang-format would change; scripts/format.sh changes them.
# Other versions than 14 have other ideas of the same settings and are not
# asked. Usage: format.sh FOLDER
set -eu
cd "$1"
version=$(clang-format --version 2>/dev/null \
  | sed -n 's/.*version \([0-9]*\).*/\1/p' || true)
if [ "$version" != 14 ]; then
  echo "SKIP: clang-format is version ${version:-none}, and the form is 14's"
  exit 77
fi
list() {
  find . -type d \( -name .git -o -name 'build*' \) -prune -o \
    \( -name '*.[ch]' -o -name '*.comp' -o -name '*.glsl' \) -print
}
# shellcheck disable=SC2046 # file names without blanks
files=$(clang-format --dry-run $(list) 2>&1 \
  | sed -n 's/^\([^:]*\):[0-9:]* warning: .*/\1/p' | sort -u)
[ -n "$files" ] || exit 0
echo "$files"
echo "scripts/format.sh would change these $(echo "$files" | wc -l) files"
exit 1
