/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * blend of one to three losses. */
#include "optest.h"

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattBlend *blend = test->attributes;
  y[0] = 0.0;
  for (guint i = 0; i < VATT_BLEND_INPUTS; i++)
    y[0] += in[i] ? blend->weight[i] * in[i][0] : 0.0;
}

#define WEIGHTS ATTRIBUTES (VattBlend, .weight = { 0.5, 0.25, 2.0 })

static const OpCase cases[] = {
  { "one", { ABSENT, TENSOR (1, 1) }, TENSOR (1, 1), WEIGHTS, 1e-7, 1e-7 },
  { "two", { TENSOR (1, 1), ABSENT, TENSOR (1, 1) }, TENSOR (1, 1), WEIGHTS,
      1e-7, 1e-7 },
  { "three", { TENSOR (1, 1), TENSOR (1, 1), TENSOR (1, 1) }, TENSOR (1, 1),
      WEIGHTS, 1e-7, 1e-7 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "loss 1 has 2 along axis 0, expected 1", { TENSOR (1, 1), TENSOR (1, 2) },
      WEIGHTS },
  { "loss 0 is F32 of rank 2", { TENSOR (2, 1, 1) }, WEIGHTS },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_blend,
  .reason = "one rounding",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "three", { TENSOR (1, 1), TENSOR (1, 1), TENSOR (1, 1) }, ABSENT,
      WEIGHTS },
};
