/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * momentum: one step from a given velocity, with clipping and decay. */
#include "optest.h"

#include <math.h>

enum {
  PARAMETER,
  GRADIENT,
  VELOCITY,
  SETTINGS,
  SQUARES,
};

/* The two inputs that change, one after the other. */
static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattUpdate *update = test->attributes;
  size_t n = test->in[PARAMETER].shape[0];
  double scale = 1.0;
  if (in[SQUARES] && update->clip > 0.0)
    scale = update->clip / fmax (sqrt (in[SQUARES][0]), update->clip);
  for (size_t i = 0; i < n; i++) {
    y[n + i] = update->momentum * in[VELOCITY][i] -
               in[SETTINGS][0] * scale * in[GRADIENT][i];
    y[i] = in[PARAMETER][i] * (1.0 - in[SETTINGS][1]) + y[n + i];
  }
}

#define UPDATE(...) ATTRIBUTES (VattUpdate, .momentum = 0.9, __VA_ARGS__)
#define STATE(n) TENSOR (1, n), TENSOR (1, n), TENSOR (1, n)
#define RATES RANGE (0.0, 0.1, 1, 2)

static const OpCase cases[] = {
  { "one", { STATE (1), RATES }, TENSOR (1, 0), UPDATE (.clip = 0.0), 1e-6,
      1e-6 },
  { "odd", { STATE (1003), RATES }, TENSOR (1, 0), UPDATE (.clip = 0.0), 1e-6,
      1e-6 },
  { "clipped", { STATE (77), RATES, RANGE (9.0, 25.0, 1, 1) }, TENSOR (1, 0),
      UPDATE (.clip = 0.75), 1e-6, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "gradient is missing", { TENSOR (1, 5) }, UPDATE (.clip = 0) },
  { "velocity has 4 along axis 0, expected 5",
      { TENSOR (1, 5), TENSOR (1, 5), TENSOR (1, 4), RATES },
      UPDATE (.clip = 0) },
  { "settings is missing", { STATE (5) }, UPDATE (.clip = 0) },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_momentum,
  .reason = "a few roundings of values up to 2",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "16M",
      { TENSOR (1, 16 << 20), TENSOR (1, 16 << 20), TENSOR (1, 16 << 20),
          RANGE (0.0, 0.0, 1, 2) },
      ABSENT, UPDATE (.clip = 0.0) },
};
