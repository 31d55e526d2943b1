#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a test with a validation layer and fails where the layer says anything.
# Usage: silent.sh FEATURE WRONG TEST [ARGUMENT…]; FEATURE is "synchronization"
# or "gpu", WRONG a program of which the layer must say something.
set -eu
feature=$1 wrong=$2
shift 2
export VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation
case $feature in
  synchronization)
    export VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT
    ;;
  gpu) export VK_LAYER_ENABLES=VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT ;;
  *)
    echo "silent.sh: no feature '$feature'" >&2
    exit 2
    ;;
esac
said='VUID-\|SYNC-HAZARD\|UNASSIGNED-\|Validation Error\|Validation Warning'
# Newer layers warn of how they are set up themselves: what they switch on in a
# device for their own use, and that they are slow.
itself='\[ VALIDATION-SETTINGS \]\|\[ WARNING-GPU-Assisted-Validation \]'
heard=$("$wrong" 2>&1) || true
if ! echo "$heard" | grep "$said" | grep -qv "$itself"; then
  if [ -n "${VATT_REQUIRE_VULKAN:-}" ]; then
    echo "the validation layer does not speak: $heard" >&2
    exit 1
  fi
  echo "SKIP: the validation layer does not speak (vulkan-validationlayers)"
  exit 77
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
"$@" >"$log" 2>&1 || status=$?
if grep "$said" "$log" | grep -v -m 20 "$itself"; then
  echo "the validation layer has something to say of $1" >&2
  exit 1
fi
[ "$status" -eq 0 ] || tail -n 40 "$log"
exit "$status"
