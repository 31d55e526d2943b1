/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * adam: one step from given moments, with clipping and decay, and without;
 * what is not a number. */
#include "optest.h"

#include <math.h>
#include <string.h>

enum {
  PARAMETER,
  GRADIENT,
  FIRST,
  SECOND,
  SETTINGS,
  SQUARES,
};

/* The three inputs that change, one after the other. */
static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattUpdate *update = test->attributes;
  size_t n = test->in[PARAMETER].shape[0];
  double *p = y, *m = y + n, *v = y + 2 * n, scale = 1.0;
  if (in[SQUARES] && update->clip > 0.0)
    scale = update->clip / fmax (sqrt (in[SQUARES][0]), update->clip);
  for (size_t i = 0; i < n; i++) {
    double g = scale * in[GRADIENT][i];
    m[i] = update->beta1 * in[FIRST][i] + (1.0 - update->beta1) * g;
    v[i] = update->beta2 * in[SECOND][i] + (1.0 - update->beta2) * g * g;
    p[i] = in[PARAMETER][i] * (1.0 - in[SETTINGS][1]) -
           in[SETTINGS][0] * m[i] / (sqrt (v[i]) + update->eps);
  }
}

#define UPDATE(...)                                                            \
  ATTRIBUTES (                                                                 \
      VattUpdate, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-7, __VA_ARGS__)
#define STATE(n)                                                               \
  TENSOR (1, n), TENSOR (1, n), TENSOR (1, n), RANGE (0.01, 1.0, 1, n)
#define RATES RANGE (0.0, 0.1, 1, 2)

static const OpCase cases[] = {
  { "one", { STATE (1), RATES }, TENSOR (1, 0), UPDATE (.clip = 0.0), 1e-6,
      1e-6 },
  { "odd", { STATE (1003), RATES }, TENSOR (1, 0), UPDATE (.clip = 0.0), 1e-6,
      1e-6 },
  { "clipped", { STATE (77), RATES, RANGE (9.0, 25.0, 1, 1) }, TENSOR (1, 0),
      UPDATE (.clip = 0.75), 1e-6, 1e-6 },
  { "short", { STATE (77), RATES, RANGE (0.1, 0.2, 1, 1) }, TENSOR (1, 0),
      UPDATE (.clip = 0.75), 1e-6, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "parameter is missing", { ABSENT, TENSOR (1, 5) }, UPDATE (.clip = 0) },
  { "second moment has 4 along axis 0, expected 5",
      { TENSOR (1, 5), TENSOR (1, 5), TENSOR (1, 5), TENSOR (1, 4), RATES },
      UPDATE (.clip = 0) },
  { "settings has 3 along axis 0, expected 2", { STATE (5), TENSOR (1, 3) },
      UPDATE (.clip = 0) },
  { "squares has 2 along axis 0, expected 1",
      { STATE (5), RATES, TENSOR (1, 2) }, UPDATE (.clip = 0) },
  { NULL },
};

/* A gradient that is not a number counts as 0 where it is asked for. */
static void
test_clean (void)
{
  const OpCase test = { .in = { STATE (3), RANGE (0.0, 0.0, 1, 2) },
    UPDATE (.clean = TRUE) };
  g_autoptr (OpRun) run = optest_run_new (&test);
  optest_values (run, GRADIENT)[1] = NAN;
  float first = optest_values (run, FIRST)[1];
  optest_execute (run);
  g_assert_cmpfloat_with_epsilon (
      optest_values (run, FIRST)[1], 0.9f * first, 1e-6f);
  g_assert_true (isfinite (optest_values (run, SECOND)[1]));
}

static const OpExtra extras[] = { { "clean", test_clean }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_adam,
  .reason = "a few roundings of values up to 10",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "16M",
      { TENSOR (1, 16 << 20), TENSOR (1, 16 << 20), TENSOR (1, 16 << 20),
          RANGE (0.01, 1.0, 1, 16 << 20), RANGE (0.0, 0.0, 1, 2) },
      ABSENT, UPDATE (.clip = 0.0) },
};
