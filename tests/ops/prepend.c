/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * prepend: the token, then the rest, bit for bit. */
#include "optest.h"

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const size_t *shape = test->in[0].shape;
  for (size_t b = 0; b < shape[0]; b++)
    for (size_t t = 0; t <= shape[1]; t++)
      for (size_t d = 0; d < shape[2]; d++)
        *y++ = t == 0 ? in[1][d] : in[0][(b * shape[1] + t - 1) * shape[2] + d];
}

static const OpCase cases[] = {
  { "one", { TENSOR (3, 1, 1, 1), TENSOR (1, 1) }, TENSOR (3, 1, 2, 1) },
  { "nothing-else", { TENSOR (3, 7, 0, 13), TENSOR (1, 13) },
      TENSOR (3, 7, 1, 13) },
  { "odd", { TENSOR (3, 7, 5, 13), TENSOR (1, 13) }, TENSOR (3, 7, 6, 13) },
  { "fours", { TENSOR (3, 7, 5, 12), TENSOR (1, 12) }, TENSOR (3, 7, 6, 12) },
  { "large", { TENSOR (3, 3, 1200, 67), TENSOR (1, 67) },
      TENSOR (3, 3, 1201, 67) },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, TENSOR (1, 13) } },
  { "token is missing", { TENSOR (3, 7, 5, 13) } },
  { "token has 12 along axis 0, expected 13",
      { TENSOR (3, 7, 5, 13), TENSOR (1, 12) } },
  { "token is F32 of rank 2", { TENSOR (3, 7, 5, 13), TENSOR (2, 1, 13) } },
  { "x is F32 of rank 2", { TENSOR (2, 5, 13), TENSOR (1, 13) } },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_prepend,
  .reason = "a copy",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "8x1568x768", { TENSOR (3, 8, 1568, 768), TENSOR (1, 768) } },
};
