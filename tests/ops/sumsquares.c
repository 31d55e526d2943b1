/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sumsquares across the edges of its blocks; with what is not a number. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  y[0] = 0.0;
  for (size_t i = 0; i < test->in[0].shape[0]; i++)
    y[0] += in[0][i] * in[0][i];
}

#define CLEAN(on) ATTRIBUTES (VattSumsquares, .clean = on)

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1) }, TENSOR (1, 1), CLEAN (FALSE), 0.0, 1e-6 },
  { "none", { TENSOR (1, 0) }, TENSOR (1, 1), CLEAN (FALSE), 0.0, 0.0 },
  { "block", { TENSOR (1, 4096) }, TENSOR (1, 1), CLEAN (TRUE), 0.0, 1e-6 },
  { "odd", { TENSOR (1, 4099) }, TENSOR (1, 1), CLEAN (FALSE), 0.0, 1e-6 },
  { "large", { RANGE (-1e-3, 1e3, 1, 300001) }, TENSOR (1, 1), CLEAN (FALSE),
      0.0, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT }, CLEAN (FALSE) },
  { "x is F32 of rank 2", { TENSOR (2, 3, 5) }, CLEAN (FALSE) },
  { NULL },
};

static float
sum_with_nan (gboolean clean)
{
  const VattSumsquares settings = { .clean = clean };
  const OpCase test = { .in = { RANGE (2.0, 2.0, 1, 5) },
    .attributes = &settings,
    .attributes_size = sizeof settings };
  g_autoptr (OpRun) run = optest_run_new (&test);
  optest_values (run, 0)[1] = NAN;
  optest_values (run, 0)[3] = INFINITY;
  return optest_execute (run)[0];
}

static void
test_clean (void)
{
  g_assert_cmpfloat (sum_with_nan (TRUE), ==, 12.0f);
  g_assert_true (isnan (sum_with_nan (FALSE)));
}

static const OpExtra extras[] = { { "clean", test_clean }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_sumsquares,
  .reason = "a rounding for each block of sums in double precision",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "16M", { TENSOR (1, 16 << 20) }, ABSENT, CLEAN (FALSE) },
};
