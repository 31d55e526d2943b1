#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fetches the clip of the demo: cockatoo.mp4, 14 s of a bird with sound, which
# Debian ships in its package python3-imageio. The package is unpacked, not
# installed. Prints the clip's path. Usage: media.sh FOLDER
set -eu
folder=${1:?usage: media.sh FOLDER}
clip=$folder/cockatoo.mp4
package=python3-imageio
member=./usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4

fail() {
  echo "media.sh: $1; make demo FILE=… plays a clip of yours" >&2
  exit 1
}

if [ -f "$clip" ]; then
  echo "$clip"
  exit 0
fi
command -v apt-get >/dev/null || fail 'no apt-get here to fetch a clip with'
mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The user that apt downloads as may not write here: it is no secret.
fetch() {
  (cd "$work" && apt-get -q -o "APT::Sandbox::User=$(id -un)" \
    download "$package" >&2)
}

echo "Fetching $package for its sample clip" >&2
if ! fetch; then
  # A fresh system does not know any package yet.
  if [ "$(id -u)" -eq 0 ]; then
    apt-get -q update >&2 </dev/null || fail 'apt-get update failed'
  elif command -v sudo >/dev/null; then
    sudo apt-get -q update >&2 || fail 'apt-get update failed'
  else
    fail "apt-get cannot download $package"
  fi
  fetch || fail "apt-get cannot download $package"
fi
for archive in "$work"/*.deb; do
  dpkg-deb -x "$archive" "$work/tree" || fail "$package cannot be unpacked"
done
[ -f "$work/tree/$member" ] || fail "$package has no $member"
mv "$work/tree/$member" "$clip"
echo "$clip"
