/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zero, whatever was there. */
#include "optest.h"

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  size_t n = 1;
  for (guint a = 0; a < test->in[0].rank; a++)
    n *= test->in[0].shape[a];
  for (size_t i = 0; i < n; i++)
    y[i] = 0.0;
}

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1) }, TENSOR (1, 1) },
  { "odd", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 5, 13) },
  { "none", { TENSOR (2, 0, 5) }, TENSOR (2, 0, 5) },
  { NULL },
};

static const OpRefusal refusals[] = { { "x is missing", { ABSENT } },
  { NULL } };

const OpTest optest = {
  .op = &vatt_op_zero,
  .reason = "exact",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "16M", { TENSOR (1, 16 << 20) } },
};
