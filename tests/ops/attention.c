/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * attention against one softmax over all keys, for every kind of bias, mask
 * and shape; and what masked keys must not do. */
#include "optest.h"

#include "rng.h"

#include <math.h>
#include <string.h>

enum {
  QUERY,
  KEY,
  VALUE,
  BIAS,
  MASK,
  RANDOM,
};

/* Probabilities of one query that are dropped, or what they are multiplied by
 * where they are not. */
typedef struct {
  double rate;
  uint64_t key, stream, first;
} Dropping;

static double
factor (const Dropping *dropping, size_t k)
{
  if (dropping->rate == 0.0)
    return 1.0;
  double below = round (dropping->rate * 65536.0);
  uint32_t bits =
      vatt_rng_spread (dropping->key, dropping->stream, dropping->first + k);
  return bits >= below ? 1.0 / (1.0 - below / 65536.0) : 0.0;
}

/* One query of one head: keys and values are the head's first ones, bias and
 * mask belong to the query, or are NULL. */
static void
attend_one (const double *query, const double *keys, const double *values,
    const double *bias, const double *mask, const Dropping *dropping,
    double scale, size_t n_keys, size_t stride, size_t width, double *y)
{
  g_autofree double *p = g_new (double, n_keys);
  double max = -HUGE_VAL, sum = 0.0;
  for (size_t k = 0; k < n_keys; k++) {
    p[k] = (bias ? bias[k] : 0.0) + (mask ? mask[k] : 0.0);
    for (size_t d = 0; d < width; d++)
      p[k] += scale * query[d] * keys[k * stride + d];
    max = fmax (max, p[k]);
  }
  for (size_t k = 0; k < n_keys; k++)
    sum += p[k] = exp (p[k] - max);
  for (size_t d = 0; d < width; d++) {
    y[d] = 0.0;
    for (size_t k = 0; k < n_keys; k++)
      y[d] += p[k] / sum * factor (dropping, k) * values[k * stride + d];
  }
}

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattAttention *attention = test->attributes;
  const size_t *query = test->in[QUERY].shape;
  size_t keys = test->in[KEY].shape[1], all = query[2];
  size_t width = all / attention->heads;
  for (size_t b = 0; b < query[0]; b++)
    for (size_t h = 0; h < attention->heads; h++)
      for (size_t t = 0; t < query[1]; t++) {
        size_t at = (b * query[1] + t) * all + h * width;
        size_t first = b * keys * all + h * width;
        size_t row = (b * attention->heads + h) * query[1] + t;
        Dropping dropping = { attention->dropout, 0, attention->stream,
          row * ((keys + 127) / 128 * 128) };
        if (in[RANDOM]) {
          dropping.key = (uint64_t)in[RANDOM][0] | (uint64_t)in[RANDOM][1]
                                                       << 32;
          dropping.first += (uint64_t)in[RANDOM][2] * attention->heads *
                            query[1] * ((keys + 127) / 128 * 128);
        }
        attend_one (in[QUERY] + at, in[KEY] + first, in[VALUE] + first,
            in[BIAS] ? in[BIAS] + (h * query[1] + t) * keys : NULL,
            in[MASK] ? in[MASK] + b * keys : NULL, &dropping,
            (double)attention->scale, keys, all, width, y + at);
      }
}

#define HEADS(n, factor) ATTRIBUTES (VattAttention, .heads = n, .scale = factor)
#define DROPPING(n, factor, p)                                                 \
  ATTRIBUTES (VattAttention, .heads = n, .scale = factor, .dropout = p,        \
      .stream = UINT64_C (0xfedcba9876543210))
#define KEYS IDS (1 << 20, 1, 3)
#define QKV(b, tq, tk, d)                                                      \
  TENSOR (3, b, tq, d), TENSOR (3, b, tk, d), TENSOR (3, b, tk, d)
#define ROUNDING 3e-6, 3e-6

