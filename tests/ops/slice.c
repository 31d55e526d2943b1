/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * slice of tokens, bit for bit. */
#include "optest.h"

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattSlice *slice = test->attributes;
  const size_t *shape = test->in[0].shape;
  for (size_t b = 0; b < shape[0]; b++)
    for (size_t t = slice->first; t < slice->first + slice->count; t++)
      for (size_t d = 0; d < shape[2]; d++)
        *y++ = in[0][(b * shape[1] + t) * shape[2] + d];
}

#define SLICE(from, n) ATTRIBUTES (VattSlice, .first = from, .count = n)
#define FLAT(from, n)                                                          \
  ATTRIBUTES (VattSlice, .first = from, .count = n, .flat = TRUE)

static const OpCase cases[] = {
  { "one", { TENSOR (3, 1, 1, 1) }, TENSOR (3, 1, 1, 1), SLICE (0, 1) },
  { "all", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 5, 13), SLICE (0, 5) },
  { "middle", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 3, 13), SLICE (1, 3) },
  { "last", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 1, 13), SLICE (4, 1) },
  { "none", { TENSOR (3, 7, 5, 13) }, TENSOR (3, 7, 0, 13), SLICE (5, 0) },
  { "flat", { TENSOR (3, 7, 5, 13) }, TENSOR (2, 7, 13), FLAT (0, 1) },
  { "flat-last", { TENSOR (3, 1, 5, 33) }, TENSOR (2, 1, 33), FLAT (4, 1) },
  { "fours", { TENSOR (3, 7, 5, 12) }, TENSOR (3, 7, 3, 12), SLICE (1, 3) },
  { "large", { TENSOR (3, 3, 1201, 67) }, TENSOR (3, 3, 1200, 67),
      SLICE (1, 1200) },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT }, SLICE (0, 1) },
  { "x is F32 of rank 2", { TENSOR (2, 5, 13) }, SLICE (0, 1) },
  { "6 tokens from 0 on, of 5", { TENSOR (3, 7, 5, 13) }, SLICE (0, 6) },
  { "1 tokens from 5 on, of 5", { TENSOR (3, 7, 5, 13) }, SLICE (5, 1) },
  /* first + count overflows to 1. */
  { "2 tokens from 18446744073709551615 on", { TENSOR (3, 7, 5, 13) },
      SLICE (SIZE_MAX, 2) },
  { "2 tokens from 0 on, of 5", { TENSOR (3, 7, 5, 13) }, FLAT (0, 2) },
  { NULL },
};

const OpTest optest = {
  .op = &vatt_op_slice,
  .reason = "a copy",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .bench = { "8x1568x768", { TENSOR (3, 8, 1569, 768) }, ABSENT,
      SLICE (1, 1568) },
};
