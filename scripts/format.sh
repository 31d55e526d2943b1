#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Brings every C file and shader to the form of .clang-format.
set -eu
cd "$(dirname "$0")/.."
find . -type d \( -name .git -o -name 'build*' \) -prune -o \
  \( -name '*.[ch]' -o -name '*.comp' -o -name '*.glsl' \) \
  -exec clang-format -i {} +
