#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds and measures.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}

scripts/setup.sh build run
scripts/build.sh
if [ -x bench/run.sh ]; then
  BUILD=$build exec bench/run.sh
fi
exec meson devenv -C "$build" vatt bench tiny
