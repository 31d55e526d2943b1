#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every benchmark. The other engines come with shared_data; without it only our own speed is told.
set -eu
cd "$(dirname "$0")/.."
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
peers=${VATT_PEERS:-../shared/peers}
export PYTHONDONTWRITEBYTECODE=1
if [ -d "$peers" ]; then
  [ -x build/peers-env/bin/python ] || sh "$peers/setup.sh" build/peers-env
  python3 bench/video.py --peers "$peers" --python build/peers-env/bin/python "$@"
else
  echo "SKIP the other engines: no folder $peers (set VATT_PEERS)"
  for variant in vit-base vit-medium; do
    build/tools/vatt bench "$variant"
  done
fi
