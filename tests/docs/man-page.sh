#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whether a man page is set without a warning. Usage: man-page.sh GROFF PAGE
set -eu
warnings=$("$1" -ww -man -Tutf8 -z "$2" 2>&1)
[ -z "$warnings" ] && exit 0
echo "$warnings"
exit 1
