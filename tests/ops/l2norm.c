/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * l2norm, also of rows that are nearly or exactly nothing. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  size_t width = test->in[0].shape[1];
  for (size_t r = 0; r < test->in[0].shape[0]; r++) {
    double sum = 0.0;
    for (size_t d = 0; d < width; d++)
      sum += in[0][r * width + d] * in[0][r * width + d];
    for (size_t d = 0; d < width; d++)
      y[r * width + d] = in[0][r * width + d] / sqrt (fmax (sum, 1e-12));
  }
}

static const OpCase cases[] = {
  { "one", { RANGE (0.5, 1.0, 2, 1, 1) }, TENSOR (2, 1, 1), .abs = 1e-7,
      .rel = 1e-6 },
  { "odd", { TENSOR (2, 7, 13) }, TENSOR (2, 7, 13), .abs = 1e-7, .rel = 1e-6 },
  { "zeros", { RANGE (0.0, 0.0, 2, 7, 13) }, TENSOR (2, 7, 13), .abs = 0.0,
      .rel = 0.0, .bends = TRUE },
  { "large", { RANGE (-1e3, 1e3, 2, 301, 515) }, TENSOR (2, 301, 515),
      .abs = 1e-7, .rel = 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = { { "x is missing", { ABSENT } },
  { "x is I32", { IDS (4, 2, 7, 5) } }, { NULL } };

/* Below the limit rows are only scaled, by 1e6. */
static void
test_small (void)
{
  const OpCase test = { .in = { RANGE (1e-8, 1e-7, 2, 1, 5) } };
  g_autoptr (OpRun) run = optest_run_new (&test);
  const float *y = optest_execute (run);
  for (size_t d = 0; d < 5; d++)
    g_assert_cmpfloat_with_epsilon (
        y[d], optest_values (run, 0)[d] * 1e6f, 1e-7f);
}

static const OpExtra extras[] = { { "small", test_small }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_l2norm,
  .reason = "one rounding",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "2048x512", { TENSOR (2, 2048, 512) } },
};
