/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Numbers for tests of the instruction sets. Whoever includes it says SEED. */
#pragma once

#include "rng.h"
#include "simd.h"

#include <glib.h>

#define CANARY 12345.0f

static inline const VattSimd *
set_of (gconstpointer data)
{
  return data;
}

/* n values in [low, high), and a canary behind them. */
static inline float *
random_values (guint64 stream, double low, double high, size_t n)
{
  float *values = g_new (float, n + 1);
  for (size_t i = 0; i < n; i++)
    values[i] = (float)(low + (high - low) *
                                  (double)vatt_rng_uniform (SEED, stream, i));
  values[n] = CANARY;
  return values;
}
