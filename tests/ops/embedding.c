/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * embedding: rows of a table, bit for bit. */
#include "optest.h"

#include <string.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  size_t width = test->in[1].shape[1];
  size_t words = test->in[0].shape[0] * test->in[0].shape[1];
  for (size_t i = 0; i < words; i++)
    for (size_t d = 0; d < width; d++)
      y[i * width + d] = in[1][(size_t)in[0][i] * width + d];
}

static const OpCase cases[] = {
  { "one", { IDS (1, 2, 1, 1), TENSOR (2, 1, 1) }, TENSOR (3, 1, 1, 1) },
  { "odd", { IDS (31, 2, 7, 16), TENSOR (2, 31, 13) }, TENSOR (3, 7, 16, 13) },
  { "fours", { IDS (31, 2, 7, 3), TENSOR (2, 31, 68) }, TENSOR (3, 7, 3, 68) },
  { "one-word", { IDS (65536, 2, 1, 1), TENSOR (2, 65536, 3) },
      TENSOR (3, 1, 1, 3) },
  { "large", { IDS (1024, 2, 129, 17), TENSOR (2, 1024, 301) },
      TENSOR (3, 129, 17, 301) },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "ids is missing", { ABSENT, TENSOR (2, 31, 13) } },
  { "ids is F32 of rank 2, expected I32",
      { TENSOR (2, 7, 16), TENSOR (2, 31, 13) } },
  { "ids is I32 of rank 1", { IDS (31, 1, 16), TENSOR (2, 31, 13) } },
  { "table is missing", { IDS (31, 2, 7, 16) } },
  { "table is F32 of rank 1", { IDS (31, 2, 7, 16), TENSOR (1, 31) } },
  { NULL },
};

static void
test_ends (void)
{
  const OpCase test = { .in = { IDS (9, 2, 1, 2), TENSOR (2, 9, 5) } };
  static const gint32 ids[] = { 8, 0 };
  g_autoptr (OpRun) run = optest_run_new (&test);
  memcpy (optest_values (run, 0), ids, sizeof ids);
  const float *table = optest_values (run, 1), *y = optest_execute (run);
  g_assert_cmpmem (y, 5 * sizeof *y, table + 8 * 5, 5 * sizeof *y);
  g_assert_cmpmem (y + 5, 5 * sizeof *y, table, 5 * sizeof *y);
}

/* Nothing but the table is read, whatever an id is. */
static void
test_hostile (void)
{
  const OpCase test = { .in = { IDS (9, 2, 1, 4), TENSOR (2, 9, 5) } };
  static const gint32 ids[] = { -1, 9, G_MAXINT32, G_MININT32 };
  g_autoptr (OpRun) run = optest_run_new (&test);
  memcpy (optest_values (run, 0), ids, sizeof ids);
  const float *table = optest_values (run, 1), *y = optest_execute (run);
  for (size_t i = 0; i < 4; i++)
    g_assert_cmpmem (y + i * 5, 5 * sizeof *y, table + 8 * 5, 5 * sizeof *y);
}

static const OpExtra extras[] = { { "ends", test_ends },
  { "hostile", test_hostile, .shaders_only = TRUE }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_embedding,
  .reason = "a copy",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "256x16 of 4096x300",
      { IDS (4096, 2, 256, 16), TENSOR (2, 4096, 300) } },
};
