#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Plays one of our lines by a scenario of gst-validate-1.0, which also looks at
# every event, query and buffer on the way. Debian 12 and 13 do not ship that
# program; it is part of GStreamer's gst-devtools. Without it: SKIP.
# Usage: validate.sh SCENARIO LINE
set -eu
scenario=$1 line=$2
if ! command -v gst-validate-1.0 >/dev/null; then
  echo "SKIP: no gst-validate-1.0 here to play $(basename "$scenario")"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
clip=$folder/clip.webm
gst-launch-1.0 -q webmmux name=m ! filesink location="$clip" \
  videotestsrc num-buffers=120 ! video/x-raw,width=96,height=64,framerate=25/1 \
  ! vp8enc deadline=1 keyframe-max-dist=10 ! m. \
  audiotestsrc num-buffers=207 ! audio/x-raw,rate=44100 ! vorbisenc ! m.
# shellcheck disable=SC2086 # the line is words
gst-validate-1.0 --set-scenario "$scenario" \
  filesrc location="$clip" ! decodebin name=d $line
