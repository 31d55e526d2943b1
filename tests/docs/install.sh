#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs below an empty folder, looks for everything, and compiles and runs
# the C example of README.md against it; and, where PYTHON knows GObject
# Introspection, the one in Python.
# Usage: install.sh BUILD SOURCE PREFIX PYTHON
set -eu
build=$1 source=$2 prefix=$3 python=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR=$work meson install -C "$build" --no-rebuild --quiet
root=$work$prefix
require() {
  file=$(find "$root" -path "$root/$1" | head -n 1)
  if [ -z "$file" ]; then
    echo "not installed: $1" >&2
    find "$root" -type f >&2
    exit 1
  fi
  echo "$file"
}
require 'bin/vatt'
require 'lib*/gstreamer-1.0/libgstvatt.so'
require 'share/vatt/models/tiny.safetensors'
require 'share/man/man1/vatt.1'
require 'include/vatt-1.0/vatt/vatt.h'
library=$(require 'lib*/libvatt-1.0.so')
package=$(require 'lib*/pkgconfig/vatt-1.0.pc')

# It is not where it was installed for.
mkdir "$work/pc"
sed "s|^prefix=.*|prefix=$root|" "$package" >"$work/pc/vatt-1.0.pc"
export PKG_CONFIG_PATH="$work/pc"
export LD_LIBRARY_PATH="${library%/*}"
export VATT_MODEL_PATH="$root/share/vatt/models"
export GST_PLUGIN_PATH_1_0="${library%/*}/gstreamer-1.0"
export GST_REGISTRY="$work/registry"

# shellcheck disable=SC2016 # the backticks are Markdown's
sed -n '/^```c$/,/^```$/p' "$source/README.md" | sed '/^```/d' >"$work/example.c"
# shellcheck disable=SC2046 # a list of flags
cc -Wall -Werror -o "$work/example" "$work/example.c" \
  $(pkg-config --cflags --libs vatt-1.0)
"$work/example"

if [ -n "$python" ]; then
  require 'share/gir-1.0/Vatt-1.0.gir' >/dev/null
  typelib=$(require 'lib*/girepository-1.0/Vatt-1.0.typelib')
  # shellcheck disable=SC2016 # Markdown's again
  sed -n '/^```python$/,/^```$/p' "$source/README.md" | sed '/^```/d' >"$work/example.py"
  GI_TYPELIB_PATH=${typelib%/*} "$python" "$work/example.py"
fi

# The same, from the build folder.
mkdir "$work/uninstalled"
cp "$work/example.c" "$work/uninstalled"
cat >"$work/uninstalled/try.sh" <<'END'
cc -o example example.c $(pkg-config --cflags --libs vatt-1.0)
./example
END
env -u PKG_CONFIG_PATH -u LD_LIBRARY_PATH -u VATT_MODEL_PATH \
  meson devenv -C "$build" --workdir "$work/uninstalled" sh -eu try.sh

"$root/bin/vatt" info --json tiny >"$work/info"
gst-inspect-1.0 vattencoder >/dev/null