static const OpCase cases[] = {
  { "one", { QKV (1, 1, 1, 1) }, TENSOR (3, 1, 1, 1), HEADS (1, 1.0f),
      ROUNDING },
  /* Gradients of queries and keys are 0, and what is found is rounding. */
  { "one-key", { QKV (7, 5, 1, 26) }, TENSOR (3, 7, 5, 26), HEADS (2, 1.0f),
      ROUNDING, .gradient = 3e-6 },
  { "width-8", { QKV (7, 13, 13, 24) }, TENSOR (3, 7, 13, 24),
      HEADS (3, 0.35355339f), ROUNDING },
  { "width-16", { QKV (1, 65, 65, 48) }, TENSOR (3, 1, 65, 48),
      HEADS (3, 0.25f), ROUNDING },
  { "width-20", { QKV (2, 33, 33, 60) }, TENSOR (3, 2, 33, 60),
      HEADS (3, 0.2236068f), ROUNDING },
  { "width-32", { QKV (2, 97, 97, 96) }, TENSOR (3, 2, 97, 96),
      HEADS (3, 0.17677670f), ROUNDING },
  { "width-64", { QKV (2, 49, 49, 128) }, TENSOR (3, 2, 49, 128),
      HEADS (2, 0.125f), ROUNDING },
  { "width-3", { QKV (1, 7, 9, 15) }, TENSOR (3, 1, 7, 15), HEADS (5, 1.0f),
      ROUNDING },
  { "one-query", { QKV (7, 1, 101, 64) }, TENSOR (3, 7, 1, 64),
      HEADS (2, 0.17677670f), ROUNDING },
  { "more-queries", { QKV (1, 131, 17, 32) }, TENSOR (3, 1, 131, 32),
      HEADS (2, 0.25f), ROUNDING },
  { "bias", { QKV (2, 17, 17, 48), RANGE (-3.0, 3.0, 3, 3, 17, 17) },
      TENSOR (3, 2, 17, 48), HEADS (3, 1.0f), ROUNDING },
  { "mask", { QKV (7, 17, 17, 48), ABSENT, RANGE (-9.0, 0.0, 2, 7, 17) },
      TENSOR (3, 7, 17, 48), HEADS (3, 1.0f), ROUNDING },
  { "bias-mask",
      { QKV (2, 5, 19, 40), RANGE (-3.0, 3.0, 3, 2, 5, 19),
          RANGE (-9.0, 0.0, 2, 2, 19) },
      TENSOR (3, 2, 5, 40), HEADS (2, 1.0f), ROUNDING },
  { "several-blocks", { QKV (2, 67, 700, 64) }, TENSOR (3, 2, 67, 64),
      HEADS (2, 1.0f), ROUNDING },
  { "several-blocks-bias-mask",
      { QKV (1, 3, 700, 40), RANGE (-3.0, 3.0, 3, 2, 3, 700),
          RANGE (-9.0, 0.0, 2, 1, 700) },
      TENSOR (3, 1, 3, 40), HEADS (2, 1.0f), ROUNDING },
  { "block-edge", { QKV (1, 49, 512, 32) }, TENSOR (3, 1, 49, 32),
      HEADS (1, 1.0f), ROUNDING },
  { "block-edge-and-one", { QKV (1, 48, 513, 32) }, TENSOR (3, 1, 48, 32),
      HEADS (1, 1.0f), ROUNDING },
  { "width-127", { QKV (1, 9, 33, 127) }, TENSOR (3, 1, 9, 127),
      HEADS (1, 0.08873565f), ROUNDING },
  { "width-128", { QKV (1, 41, 33, 256) }, TENSOR (3, 1, 41, 256),
      HEADS (2, 0.08838835f), ROUNDING },
  { "width-300", { QKV (1, 9, 33, 300) }, TENSOR (3, 1, 9, 300),
      HEADS (1, 0.05773503f), ROUNDING },
  { "4700-keys", { QKV (1, 9, 4700, 64) }, TENSOR (3, 1, 9, 64),
      HEADS (1, 1.0f), ROUNDING },
  { "8192-keys-bias-mask",
      { QKV (1, 3, 8192, 128), RANGE (-3.0, 3.0, 3, 2, 3, 8192),
          RANGE (-9.0, 0.0, 2, 1, 8192) },
      TENSOR (3, 1, 3, 128), HEADS (2, 0.125f), ROUNDING },
  { "dropout", { QKV (2, 13, 19, 40), ABSENT, ABSENT, KEYS },
      TENSOR (3, 2, 13, 40), DROPPING (2, 1.0f, 0.3), ROUNDING },
  { "dropout-all",
      { QKV (2, 5, 19, 40), RANGE (-3.0, 3.0, 3, 2, 5, 19),
          RANGE (-9.0, 0.0, 2, 2, 19), KEYS },
      TENSOR (3, 2, 5, 40), DROPPING (2, 0.5f, 0.1), ROUNDING },
  { "dropout-several-blocks", { QKV (1, 131, 700, 32), ABSENT, ABSENT, KEYS },
      TENSOR (3, 1, 131, 32), DROPPING (2, 0.25f, 0.1), ROUNDING },
  /* Scores up to +-80: their rounding, 80 2^-24 and more, is a relative
   * error of the probabilities. */
  { "large-scores",
      { RANGE (-2.0, 2.0, 3, 2, 33, 20), RANGE (-2.0, 2.0, 3, 2, 300, 20),
          TENSOR (3, 2, 300, 20) },
      TENSOR (3, 2, 33, 20), HEADS (1, 1.0f), 3e-5, 3e-5 },
  { "large-bias", { QKV (2, 33, 300, 20), RANGE (-80.0, 80.0, 3, 1, 33, 300) },
      TENSOR (3, 2, 33, 20), HEADS (1, 1.0f), 3e-5, 3e-5 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "query is missing", { ABSENT, TENSOR (3, 1, 5, 8), TENSOR (3, 1, 5, 8) },
      HEADS (2, 1.0f) },
  { "value is missing", { TENSOR (3, 1, 5, 8), TENSOR (3, 1, 5, 8) },
      HEADS (2, 1.0f) },
  { "key has 2 along axis 0, expected 1",
      { TENSOR (3, 1, 5, 8), TENSOR (3, 2, 5, 8), TENSOR (3, 2, 5, 8) },
      HEADS (2, 1.0f) },
  { "key has 6 along axis 2, expected 8",
      { TENSOR (3, 1, 5, 8), TENSOR (3, 1, 5, 6), TENSOR (3, 1, 5, 6) },
      HEADS (2, 1.0f) },
  { "value has 4 along axis 1, expected 5",
      { TENSOR (3, 1, 5, 8), TENSOR (3, 1, 5, 8), TENSOR (3, 1, 4, 8) },
      HEADS (2, 1.0f) },
  { "8 channels in 3 heads", { QKV (1, 5, 5, 8) }, HEADS (3, 1.0f) },
  { "8 channels in 0 heads", { QKV (1, 5, 5, 8) }, HEADS (0, 1.0f) },
  { "0 channels in 2 heads", { QKV (1, 5, 5, 0) }, HEADS (2, 1.0f) },
  { "over 0 keys", { QKV (1, 5, 0, 8) }, HEADS (2, 1.0f) },
  { "bias has 1 along axis 0, expected 2",
      { QKV (1, 5, 5, 8), TENSOR (3, 1, 5, 5) }, HEADS (2, 1.0f) },
  { "bias has 4 along axis 2, expected 5",
      { QKV (1, 5, 5, 8), TENSOR (3, 2, 5, 4) }, HEADS (2, 1.0f) },
  { "mask has 6 along axis 1, expected 5",
      { QKV (1, 5, 5, 8), ABSENT, TENSOR (2, 1, 6) }, HEADS (2, 1.0f) },
  { "random is missing", { QKV (1, 5, 5, 8) }, DROPPING (2, 1.0f, 0.1) },
  { NULL },
};

