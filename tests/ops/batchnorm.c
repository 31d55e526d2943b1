/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * batchnorm by moving statistics, small variances and a shifted mean too. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattNorm *norm = test->attributes;
  size_t width = test->in[0].shape[1];
  for (size_t i = 0; i < test->in[0].shape[0] * width; i++) {
    size_t d = i % width;
    y[i] =
        in[1][d] * (in[0][i] - in[3][d]) / sqrt (in[4][d] + (double)norm->eps) +
        in[2][d];
  }
}

#define EPS ATTRIBUTES (VattNorm, .eps = 1e-5f)
#define STATISTICS(d)                                                          \
  RANGE (0.5, 1.5, 1, d), TENSOR (1, d), TENSOR (1, d), RANGE (0.2, 3.0, 1, d)

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 1), STATISTICS (1) }, TENSOR (2, 1, 1), EPS, 1e-6,
      1e-6 },
  { "odd", { TENSOR (2, 7, 13), STATISTICS (13) }, TENSOR (2, 7, 13), EPS, 1e-6,
      1e-6 },
  /* eps alone keeps the quotient finite: factors up to 316. */
  { "no-variance",
      { TENSOR (2, 1, 33), TENSOR (1, 33), TENSOR (1, 33), TENSOR (1, 33),
          RANGE (0.0, 1e-7, 1, 33) },
      TENSOR (2, 1, 33), EPS, 3e-4, 1e-6 },
  /* x and mean are near 1000, their difference is exact. */
  { "shifted",
      { RANGE (999.0, 1001.0, 2, 7, 40), TENSOR (1, 40), TENSOR (1, 40),
          RANGE (999.5, 1000.5, 1, 40), RANGE (0.2, 3.0, 1, 40) },
      TENSOR (2, 7, 40), EPS, 2e-6, 1e-6 },
  { "large", { TENSOR (2, 301, 515), STATISTICS (515) }, TENSOR (2, 301, 515),
      EPS, 1e-6, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, STATISTICS (5) }, EPS },
  { "bias is missing", { TENSOR (2, 2, 5), TENSOR (1, 5) }, EPS },
  { "variance is missing",
      { TENSOR (2, 2, 5), TENSOR (1, 5), TENSOR (1, 5), TENSOR (1, 5) }, EPS },
  { "gain has 4 along axis 0, expected 5", { TENSOR (2, 2, 5), STATISTICS (4) },
      EPS },
  { "rank 3, expected F32 of rank 2", { TENSOR (3, 2, 2, 5), STATISTICS (5) },
      EPS },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_batchnorm,
  .reason = "five roundings of values up to 10; where there is hardly a "
            "variance, of values up to 600",
  .reference = reference,
  .constant = 1u << 3 | 1u << 4,
  .cases = cases,
  .refusals = refusals,
  .bench = { "1024x512", { TENSOR (2, 1024, 512), STATISTICS (512) }, ABSENT,
      EPS },
};
