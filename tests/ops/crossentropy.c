/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * crossentropy with and without smoothing, of labels that are mixed, and of
 * logits that would overflow. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattCrossentropy *entropy = test->attributes;
  const size_t *shape = test->in[0].shape;
  y[0] = 0.0;
  for (size_t b = 0; b < shape[0]; b++) {
    const double *x = in[0] + b * shape[1];
    double max = -HUGE_VAL, sum = 0.0;
    for (size_t c = 0; c < shape[1]; c++)
      max = fmax (max, x[c]);
    for (size_t c = 0; c < shape[1]; c++)
      sum += exp (x[c] - max);
    for (size_t c = 0; c < shape[1]; c++) {
      double label = (1.0 - entropy->smoothing) * in[1][b * shape[1] + c] +
                     entropy->smoothing / (double)shape[1];
      y[0] -= label * (x[c] - max - log (sum)) / (double)shape[0];
    }
  }
}

#define SMOOTHING(a) ATTRIBUTES (VattCrossentropy, .smoothing = a)
#define LABELS(b, c) RANGE (0.0, 1.0, 2, b, c)

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 1), LABELS (1, 1) }, TENSOR (1, 1), SMOOTHING (0.0),
      1e-6, 1e-6 },
  { "odd", { TENSOR (2, 7, 13), LABELS (7, 13) }, TENSOR (1, 1),
      SMOOTHING (0.0), 1e-6, 1e-6 },
  { "smoothed", { TENSOR (2, 7, 13), LABELS (7, 13) }, TENSOR (1, 1),
      SMOOTHING (0.1), 1e-6, 1e-6 },
  { "far", { RANGE (-900.0, 900.0, 2, 5, 33), LABELS (5, 33) }, TENSOR (1, 1),
      SMOOTHING (0.1), 1e-6, 1e-6 },
  { "large", { RANGE (-9.0, 9.0, 2, 129, 401), LABELS (129, 401) },
      TENSOR (1, 1), SMOOTHING (0.1), 1e-6, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "logits is missing", { ABSENT, LABELS (7, 13) }, SMOOTHING (0.0) },
  { "labels is missing", { TENSOR (2, 7, 13) }, SMOOTHING (0.0) },
  { "labels has 12 along axis 1, expected 13",
      { TENSOR (2, 7, 13), LABELS (7, 12) }, SMOOTHING (0.0) },
  { "0 samples of 13 classes", { TENSOR (2, 0, 13), LABELS (0, 13) },
      SMOOTHING (0.0) },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_crossentropy,
  .reason = "computed in double precision, rounded for each row",
  .reference = reference,
  .constant = 1u << 1,
  .cases = cases,
  .refusals = refusals,
  .bench = { "64x600", { TENSOR (2, 64, 600), LABELS (64, 600) }, ABSENT,
      SMOOTHING (0.1) },
};