#define BATCH 2
#define QUERIES 5
#define WIDTH 40

/* Keys masked with -1e9 count for exactly nothing, in the first block of
 * keys, in later ones, and where a whole block is masked. */
static void
check_masked (size_t n_keys, size_t from, size_t to)
{
  const OpCase test = { .in = { QKV (BATCH, QUERIES, n_keys, WIDTH), ABSENT,
                            RANGE (0.0, 0.0, 2, BATCH, n_keys) },
    HEADS (2, 1.0f) };
  const size_t n = BATCH * QUERIES * WIDTH;
  g_autoptr (OpRun) run = optest_run_new (&test);
  for (size_t k = from; k < to; k++)
    optest_values (run, MASK)[n_keys + k] = -1e9f;
  g_autofree float *before =
      g_memdup2 (optest_execute (run), n * sizeof (float));
  for (size_t i = from * WIDTH; i < to * WIDTH; i++) {
    optest_values (run, KEY)[n_keys * WIDTH + i] = (float)(i % 17) - 8.0f;
    optest_values (run, VALUE)[n_keys * WIDTH + i] = 1e6f;
  }
  g_assert_cmpmem (
      optest_execute (run), n * sizeof (float), before, n * sizeof (float));
}

static void
test_masked (void)
{
  check_masked (9, 1, 9);
  check_masked (9, 0, 8);
  check_masked (700, 0, 300);
  check_masked (700, 13, 700);
  check_masked (700, 650, 651);
}

