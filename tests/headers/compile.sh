#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Compiles each public header alone. Usage:
# compile.sh LANGUAGE STANDARD FOLDER HEADER… -- COMPILER FLAG…
set -eu
language=$1 standard=$2 folder=$3
shift 3
headers=
while [ "$1" != -- ]; do
  headers="$headers $1"
  shift
done
shift

n=0 status=0
for header in $headers; do
  n=$((n + 1))
  if echo "#include <vatt/$header>" | "$@" -x "$language" -std="$standard" \
    -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$folder" -; then
    echo "ok $n - $header"
  else
    echo "not ok $n - $header"
    status=1
  fi
done
echo "1..$n"
exit $status
