#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs the Debian packages that are missing, and does nothing where none
# is. Usage: setup.sh GROUP…, of build, run, test, fuzz, analytics, debian13.
set -eu

build='gcc g++ meson ninja-build pkg-config libglib2.0-dev libjson-glib-dev
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev libopenblas-dev
  libsndfile1-dev libsamplerate0-dev libkissfft-dev libsnappy-dev
  libvulkan-dev libvulkan-volk-dev glslc spirv-tools
  gobject-introspection libgirepository1.0-dev'
run='libopenblas0-pthread gstreamer1.0-tools gstreamer1.0-plugins-base
  gstreamer1.0-plugins-good gstreamer1.0-libav gstreamer1.0-x
  fonts-dejavu-core'
test='clang-format codespell groff python3 shellcheck python3-gi python3-numpy
  python3-gst-1.0 gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
  mesa-vulkan-drivers vulkan-validationlayers'
fuzz='clang libclang-rt-dev'
# Headers of GstAnalytics, which GStreamer has since 1.24 and nothing needs.
analytics='libgstreamer-plugins-bad1.0-dev'
debian13='debootstrap'

if [ $# -eq 0 ]; then
  echo 'usage: setup.sh GROUP… of build, run, test, fuzz, analytics,' \
    'debian13' >&2
  exit 2
fi

wanted=
for group; do
  case $group in
    build) wanted="$wanted $build" ;;
    run) wanted="$wanted $run" ;;
    test) wanted="$wanted $test" ;;
    fuzz) wanted="$wanted $fuzz" ;;
    analytics) wanted="$wanted $analytics" ;;
    debian13) wanted="$wanted $debian13" ;;
    *)
      echo "setup.sh: no group '$group', expected build, run, test, fuzz," \
        'analytics or debian13' >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo 'setup.sh: this is no Debian system; please see to these yourself:' >&2
  # shellcheck disable=SC2086 # a list of words
  echo $wanted >&2
  exit 0
fi

# What dpkg knows to be installed. It fails where a name is unknown to it, and
# says so on stderr; that is what the comparison is for.
# shellcheck disable=SC2086 # a list of words
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted \
  2>/dev/null | sed -n 's/^installed //p' || true)
missing=
for package in $wanted; do
  echo "$installed" | grep -qx "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root='sudo'
  # Where nobody can type a password, fail instead of waiting for one.
  [ -t 0 ] || as_root='sudo -n'
else
  echo "setup.sh: these packages are missing:$missing" >&2
  echo "setup.sh: install them as root, or install sudo" >&2
  exit 1
fi

echo "Installing with apt:$missing"
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q"
# shellcheck disable=SC2086 # lists of words
if ! $apt update </dev/null || ! $apt install -y --no-install-recommends \
  $missing </dev/null; then
  echo "setup.sh: apt could not install:$missing" >&2
  exit 1
fi
