#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs `make test` on Debian 13, in a folder that debootstrap makes once
# ($BUILD/debian13/root) from the archive that apt uses here, or from
# $DEBIAN_MIRROR. The source tree and the tests' data ($VATT_SHARED_DATA, else
# ../shared) are there to read; the build folder is $BUILD/debian13/root/build.
# The last line counts the tests and the status is theirs.
#
# Mounts live in a namespace of their own: they end with the last process in
# it, however that ends, and are never seen outside.
set -eu
cd "$(dirname "$0")/.."
release=trixie
folder=${BUILD:-build}/debian13
root=$folder/root
PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "test-debian13.sh: $1" >&2
  exit 1
}

# Whole or not at all: the name is given last.
make_root() {
  mirror=$1
  rm -rf "$root.new"
  debootstrap --variant=minbase --include=ca-certificates,make "$release" \
    "$root.new" "$mirror" \
    || fail "debootstrap could not make Debian 13 from $mirror"
  # How this system's apt reaches an archive: proxies, clocks, retries.
  apt-config dump 2>/dev/null \
    | grep -iE '^Acquire::(https?|ftp|Check-|Force|Retries)' \
      >"$root.new/etc/apt/apt.conf.d/90outside" || true
  mkdir "$root.new/build"
  mv "$root.new" "$root"
}

# mount_to_read FOLDER POINT
mount_to_read() {
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

# Makes the root where there is none and tests in it. Only what concerns the
# tests is told to them.
work() {
  mirror=$1 shared=$2
  exec 9>"$folder/lock"
  flock -n 9 || fail "another one is at work in $folder"
  [ -d "$root" ] || make_root "$mirror"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mkdir -p "$root/source/vatt" "$root/source/shared"
  mount_to_read . "$root/source/vatt"
  [ -z "$shared" ] || mount_to_read "$shared" "$root/source/shared"
  set -- PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
  set -- "$@" ${TERM:+TERM="$TERM"} ${CI+CI="$CI"}
  set -- "$@" ${SANITIZE+SANITIZE="$SANITIZE"}
  set -- "$@" ${http_proxy:+http_proxy="$http_proxy"}
  env -i "$@" chroot "$root" /source/vatt/scripts/setup.sh analytics
  exec env -i "$@" chroot "$root" make -C /source/vatt --no-print-directory \
    test BUILD=/build
}

# The first process of the namespace: all others end with it, and it ends with
# the process $1, that of the script outside.
inside() {
  outside=$1
  shift
  mkdir -p "$folder"
  trap 'exit 130' HUP INT TERM
  work "$@" &
  while kill -0 $! 2>/dev/null; do
    [ -d "/proc/$outside" ] || exit 130
    sleep 1
  done
  wait $!
}

if [ "${1-}" = inside ]; then
  shift
  inside "$@"
  exit
fi

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null; then
  as_root='sudo'
  # Where nobody can type a password, fail instead of waiting for one.
  [ -t 0 ] || as_root='sudo -n'
else
  fail 'chroot needs root: run this as root, or install sudo'
fi
$as_root unshare --mount --pid --fork true \
  || fail 'this needs a root who may mount, and here is none'

scripts/setup.sh debian13
command -v debootstrap >/dev/null || fail 'there is no debootstrap'

# Of what apt knows, the Debian archive itself.
mirror_of_apt() {
  # shellcheck disable=SC2016 # the names are apt's
  apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' \
    2>/dev/null | sed -n 's/^Debian \(http.*\)/\1/p' | head -n 1
}
mirror=${DEBIAN_MIRROR:-}
if [ -z "$mirror" ] && [ ! -d "$root" ]; then
  mirror=$(mirror_of_apt)
  if [ -z "$mirror" ]; then
    # A fresh system has not asked its archives for their names.
    $as_root apt-get -q update </dev/null || true
    mirror=$(mirror_of_apt)
  fi
  [ -n "$mirror" ] || fail 'apt names no Debian archive; DEBIAN_MIRROR=… does'
fi
if [ -z "${http_proxy:-}" ]; then
  eval "$(apt-config shell http_proxy Acquire::http::Proxy 2>/dev/null)"
  [ -z "${http_proxy:-}" ] || export http_proxy
fi
shared=${VATT_SHARED_DATA:-../shared}
[ -d "$shared" ] || shared=

$as_root env ${BUILD+BUILD="$BUILD"} ${TERM:+TERM="$TERM"} \
  ${CI+CI="$CI"} ${SANITIZE+SANITIZE="$SANITIZE"} \
  ${http_proxy:+http_proxy="$http_proxy"} \
  unshare --mount --pid --fork --kill-child \
  sh scripts/test-debian13.sh inside $$ "$mirror" "$shared"
