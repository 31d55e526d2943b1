/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * padmask: -1e9 for padding; the aggregation token in front is never
 * masked. */
#include "optest.h"

#include <string.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const size_t *shape = test->in[0].shape;
  for (size_t b = 0; b < shape[0]; b++) {
    *y++ = 0.0;
    for (size_t t = 0; t < shape[1]; t++)
      *y++ = in[0][b * shape[1] + t] == 0.0 ? -1e9 : 0.0;
  }
}

static const OpCase cases[] = {
  { "one-padding", { IDS (1, 2, 1, 1) }, TENSOR (2, 1, 2) },
  { "all-padding", { IDS (1, 2, 7, 16) }, TENSOR (2, 7, 17) },
  { "odd", { IDS (3, 2, 7, 5) }, TENSOR (2, 7, 6) },
  { "no-words", { IDS (3, 2, 7, 0) }, TENSOR (2, 7, 1) },
  { "large", { IDS (2, 2, 301, 129) }, TENSOR (2, 301, 130) },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "ids is missing", { ABSENT } },
  { "ids is F32 of rank 2, expected I32 of rank 2", { TENSOR (2, 7, 5) } },
  { "ids is I32 of rank 1", { IDS (4, 1, 5) } },
  { NULL },
};

static void
test_negative (void)
{
  const OpCase test = { .in = { IDS (9, 2, 1, 3) } };
  static const gint32 ids[] = { -1, 0, G_MAXINT32 };
  static const float expected[] = { 0.0f, 0.0f, -1e9f, 0.0f };
  g_autoptr (OpRun) run = optest_run_new (&test);
  memcpy (optest_values (run, 0), ids, sizeof ids);
  g_assert_cmpmem (
      optest_execute (run), sizeof expected, expected, sizeof expected);
}

static const OpExtra extras[] = { { "only-zero", test_negative }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_padmask,
  .reason = "constants, exact in single precision",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "4096x16", { IDS (2, 2, 4096, 16) } },
};