/* Where every key is masked they all count again, alike but for their
 * scores: no quotient of nothing. */
static void
test_all_masked (void)
{
  const OpCase test = { .in = { QKV (1, 3, 300, 16), ABSENT,
                            RANGE (-1e9, -1e9, 2, 1, 300) },
    HEADS (1, 1.0f) };
  g_autoptr (OpRun) run = optest_run_new (&test);
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 48; i++)
    g_assert_true (isfinite (y[i]) && fabsf (y[i]) <= 1.0f);
}

/* Which key has the largest product with a query of 16 channels. */
static size_t
nearest (const float *query, const float *keys, size_t n_keys)
{
  size_t most = 0;
  double top = -HUGE_VAL;
  for (size_t k = 0; k < n_keys; k++) {
    double product = 0.0;
    for (size_t d = 0; d < 16; d++)
      product += (double)query[d] * (double)keys[k * 16 + d];
    most = product > top ? k : most;
    top = fmax (product, top);
  }
  return most;
}

/* Scores of 1e30: the largest takes all, and nothing overflows. What is left
 * are the roundings of p v and of p v / p. */
static void
test_huge (void)
{
  const OpCase test = { .in = { QKV (1, 9, 300, 16) }, HEADS (1, 1e30f) };
  double expected[9 * 16];
  g_autoptr (OpRun) run = optest_run_new (&test);
  const float *query = optest_values (run, QUERY);
  for (size_t i = 0; i < 9 * 16; i++) {
    size_t key = nearest (query + i / 16 * 16, optest_values (run, KEY), 300);
    expected[i] = (double)optest_values (run, VALUE)[16 * key + i % 16];
  }
  optest_compare (
      "huge scores", optest_execute (run), expected, 9 * 16, 0.0, 2.4e-7);
}

/* A NaN in a query spoils that query of that head alone. */
static void
test_nan (void)
{
  const OpCase test = { .in = { QKV (1, 3, 37, 16) }, HEADS (2, 1.0f) };
  g_autoptr (OpRun) run = optest_run_new (&test);
  optest_values (run, QUERY)[16 + 3] = NAN;
  const float *y = optest_execute (run);
  for (size_t i = 0; i < 48; i++)
    g_assert_cmpint (isnan (y[i]) != 0, ==, i / 8 == 2);
}

/* Where a device binds three samples at once and not seven, the same comes
 * out. */
static void
test_pieces (void)
{
  const OpCase test = { .in = { QKV (7, 3, 101, 64), ABSENT,
                            RANGE (-9.0, 0.0, 2, 7, 101) },
    HEADS (2, 1.0f) };
  const size_t n = 7 * 3 * 64;
  const char *mask = g_getenv ("VATT_VULKAN_MASK");
  g_autofree char *kept = g_strdup (mask ? mask : "");
  g_autofree char *less = g_strconcat (kept, ",binding=100000", NULL);
  g_autoptr (OpRun) run = optest_run_new (&test);
  g_autofree float *whole =
      g_memdup2 (optest_execute (run), n * sizeof (float));
  g_setenv ("VATT_VULKAN_MASK", less, TRUE);
  g_assert_cmpmem (
      optest_execute (run), n * sizeof (float), whole, n * sizeof (float));
  g_setenv ("VATT_VULKAN_MASK", kept, TRUE);
}

static const OpExtra extras[] = { { "masked", test_masked },
  { "all-masked", test_all_masked }, { "huge", test_huge }, { "nan", test_nan },
  { "pieces", test_pieces }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_attention,
  .reason = "scores below 20 are good to a few 2^-24 of that, which is the "
            "relative error of each probability; results stay below 1",
  .reference = reference,
  .constant = 1u << MASK,
  /* They lay keys and values out as they read them. */
  .work_differs = TRUE,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "1569x12x64", { QKV (1, 1569, 1569, 768) }, ABSENT,
      HEADS (12, 0.125f) },
};
