/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * layernorm, where the mean is far from zero too. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattNorm *norm = test->attributes;
  size_t rows = 1, width = test->in[1].shape[0];
  for (guint a = 0; a + 1 < test->in[0].rank; a++)
    rows *= test->in[0].shape[a];
  for (size_t r = 0; r < rows; r++) {
    const double *x = in[0] + r * width;
    double mean = 0.0, variance = 0.0;
    for (size_t d = 0; d < width; d++)
      mean += x[d] / (double)width;
    for (size_t d = 0; d < width; d++)
      variance += (x[d] - mean) * (x[d] - mean) / (double)width;
    for (size_t d = 0; d < width; d++)
      y[r * width + d] =
          (x[d] - mean) / sqrt (variance + (double)norm->eps) * in[1][d] +
          in[2][d];
  }
}

#define EPS ATTRIBUTES (VattNorm, .eps = 1e-6f)
#define AFFINE(d) RANGE (0.5, 1.5, 1, d), TENSOR (1, d)

static const OpCase cases[] = {
  /* A row of one value has no deviation: 1 / sqrt (eps) = 1000 times nothing.
   */
  { "one", { TENSOR (1, 1), AFFINE (1) }, TENSOR (1, 1), EPS, 2e-6, 2e-6,
      .gradient = 1e-5 },
  { "vector", { TENSOR (1, 13), AFFINE (13) }, TENSOR (1, 13), EPS, 2e-6,
      2e-6 },
  { "odd", { TENSOR (3, 7, 5, 67), AFFINE (67) }, TENSOR (3, 7, 5, 67), EPS,
      2e-6, 2e-6 },
  { "short-of-a-vector", { TENSOR (2, 7, 3), AFFINE (3) }, TENSOR (2, 7, 3),
      EPS, 2e-6, 2e-6 },
  { "fours", { TENSOR (2, 7, 68), AFFINE (68) }, TENSOR (2, 7, 68), EPS, 2e-6,
      2e-6 },
  { "wide", { TENSOR (2, 2, 4099), AFFINE (4099) }, TENSOR (2, 2, 4099), EPS,
      2e-6, 2e-6 },
  { "large", { TENSOR (3, 3, 401, 129), AFFINE (129) }, TENSOR (3, 3, 401, 129),
      EPS, 2e-6, 2e-6 },
  /* The mean of floats near 1000 is off by up to 3e-4 of sigma = 0.58. */
  { "mean-beyond-sigma", { RANGE (999.0, 1001.0, 2, 7, 67), AFFINE (67) },
      TENSOR (2, 7, 67), EPS, 1e-3, 1e-4 },
  /* eps governs: the factor is 1000. */
  { "constant", { RANGE (0.25, 0.25, 2, 7, 33), AFFINE (33) },
      TENSOR (2, 7, 33), EPS, 2e-6, 2e-6 },
  { "tiny", { RANGE (-1e-5, 1e-5, 2, 7, 33), AFFINE (33) }, TENSOR (2, 7, 33),
      EPS, 2e-6, 2e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, AFFINE (5) }, EPS },
  { "x is I32", { IDS (4, 2, 2, 5), AFFINE (5) }, EPS },
  { "gain is missing", { TENSOR (2, 2, 5) }, EPS },
  { "bias is missing", { TENSOR (2, 2, 5), TENSOR (1, 5) }, EPS },
  { "gain has 4 along axis 0, expected 5", { TENSOR (2, 2, 5), AFFINE (4) },
      EPS },
  { "gain is F32 of rank 2",
      { TENSOR (2, 2, 5), TENSOR (2, 1, 5), TENSOR (1, 5) }, EPS },
  { NULL },
};

/* A NaN spoils its own row and no other. */
static void
test_nan (void)
{
  const OpCase test = { .in = { TENSOR (2, 3, 13), AFFINE (13) }, EPS };
  g_autoptr (OpRun) run = optest_run_new (&test);
  optest_values (run, 0)[13 + 4] = NAN;
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 39; i++)
    g_assert_cmpint (isnan (y[i]) != 0, ==, i / 13 == 1);
}

static const OpExtra extras[] = { { "nan", test_nan }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_layernorm,
  .reason = "sums in several partial sums of floats, results up to 5; more "
            "where the mean has few digits left for the rest",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "8x1569x768", { TENSOR (3, 8, 1569, 768), AFFINE (768) }, ABSENT,
      EPS },
};
