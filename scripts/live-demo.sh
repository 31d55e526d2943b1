#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Labels on a live picture, without a camera: teaches the shipped model four
# test pictures, shows them in turn for 5 s each, and takes a picture a second
# of what a viewer would see. All is in $BUILD/live afterwards: NN.png, and
# labels.txt, what the application was told meanwhile.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}

scripts/setup.sh build run test
scripts/build.sh
out=$build/live
mkdir -p "$out"
rm -f "$out"/*.png "$out/done"

# Distributions keep the bindings with the Python of their own.
for python in python3 /usr/bin/python3; do
  "$python" -c 'import gi, numpy' 2>/dev/null && break
done
inside() {
  meson devenv -C "$build" --workdir "$PWD" env PYTHONDONTWRITEBYTECODE=1 "$@"
}
inside "$python" examples/linear-probe.py "$build/models/tiny.safetensors" \
  "$out/patterns.safetensors"
{
  inside "$build/examples/live-labels" "$out/patterns.safetensors" \
    'videotestsrc is-live=true name=picture num-buffers=600
      ! video/x-raw,width=480,height=360,framerate=30/1' \
    "videorate ! video/x-raw,framerate=1/1 ! pngenc
      ! multifilesink sync=true location=$out/%02d.png" && touch "$out/done"
} | tee "$out/labels.txt"
# The status of a pipe is that of its end.
[ -f "$out/done" ] || exit 1
rm "$out/done"
echo "Pictures: $out/*.png"
