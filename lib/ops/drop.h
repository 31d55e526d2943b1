/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What dropout of a rate means in this run; for ops that drop. */
#pragma once

#include "simd.h"
#include "tensor.h"

/* random: (2) int32, the run's key, low half first. 0 <= rate < 1. */
static inline VattDrop
vatt_drop (double rate, uint64_t stream, const VattTensor *random)
{
  const uint32_t *key = random->data;
  return (VattDrop){ .key = key[0] | (uint64_t)key[1] << 32,
    .stream = stream,
    .threshold = (uint32_t)(rate * 0x1p32),
    .scale = (float)(1.0 / (1.0 - rate)) };
}
