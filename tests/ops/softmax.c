/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax of rows, however large their values. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const OpInput *x = &test->in[0];
  size_t rows = 1, width = x->shape[x->rank - 1];
  for (guint a = 0; a + 1 < x->rank; a++)
    rows *= x->shape[a];
  for (size_t r = 0; r < rows; r++) {
    double max = -HUGE_VAL, sum = 0.0;
    for (size_t c = 0; c < width; c++)
      max = fmax (max, in[0][r * width + c]);
    for (size_t c = 0; c < width; c++)
      sum += exp (in[0][r * width + c] - max);
    for (size_t c = 0; c < width; c++)
      y[r * width + c] = exp (in[0][r * width + c] - max) / sum;
  }
}

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1) }, TENSOR (1, 1), .abs = 0.0, .rel = 0.0 },
  { "odd", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 5, 13), .rel = 2e-6 },
  { "short-of-a-vector", { TENSOR (2, 7, 3) }, TENSOR (2, 7, 3), .rel = 2e-6 },
  { "fours", { TENSOR (2, 7, 68) }, TENSOR (2, 7, 68), .rel = 2e-6 },
  { "classes", { RANGE (-20.0, 20.0, 2, 1, 400) }, TENSOR (2, 1, 400),
      .rel = 6e-6 },
  { "far", { RANGE (-80.0, 80.0, 2, 7, 67) }, TENSOR (2, 7, 67), .abs = 1e-37,
      .rel = 2e-5 },
  { "shifted", { RANGE (1e6, 1e6 + 4.0, 2, 7, 67) }, TENSOR (2, 7, 67),
      .rel = 2e-6 },
  { "large", { RANGE (-5.0, 5.0, 2, 301, 1027) }, TENSOR (2, 301, 1027),
      .rel = 5e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT } },
  { "x is I32 of rank 2, expected F32 of rank 1 or more",
      { IDS (4, 2, 7, 5) } },
  { "rows without values", { TENSOR (2, 7, 0) } },
  { NULL },
};

/* The greatest floats do not overflow; a NaN spoils its own row alone. */
static void
test_special (void)
{
  const OpCase test = { .in = { TENSOR (2, 3, 13) } };
  g_autoptr (OpRun) run = optest_run_new (&test);
  for (size_t i = 0; i < 13; i++)
    optest_values (run, 0)[i] = i == 4 ? 3e38f : -3e38f;
  optest_values (run, 0)[13] = NAN;
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 39; i++) {
    if (i < 13)
      g_assert_cmpfloat (y[i], ==, i == 4 ? 1.0f : 0.0f);
    g_assert_cmpint (isnan (y[i]) != 0, ==, i / 13 == 1);
  }
}

static const OpExtra extras[] = { { "special", test_special }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_softmax,
  .reason = "an argument of 2^x rounded at |x| is off by |x| 2^-24: 160 "
            "below the maximum, 1.4e-5 of the result; its least results "
            "have few digits",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "4096x400", { RANGE (-9.0, 9.0, 2, 4096, 400) } },
};
