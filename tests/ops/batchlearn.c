/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchlearn, with hardly any variance and far from 0 too; what the way back
 * makes of the moving statistics. */
#include "optest.h"

#include <math.h>
#include <string.h>

enum {
  X,
  GAIN,
  BIAS,
  MEAN,
  VARIANCE,
};

static void
moments (
    const double *x, size_t rows, size_t width, double *mean, double *variance)
{
  *mean = *variance = 0.0;
  for (size_t b = 0; b < rows; b++)
    *mean += x[b * width] / (double)rows;
  for (size_t b = 0; b < rows; b++)
    *variance += (x[b * width] - *mean) * (x[b * width] - *mean) / (double)rows;
}

/* The moving statistics are left alone forwards. */
static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattBatchlearn *norm = test->attributes;
  size_t rows = test->in[X].shape[0], width = test->in[X].shape[1];
  for (size_t d = 0; d < width; d++) {
    double mean, variance;
    moments (in[X] + d, rows, width, &mean, &variance);
    for (size_t b = 0; b < rows; b++)
      y[b * width + d] = in[GAIN][d] * (in[X][b * width + d] - mean) /
                             sqrt (variance + (double)norm->eps) +
                         in[BIAS][d];
  }
  memcpy (y + rows * width, in[MEAN], width * sizeof *y);
  memcpy (y + (rows + 1) * width, in[VARIANCE], width * sizeof *y);
}

#define NORM ATTRIBUTES (VattBatchlearn, .eps = 1e-5f, .keep = 0.9f)
#define STATISTICS(d)                                                          \
  RANGE (0.5, 1.5, 1, d), TENSOR (1, d), TENSOR (1, d), RANGE (0.2, 3.0, 1, d)

static const OpCase cases[] = {
  { "one-sample", { TENSOR (2, 1, 13), STATISTICS (13) }, TENSOR (2, 1, 13),
      NORM, 1e-6, 1e-6 },
  { "odd", { TENSOR (2, 7, 13), STATISTICS (13) }, TENSOR (2, 7, 13), NORM,
      2e-6, 1e-6 },
  { "little-variance", { RANGE (0.0, 1e-3, 2, 7, 33), STATISTICS (33) },
      TENSOR (2, 7, 33), NORM, 2e-6, 1e-6 },
  /* The rounding of values near 1000 is 3e-5, and differences are exact. */
  { "shifted", { RANGE (999.0, 1001.0, 2, 9, 40), STATISTICS (40) },
      TENSOR (2, 9, 40), NORM, 2e-4, 1e-6 },
  { "large", { TENSOR (2, 301, 129), STATISTICS (129) }, TENSOR (2, 301, 129),
      NORM, 2e-6, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, STATISTICS (5) }, NORM },
  { "gain has 4 along axis 0, expected 5", { TENSOR (2, 2, 5), STATISTICS (4) },
      NORM },
  { "0 samples in a plan that learns", { TENSOR (2, 0, 5), STATISTICS (5) },
      NORM },
  { NULL },
};

static void
test_moving (void)
{
  const OpCase test = { .in = { TENSOR (2, 7, 3), STATISTICS (3) }, NORM };
  g_autoptr (OpRun) run = optest_run_new_learning (&test);
  double *in[VATT_MAX_INPUTS];
  optest_inputs (run, in);
  optest_run_nodes (run, 0, run->plan->nodes->len, OP_SEVEN);
  for (size_t d = 0; d < 3; d++) {
    double mean, variance;
    moments (in[X] + d, 7, 3, &mean, &variance);
    g_assert_cmpfloat_with_epsilon ((double)optest_values (run, MEAN)[d],
        0.9 * in[MEAN][d] + 0.1 * mean, 1e-6);
    g_assert_cmpfloat_with_epsilon ((double)optest_values (run, VARIANCE)[d],
        0.9 * in[VARIANCE][d] + 0.1 * variance, 1e-6);
  }
  for (guint i = 0; i < VATT_MAX_INPUTS; i++)
    g_free (in[i]);
}

static const OpExtra extras[] = { { "moving", test_moving }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_batchlearn,
  .reason = "five roundings of values up to 5",
  .reference = reference,
  .constant = 1u << MEAN | 1u << VARIANCE,
  .learns = TRUE,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "2048x512", { TENSOR (2, 2048, 512), STATISTICS (512) }, ABSENT,
      NORM },
};
