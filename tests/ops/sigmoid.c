/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sigmoid: both ends, small values with all their digits. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  size_t n = 1;
  for (guint a = 0; a < test->in[0].rank; a++)
    n *= test->in[0].shape[a];
  for (size_t i = 0; i < n; i++)
    y[i] = 1.0 / (1.0 + exp (-in[0][i]));
}

/* Below exp (-87.3) floats lose digits, and then end. */
#define DIGITS .abs = 1e-37, .rel = 5e-7

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1) }, TENSOR (1, 1), DIGITS },
  { "odd", { RANGE (-9.0, 9.0, 3, 7, 5, 13) }, TENSOR (3, 7, 5, 13), DIGITS },
  { "classes", { RANGE (-87.0, 87.0, 2, 1, 527) }, TENSOR (2, 1, 527), DIGITS },
  { "ends", { RANGE (-5000.0, 5000.0, 2, 7, 129) }, TENSOR (2, 7, 129),
      DIGITS },
  { "large", { RANGE (-20.0, 20.0, 2, 301, 527) }, TENSOR (2, 301, 527),
      DIGITS },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT } },
  { "x is I32", { IDS (4, 2, 7, 5) } },
  { NULL },
};

static void
test_special (void)
{
  const OpCase test = { .in = { TENSOR (1, 4) } };
  g_autoptr (OpRun) run = optest_run_new (&test);
  float *x = optest_values (run, 0);
  x[0] = INFINITY;
  x[1] = -INFINITY;
  x[2] = NAN;
  x[3] = 0.0f;
  const float *y = optest_execute (run);
  g_assert_cmpfloat (y[0], ==, 1.0f);
  g_assert_cmpfloat (y[1], ==, 0.0f);
  g_assert_true (isnan (y[2]));
  g_assert_cmpfloat (y[3], ==, 0.5f);
}

static const OpExtra extras[] = { { "special", test_special }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_sigmoid,
  .reason = "an exponential, a sum and a quotient, each good to a unit in "
            "the last place",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "1024x527", { RANGE (-9.0, 9.0, 2, 1024, 527) } },
};
