/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relu of any shape; a NaN stays one. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  size_t n = 1;
  for (guint a = 0; a < test->in[0].rank; a++)
    n *= test->in[0].shape[a];
  for (size_t i = 0; i < n; i++)
    y[i] = in[0][i] > 0.0 ? in[0][i] : 0.0;
}

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1) }, TENSOR (1, 1) },
  { "odd", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 5, 13) },
  { "negative", { RANGE (-2.0, -1.0, 2, 1, 33) }, TENSOR (2, 1, 33) },
  { "large", { TENSOR (2, 301, 1027) }, TENSOR (2, 301, 1027), .bends = TRUE },
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
  const OpCase test = { .in = { TENSOR (1, 5) } };
  static const float special[] = { INFINITY, -INFINITY, -1e-45f, 1e-45f,
    -0.0f };
  static const float expected[] = { INFINITY, 0.0f, 0.0f, 1e-45f, 0.0f };
  g_autoptr (OpRun) run = optest_run_new (&test);
  for (size_t i = 0; i < 5; i++)
    optest_values (run, 0)[i] = special[i];
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 5; i++)
    g_assert_cmpfloat (y[i], ==, expected[i]);
  optest_values (run, 0)[2] = NAN;
  g_assert_true (isnan (optest_execute (run)[2]));
}

static const OpExtra extras[] = { { "special", test_special }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_relu,
  .reason = "the input or 0",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "4096x2048", { TENSOR (2, 4096, 2048) } },
};
