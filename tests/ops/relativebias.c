/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * relativebias: buckets of distances, counted with the quotients of their
 * definition instead of logarithms, and the published table for 17 tokens. */
#include "optest.h"

#include <math.h>

/* The k-th bucket after the exact ones begins where n / e has reached
 * (max / e)^(k / e). A little slack, as powers are not exact; no distance of
 * these cases is so near to a border unless it is on it. */
static size_t
bucket (double distance, size_t buckets, double max)
{
  size_t half = buckets / 2, exact = half / 2, n = 0;
  if (fabs (distance) < (double)exact)
    n = (size_t)fabs (distance);
  else
    for (n = exact; n + 1 < half; n++) {
      double power = (double)(n + 1 - exact) / (double)exact;
      double border = (double)exact * pow (max / (double)exact, power);
      if (fabs (distance) < border * (1.0 - 1e-9))
        break;
    }
  return distance > 0.0 ? half + n : n;
}

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattRelativebias *relative = test->attributes;
  const size_t *table = test->in[0].shape;
  for (size_t h = 0; h < table[1]; h++)
    for (size_t q = 0; q < relative->tokens; q++)
      for (size_t k = 0; k < relative->tokens; k++)
        *y++ = in[0][bucket ((double)k - (double)q, table[0],
                         (double)relative->max_distance) *
                         table[1] +
                     h];
}

#define RELATIVE(n, distance)                                                  \
  ATTRIBUTES (VattRelativebias, .tokens = n, .max_distance = distance)

static const OpCase cases[] = {
  { "one", { TENSOR (2, 4, 1) }, TENSOR (3, 1, 1, 1), RELATIVE (1, 3) },
  { "published", { TENSOR (2, 32, 8) }, TENSOR (3, 8, 17, 17),
      RELATIVE (17, 64) },
  { "odd", { TENSOR (2, 12, 3) }, TENSOR (3, 3, 13, 13), RELATIVE (13, 21) },
  { "beyond-the-last", { TENSOR (2, 32, 5) }, TENSOR (3, 5, 151, 151),
      RELATIVE (151, 64) },
  { "many-buckets", { TENSOR (2, 128, 3) }, TENSOR (3, 3, 231, 231),
      RELATIVE (231, 199) },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "table is missing", { ABSENT }, RELATIVE (17, 64) },
  { "table is F32 of rank 1", { TENSOR (1, 32) }, RELATIVE (17, 64) },
  { "30 buckets up to distance 64: expected a multiple of 4",
      { TENSOR (2, 30, 8) }, RELATIVE (17, 64) },
  { "0 buckets", { TENSOR (2, 0, 8) }, RELATIVE (17, 64) },
  { "beyond a quarter", { TENSOR (2, 32, 8) }, RELATIVE (17, 8) },
  { NULL },
};

/* Raffel et al. as their code buckets 17 tokens: 32 buckets to 64. */
static void
test_published (void)
{
  static const size_t before[17] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 9, 9, 9,
    10, 10, 10 };
  const OpCase test = { .in = { TENSOR (2, 32, 1) }, RELATIVE (17, 64) };
  g_autoptr (OpRun) run = optest_run_new (&test);
  for (int i = 0; i < 32; i++)
    optest_values (run, 0)[i] = (float)i;
  const float *y = optest_execute (run);
  for (size_t q = 0; q < 17; q++)
    for (size_t k = 0; k < 17; k++) {
      size_t expected = k > q ? 16 + before[k - q] : before[q - k];
      g_assert_cmpfloat (y[q * 17 + k], ==, (float)expected);
    }
}

static const OpExtra extras[] = { { "table", test_published }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_relativebias,
  .reason = "numbers of a table, unchanged",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "12x257x257", { TENSOR (2, 32, 12) }, ABSENT, RELATIVE (257, 64) },
};
