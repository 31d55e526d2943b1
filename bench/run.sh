#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every benchmark; arguments go to video.py. The other engines are those of
# the folder VATT_PEERS; without it only our own speed is told. GGML is a folder
# for the source and build of ggml, to be timed beside the Vulkan device.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
peers=${VATT_PEERS:-../shared/peers}
media=${FILE:-$(scripts/media.sh "$build/demo/media")}
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export PYTHONDONTWRITEBYTECODE=1

case $media in /*) ;; *) media=$PWD/$media ;; esac
meson devenv -C "$build" "$PWD/bench/pipeline.py" "$media"
meson devenv -C "$build" "$PWD/bench/elements.py"
meson devenv -C "$build" "$PWD/bench/live.py"
bench/vulkan.py --vatt "$build/tools/vatt" ${GGML:+--ggml "$GGML"}
if [ -d "$peers" ]; then
  [ -x "$build/peers-env/bin/python" ] \
    || sh "$peers/setup.sh" "$build/peers-env"
  bench/video.py --vatt "$build/tools/vatt" --peers "$peers" \
    --python "$build/peers-env/bin/python" --cache "$build/peers-cache" "$@"
  bench/train.py --vatt "$build/tools/vatt" --peers "$peers" \
    --python "$build/peers-env/bin/python" --rounds 1 --runs 3
else
  echo "SKIP the other engines: no folder $peers (set VATT_PEERS)"
  for variant in vit-base vit-medium; do
    "$build/tools/vatt" bench "$variant"
  done
  "$build/tools/vatt" bench bbs --train --keep 0.5 --captions 5 --runs 3
fi
