#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fetches a clip from a package of Debian: cockatoo.mp4, 14 s of a bird, which
# python3-imageio has in Debian 12, or else a man who tells what he does; with
# "speech" always the latter, as the bird is silent. Packages are unpacked, not
# installed. Prints the clip's path. Usage: media.sh FOLDER [speech]
set -eu
folder=${1:?usage: media.sh FOLDER [speech]}
clips='forensics-samples-files
  ./usr/share/forensics-samples/original-files/movie2/movie-hello.mp4'
[ "${2:-}" = speech ] || clips="python3-imageio
  ./usr/lib/python3/dist-packages/imageio/resources/images/cockatoo.mp4
  $clips"

fail() {
  echo "media.sh: $1; make demo FILE=… plays a clip of yours" >&2
  exit 1
}

# shellcheck disable=SC2086 # a list of words
set -- $clips
for word; do
  clip=$folder/${word##*/}
  if [ -f "$clip" ]; then
    echo "$clip"
    exit 0
  fi
done
command -v apt-get >/dev/null || fail 'no apt-get here to fetch a clip with'
mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The user that apt downloads as may not write here: it is no secret.
fetch() {
  echo "Fetching $1 for its sample clip" >&2
  (cd "$work" && apt-get -q -o "APT::Sandbox::User=$(id -un)" \
    download "$1" >&2)
}

if ! fetch "$1"; then
  # A fresh system does not know any package yet.
  if [ "$(id -u)" -eq 0 ]; then
    apt-get -q update >&2 </dev/null || fail 'apt-get update failed'
  elif command -v sudo >/dev/null; then
    sudo apt-get -q update >&2 || fail 'apt-get update failed'
  else
    fail "apt-get cannot download $1"
  fi
fi
while [ $# -gt 0 ]; do
  package=$1 member=$2
  shift 2
  ls "$work/$package"_*.deb >/dev/null 2>&1 || fetch "$package" || continue
  dpkg-deb -x "$work/$package"_*.deb "$work/tree" || continue
  [ -f "$work/tree/$member" ] || continue
  clip=$folder/${member##*/}
  mv "$work/tree/$member" "$clip"
  echo "$clip"
  exit 0
done
fail 'no package of this system has a clip'
