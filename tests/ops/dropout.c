/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * dropout, number for number as rng.h says, at places that fill no group of
 * random numbers; how many are dropped; that keys and streams matter. */
#include "optest.h"

#include "rng.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattDropout *dropout = test->attributes;
  uint64_t key = (uint64_t)in[1][0] | (uint64_t)in[1][1] << 32;
  size_t n = 1, first = (size_t)in[1][2];
  for (guint a = 0; a < test->in[0].rank; a++)
    n *= test->in[0].shape[a];
  first *= n / test->in[0].shape[0];
  for (size_t i = 0; i < n; i++) {
    double below = round (dropout->rate * 65536.0);
    gboolean kept = vatt_rng_spread (key, dropout->stream, first + i) >= below;
    y[i] = (in[2] ? in[2][i] : 0.0) +
           (kept ? in[0][i] / (1.0 - below / 65536.0) : 0.0);
  }
}

#define KEY IDS (1 << 20, 1, 3)
#define RATE(r)                                                                \
  ATTRIBUTES (VattDropout, .rate = r, .stream = UINT64_C (0x123456789abcdef0))

static const OpCase cases[] = {
  { "one", { TENSOR (1, 1), KEY }, TENSOR (1, 1), RATE (0.5), 1e-6, 1e-6 },
  { "odd", { TENSOR (3, 7, 5, 13), KEY }, TENSOR (3, 7, 5, 13), RATE (0.1),
      1e-6, 1e-6 },
  { "residual", { TENSOR (3, 7, 5, 13), KEY, TENSOR (3, 7, 5, 13) },
      TENSOR (3, 7, 5, 13), RATE (0.9), 1e-6, 1e-6 },
  { "rate-0", { TENSOR (2, 3, 67), KEY }, TENSOR (2, 3, 67), RATE (0.0), 1e-6,
      1e-6 },
  { "large", { TENSOR (2, 301, 515), KEY, TENSOR (2, 301, 515) },
      TENSOR (2, 301, 515), RATE (0.1), 1e-6, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, KEY }, RATE (0.5) },
  { "random is missing", { TENSOR (1, 5) }, RATE (0.5) },
  { "random has 2 along axis 0, expected 3", { TENSOR (1, 5), IDS (9, 1, 2) },
      RATE (0.5) },
  { "a rate of 1, expected 0 to 0.999985", { TENSOR (1, 5), KEY }, RATE (1.0) },
  { "residual has 4 along axis 0, expected 5",
      { TENSOR (1, 5), KEY, TENSOR (1, 4) }, RATE (0.5) },
  { NULL },
};

#define MANY 100000

/* The share of zeros is the rate but for four standard deviations. */
static void
test_share (void)
{
  const OpCase test = { .in = { RANGE (1.0, 1.0, 1, MANY), KEY }, RATE (0.1) };
  g_autoptr (OpRun) run = optest_run_new (&test);
  const float *y = optest_execute (run);
  size_t dropped = 0;
  for (size_t i = 0; i < MANY; i++)
    dropped += y[i] == 0.0f;
  double deviation = sqrt (MANY * 0.1 * 0.9);
  g_assert_cmpfloat (fabs ((double)dropped - 0.1 * MANY), <, 4.0 * deviation);
}

/* Two choices of half of all agree on half of them. */
static void
check_differ (uint64_t stream, gint32 key)
{
  const OpCase test = { .in = { RANGE (1.0, 1.0, 1, MANY), KEY }, RATE (0.5) };
  const VattDropout other = { .rate = 0.5, .stream = stream };
  g_autoptr (OpRun) run = optest_run_new (&test);
  g_autofree float *first =
      g_memdup2 (optest_execute (run), MANY * sizeof (float));
  run->node->attributes = &other;
  ((gint32 *)optest_values (run, 1))[1] ^= key;
  const float *second = optest_execute (run);
  size_t alike = 0;
  for (size_t i = 0; i < MANY; i++)
    alike += first[i] == second[i];
  double deviation = sqrt (MANY * 0.25);
  g_assert_cmpfloat (fabs ((double)alike - 0.5 * MANY), <, 4.0 * deviation);
}

static void
test_differ (void)
{
  check_differ (UINT64_C (0x123456789abcdef1), 0);
  check_differ (UINT64_C (0x123456789abcdef0), 1);
}

static const OpExtra extras[] = { { "share", test_share },
  { "differ", test_differ }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_dropout,
  .reason = "two roundings of values up to 10",
  .reference = reference,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "1569x768", { TENSOR (2, 1569, 768), KEY, TENSOR (2, 1569, 768) },
      ABSENT, RATE (0.1) },
};
