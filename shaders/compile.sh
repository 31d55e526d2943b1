#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Compiles one shader, checks it and writes its words as an initialiser in C.
# Usage: compile.sh GLSLC SPIRV-VAL HEADER DEPFILE FLAG… SOURCE
set -eu
glslc=$1 val=$2 header=$3 dependencies=$4
shift 4
"$glslc" --target-env=vulkan1.2 -O -Werror -MD -MF "$dependencies" \
  -MT "$header" -o "$header.spv" "$@"
"$val" --target-env vulkan1.2 "$header.spv"
{
  echo '{'
  od -An -v -tx4 "$header.spv" | sed 's/ *\([0-9a-f]\{8\}\)/0x\1,/g'
  echo '}'
} >"$header"
