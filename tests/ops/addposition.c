/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * addposition: all tokens, and those that DropToken left of a batch or of each
 * item. */
#include "optest.h"

#include <string.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const size_t *shape = test->in[0].shape;
  for (size_t b = 0; b < shape[0]; b++)
    for (size_t t = 0; t < shape[1]; t++)
      for (size_t d = 0; d < shape[2]; d++) {
        size_t row = test->in[2].rank == 2 ? b * shape[1] + t : t;
        size_t n = in[2] ? (size_t)in[2][row] : t;
        *y++ =
            in[0][(b * shape[1] + t) * shape[2] + d] + in[1][n * shape[2] + d];
      }
}

#define ROUNDING .abs = 1e-7, .rel = 1e-7

static const OpCase cases[] = {
  { "one", { TENSOR (3, 1, 1, 1), TENSOR (2, 1, 1) }, TENSOR (3, 1, 1, 1),
      ROUNDING },
  { "odd", { TENSOR (3, 7, 5, 13), TENSOR (2, 5, 13) }, TENSOR (3, 7, 5, 13),
      ROUNDING },
  { "kept", { TENSOR (3, 7, 5, 13), TENSOR (2, 31, 13), IDS (31, 1, 5) },
      TENSOR (3, 7, 5, 13), ROUNDING },
  { "kept-one", { TENSOR (3, 1, 1, 33), TENSOR (2, 9, 33), IDS (9, 1, 1) },
      TENSOR (3, 1, 1, 33), ROUNDING },
  { "fours", { TENSOR (3, 7, 5, 12), TENSOR (2, 31, 12), IDS (31, 1, 5) },
      TENSOR (3, 7, 5, 12), ROUNDING },
  { "kept-each",
      { TENSOR (3, 7, 5, 13), TENSOR (2, 31, 13), IDS (31, 2, 7, 5) },
      TENSOR (3, 7, 5, 13), ROUNDING },
  { "fours-each", { TENSOR (3, 7, 5, 12), TENSOR (2, 9, 12), IDS (9, 2, 7, 5) },
      TENSOR (3, 7, 5, 12), ROUNDING },
  { "large", { TENSOR (3, 3, 1201, 67), TENSOR (2, 1201, 67) },
      TENSOR (3, 3, 1201, 67), ROUNDING },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, TENSOR (2, 5, 13) } },
  { "rank 2, expected F32 of rank 3",
      { TENSOR (2, 5, 13), TENSOR (2, 5, 13) } },
  { "position has 4 along axis 0, expected 5",
      { TENSOR (3, 1, 5, 13), TENSOR (2, 4, 13) } },
  { "position has 12 along axis 1, expected 13",
      { TENSOR (3, 1, 5, 13), TENSOR (2, 5, 12) } },
  { "kept has 4 along axis 0, expected 5",
      { TENSOR (3, 1, 5, 13), TENSOR (2, 9, 13), IDS (9, 1, 4) } },
  { "kept is F32 of rank 1, expected I32",
      { TENSOR (3, 1, 5, 13), TENSOR (2, 9, 13), TENSOR (1, 5) } },
  { "kept has 2 along axis 0, expected 3",
      { TENSOR (3, 3, 5, 13), TENSOR (2, 9, 13), IDS (9, 2, 2, 5) } },
  { "kept has 4 along axis 1, expected 5",
      { TENSOR (3, 3, 5, 13), TENSOR (2, 9, 13), IDS (9, 2, 3, 4) } },
  { "kept is I32 of rank 3, expected I32 of rank 1",
      { TENSOR (3, 3, 5, 13), TENSOR (2, 9, 13), IDS (9, 3, 3, 5, 1) } },
  { NULL },
};

/* The last row of the table can be kept, and a row more than once. */
static void
test_repeated (void)
{
  const OpCase test = { .in = { TENSOR (3, 1, 3, 5), TENSOR (2, 8, 5),
                            IDS (8, 1, 3) } };
  static const gint32 kept[] = { 7, 0, 7 };
  g_autoptr (OpRun) run = optest_run_new (&test);
  memcpy (optest_values (run, 2), kept, sizeof kept);
  const float *x = optest_values (run, 0), *table = optest_values (run, 1);
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 15; i++)
    g_assert_cmpfloat (y[i], ==, x[i] + table[kept[i / 5] * 5 + (int)(i % 5)]);
}

/* Nothing but the table is read, whatever was kept. */
static void
test_hostile (void)
{
  const OpCase test = { .in = { TENSOR (3, 1, 3, 5), TENSOR (2, 8, 5),
                            IDS (8, 1, 3) } };
  static const gint32 kept[] = { -1, 8, G_MAXINT32 };
  g_autoptr (OpRun) run = optest_run_new (&test);
  memcpy (optest_values (run, 2), kept, sizeof kept);
  const float *x = optest_values (run, 0), *table = optest_values (run, 1);
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 15; i++)
    g_assert_cmpfloat (y[i], ==, x[i] + table[7 * 5 + i % 5]);
}

static const OpExtra extras[] = { { "repeated", test_repeated },
  { "hostile", test_hostile, .shaders_only = TRUE }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_addposition,
  .reason = "one sum of floats: half a unit in the last place",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "8x1569x768",
      { TENSOR (3, 8, 1569, 768), TENSOR (2, 1569, 768) } },
};
