/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What dropout of a rate means in this run; for ops that drop. Rates are
 * rounded to multiples of 2^-16. */
#pragma once

#include "simd.h"
#include "tensor.h"

/* random: (3) int32, the run's key, low half first, and how many items of the
 * batch stand before those of this run: what is dropped of an item depends on
 * its place in the batch, not on how the batch is cut. 0 <= rate <=
 * VATT_DROP_MOST. */
#define VATT_RANDOM_WORDS 3
#define VATT_DROP_MOST (1.0 - 0x1p-16)

static inline uint32_t
vatt_drop_threshold (double rate)
{
  return (uint32_t)(rate * 0x1p16 + 0.5);
}

static inline float
vatt_drop_scale (uint32_t threshold)
{
  return (float)(0x1p16 / (0x1p16 - threshold));
}

static inline VattDrop
vatt_drop (double rate, uint64_t stream, const VattTensor *random)
{
  const uint32_t *key = random->data;
  uint32_t threshold = vatt_drop_threshold (rate);
  return (VattDrop){ .key = key[0] | (uint64_t)key[1] << 32,
    .stream = stream,
    .threshold = threshold,
    .scale = vatt_drop_scale (threshold) };
}

/* The index of the first value of a run whose items take `stride` each. */
static inline uint64_t
vatt_drop_first (const VattTensor *random, size_t stride)
{
  const uint32_t *words = random->data;
  return (uint64_t)words[2] * stride;
}
