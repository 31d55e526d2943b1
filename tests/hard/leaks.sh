#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a test program under GStreamer's leaks tracer: nothing may be alive when
# it ends. Usage: leaks.sh PROGRAM [ARGUMENT…]
set -eu
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The log begins with the form of its lines, which has a percent sign there.
alive='object-alive, type-name=(string)[^%]'
# Colours of the log would hide the names from grep.
GST_TRACERS=leaks GST_DEBUG=GST_TRACER:7 GST_DEBUG_FILE=$log \
  GST_DEBUG_NO_COLOR=1 "$@"
if ! [ -s "$log" ]; then
  echo 'not ok - the tracer said nothing'
  exit 1
fi
if grep -q "$alive" "$log"; then
  grep -o "$alive.*" "$log" | sed 's/^/# /'
  echo 'not ok - objects are alive at the end'
  exit 1
fi
