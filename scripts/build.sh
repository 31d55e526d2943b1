#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what the build needs and builds into $BUILD.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}

scripts/setup.sh build
[ -f "$build/build.ninja" ] || meson setup "$build"
meson compile -C "$build"
