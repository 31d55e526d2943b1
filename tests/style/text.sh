#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What every source file has: a licence in its first lines, no tabs, no blanks
# at the ends of lines, and a line break at its own end. Usage: text.sh FOLDER
set -eu
cd "$1"
status=0
complain() {
  echo "$1"
  status=1
}
list() {
  find . -type d \( -name .git -o -name 'build*' \) -prune -o -type f \
    \( "$@" \) -print
}

for file in $(list -name '*.[ch]' -o -name '*.comp' -o -name '*.glsl' \
  -o -name '*.sh' -o -name '*.py'); do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' \
    || complain "$file: no SPDX-License-Identifier in its first three lines"
done
for file in $(list -name '*.[ch]' -o -name '*.comp' -o -name '*.glsl' \
  -o -name '*.sh' -o -name '*.py' -o -name '*.md' -o -name '*.ini' -o -name 'meson.build' -o -name '*.1'); do
  if grep -n -H "$(printf '\t')" "$file" >&2; then
    complain "$file: tabs"
  fi
  if grep -n -H '[[:blank:]]$' "$file" >&2; then
    complain "$file: blanks at the end of a line"
  fi
  if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then
    complain "$file: no line break at its end"
  fi
done
if command -v codespell >/dev/null; then
  # shellcheck disable=SC2046 # file names without blanks
  codespell -L inout,nd,gir,tru,dout,nce $(list -name '*.[ch]' -o -name '*.md' -o -name '*.1') \
    || complain 'codespell found words'
fi
if command -v shellcheck >/dev/null; then
  # shellcheck disable=SC2046 # file names without blanks
  shellcheck .ci/run $(list -name '*.sh') || complain 'shellcheck complains'
fi
exit $status
