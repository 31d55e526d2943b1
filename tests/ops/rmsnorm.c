/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * rmsnorm: no mean is taken off. */
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
    double squares = 0.0;
    for (size_t d = 0; d < width; d++)
      squares += in[0][r * width + d] * in[0][r * width + d];
    for (size_t d = 0; d < width; d++)
      y[r * width + d] = in[0][r * width + d] * in[1][d] /
                         sqrt (squares / (double)width + (double)norm->eps);
  }
}

#define EPS_ONLY ATTRIBUTES (VattNorm, .eps = 1e-6f)
#define EPS EPS_ONLY, 1e-7, 2e-6

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1), TENSOR (1, 1) }, TENSOR (1, 1), EPS,
      .gradient = 1e-6 },
  { "odd", { TENSOR (3, 7, 5, 67), TENSOR (1, 67) }, TENSOR (3, 7, 5, 67),
      EPS },
  { "short-of-a-vector", { TENSOR (2, 7, 3), TENSOR (1, 3) }, TENSOR (2, 7, 3),
      EPS },
  { "fours", { TENSOR (2, 7, 68), TENSOR (1, 68) }, TENSOR (2, 7, 68), EPS },
  /* More groups than one axis has. */
  { "many-rows", { TENSOR (2, 70001, 3), TENSOR (1, 3) }, TENSOR (2, 70001, 3),
      EPS },
  /* More than the loops of eight invocations would get through. */
  { "widest", { TENSOR (2, 1, 400001), TENSOR (1, 400001) },
      TENSOR (2, 1, 400001), EPS_ONLY, 1e-6, 1e-5 },
  { "wide", { TENSOR (2, 2, 4099), TENSOR (1, 4099) }, TENSOR (2, 2, 4099),
      EPS },
  { "large", { TENSOR (3, 3, 401, 129), TENSOR (1, 129) },
      TENSOR (3, 3, 401, 129), EPS },
  { "mean-beyond-sigma", { RANGE (999.0, 1001.0, 2, 7, 67), TENSOR (1, 67) },
      TENSOR (2, 7, 67), EPS },
  /* Slopes of 1000, which change by 5e-5 within a step. */
  { "zeros", { RANGE (0.0, 0.0, 2, 7, 33), TENSOR (1, 33) }, TENSOR (2, 7, 33),
      EPS, .gradient = 0.02 },
  { "tiny", { RANGE (-1e-5, 1e-5, 2, 7, 33), TENSOR (1, 33) },
      TENSOR (2, 7, 33), EPS, .gradient = 0.02 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, TENSOR (1, 5) }, EPS_ONLY },
  { "gain is missing", { TENSOR (2, 2, 5) }, EPS_ONLY },
  { "gain has 4 along axis 0, expected 5", { TENSOR (2, 2, 5), TENSOR (1, 4) },
      EPS_ONLY },
  { "gain is F32 of rank 2", { TENSOR (2, 2, 5), TENSOR (2, 1, 5) }, EPS_ONLY },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_rmsnorm,
  .reason = "squares in several partial sums of floats; all terms are "
            "positive",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "256x17x512", { TENSOR (3, 256, 17, 512), TENSOR (1, 512) },
      ABSENT, EPS },
};
