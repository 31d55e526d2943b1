/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * maxpool over tokens; NaN wins. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const size_t *shape = test->in[0].shape;
  for (size_t b = 0; b < shape[0]; b++)
    for (size_t d = 0; d < shape[2]; d++) {
      double max = -HUGE_VAL;
      for (size_t t = 0; t < shape[1]; t++)
        max = fmax (max, in[0][(b * shape[1] + t) * shape[2] + d]);
      y[b * shape[2] + d] = max;
    }
}

static const OpCase cases[] = {
  { "one", { TENSOR (3, 1, 1, 1) }, TENSOR (2, 1, 1) },
  { "odd", { TENSOR (3, 7, 5, 13) }, TENSOR (2, 7, 13) },
  { "negative", { RANGE (-9.0, -8.0, 3, 7, 5, 13) }, TENSOR (2, 7, 13) },
  { "one-token", { TENSOR (3, 7, 1, 67) }, TENSOR (2, 7, 67) },
  { "long", { TENSOR (3, 1, 70001, 3) }, TENSOR (2, 1, 3), .bends = TRUE },
  { "large", { TENSOR (3, 33, 1201, 35) }, TENSOR (2, 33, 35), .bends = TRUE },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT } },
  { "x is F32 of rank 2", { TENSOR (2, 7, 13) } },
  { "x is I32", { IDS (4, 3, 7, 5, 13) } },
  { "the maximum of no tokens", { TENSOR (3, 7, 0, 13) } },
  { NULL },
};

static void
test_special (void)
{
  const OpCase test = { .in = { TENSOR (3, 1, 3, 2) } };
  for (size_t t = 0; t < 3; t++) {
    g_autoptr (OpRun) run = optest_run_new (&test);
    for (size_t i = 0; i < 6; i++)
      optest_values (run, 0)[i] = i % 2 ? -INFINITY : 1.0f;
    optest_values (run, 0)[2 * t] = NAN;
    const float *y = optest_execute (run);
    g_assert_true (isnan (y[0]));
    g_assert_cmpfloat (y[1], ==, -INFINITY);
  }
}

static const OpExtra extras[] = { { "special", test_special }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_maxpool,
  .reason = "one of the inputs, unchanged",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "256x16x2048", { TENSOR (3, 256, 16, 2048) } },
};
