#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ggml-vulkan.sh FOLDER [ROWSxCOLUMNSxDEPTH]... - matrix products by ggml's
# Vulkan backend, for comparison with ours. FOLDER takes source and build, made
# at the first call only (four minutes on two cores). Prints a line per shape:
# "ggml ROWS COLUMNS DEPTH GFLOP/s", the median; the rest goes to stderr. Fails
# if a product is wrong.
#
# PRECISION=float32 (default) multiplies in float32; float16 leaves ggml to its
# own ways, which rounds the factors to half precision where the device can.
# GGML_VK_VISIBLE_DEVICES is the device, 0 if unset: without a number ggml
# passes over processors (Mesa's lavapipe). JOBS are the compilers at a time.
#
# Debian packages: cmake g++ git glslc libvulkan-dev mesa-vulkan-drivers
# ninja-build npm spirv-headers.
set -eu
# An npm package that carries the history of llama.cpp, and ggml in it, as a
# git bundle. This one has llama.cpp v0.4.0 with ggml 0.23.0.
package=node-llama-cpp@3.21.1

usage ()
{
  echo "usage: $0 FOLDER [ROWSxCOLUMNSxDEPTH]..." >&2
  exit 2
}

fetch ()
{
  rm -rf "$folder/llama.cpp.part"
  npm pack --silent --pack-destination "$folder" "$package" >&2
  tar xzf "$folder"/node-llama-cpp-*.tgz -C "$folder" \
    package/llama/gitRelease.bundle
  git -c advice.detachedHead=false clone --quiet \
    "$folder/package/llama/gitRelease.bundle" "$folder/llama.cpp.part"
  backend=$folder/llama.cpp.part/ggml/src/ggml-vulkan/ggml-vulkan.cpp
  # Vulkan's headers before 1.3.272 lack the settings that ggml hands to the
  # validation layer, which is not used here.
  if ! echo '#include <vulkan/vulkan.hpp>' | c++ -E -x c++ - \
    | grep -q LayerSettingsCreateInfoEXT; then
    sed -i -e '/std::vector<vk::LayerSettingEXT> settings = {/,/layer_setting_info(settings);/d' \
      -e 's/, &layer_setting_info);/);/' "$backend"
  fi
  mv "$folder/llama.cpp.part" "$folder/llama.cpp"
}

build ()
{
  cat >"$folder/CMakeLists.txt" <<CMAKE
cmake_minimum_required (VERSION 3.19)
project (ggml-vulkan-bench C CXX)
add_subdirectory (llama.cpp/ggml)
add_executable (ggml-vulkan-bench "$here/ggml-vulkan.cpp")
target_compile_features (ggml-vulkan-bench PRIVATE cxx_std_17)
target_link_libraries (ggml-vulkan-bench ggml-vulkan ggml-base)
CMAKE
  cmake -G Ninja -S "$folder" -B "$folder/build" -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_SHARED_LIBS=OFF -DGGML_VULKAN=ON -DGGML_CPU=OFF >&2
  nice ninja -C "$folder/build" -j "${JOBS:-2}" ggml-vulkan-bench >&2
}

[ $# -ge 1 ] || usage
mkdir -p "$1"
folder=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
shift
[ $# -gt 0 ] || set -- 1024x1024x1024 1568x768x3072

for tool in c++ cmake git glslc ninja npm; do
  command -v "$tool" >/dev/null || {
    echo "$0: no $tool: install the packages named at its top" >&2
    exit 1
  }
done
case ${PRECISION:-float32} in
float32) export GGML_VK_DISABLE_F16=1 ;;
float16) unset GGML_VK_DISABLE_F16 ;;
*) usage ;;
esac
export GGML_VK_VISIBLE_DEVICES="${GGML_VK_VISIBLE_DEVICES:-0}"

[ -d "$folder/llama.cpp" ] || fetch
build
exec "$folder/build/ggml-vulkan-bench" "$@"
