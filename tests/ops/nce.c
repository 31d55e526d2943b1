/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * nce in its three forms, written from the formulas with sets as the
 * reference has them; and the values that the paper's notes give. */
#include "optest.h"

#include <math.h>

enum {
  X,
  Y,
  MASK,
  X_MASK,
};

typedef struct {
  const OpCase *test;
  const double *const *in;
  size_t samples, captions, depth;
  double penalty;
} Scores;

static double
valid (const Scores *scores, guint slot, size_t i)
{
  return scores->in[slot] ? scores->in[slot][i] : 1.0;
}

/* Of y: a mask of samples, or of each row. */
static double
mask_of (const Scores *scores, size_t j, size_t l)
{
  size_t n = scores->test->in[MASK].shape[0];
  return valid (
      scores, MASK, n == scores->samples ? j : j * scores->captions + l);
}

/* s[i][j,l] */
static double
score (const Scores *scores, size_t i, size_t j, size_t l)
{
  const VattNce *nce = scores->test->attributes;
  const double *x = scores->in[X] + i * scores->depth;
  const double *y = scores->in[Y] + (j * scores->captions + l) * scores->depth;
  double product = 0.0;
  for (size_t d = 0; d < scores->depth; d++)
    product += x[d] * y[d];
  double mask = mask_of (scores, j, l);
  return product / nce->temperature +
         (mask > 0.0 ? log (mask) : -scores->penalty) -
         (1.0 - valid (scores, X_MASK, i)) * scores->penalty;
}

/* A set of scores: those between samples where `in` says so. */
typedef gboolean (*Member) (size_t i, size_t j, size_t sample);

static gboolean
positive (size_t i, size_t j, size_t sample)
{
  return i == sample && j == sample;
}

static gboolean
from_x (size_t i, size_t j, size_t sample)
{
  return i == sample;
}

static gboolean
from_y (size_t i, size_t j, size_t sample)
{
  return j == sample;
}

static gboolean
negative (size_t i, size_t j, size_t sample)
{
  return i != j;
}

static double
log_sum (const Scores *scores, const Member *sets, size_t sample)
{
  double max = -HUGE_VAL, sum = 0.0;
  for (int turn = 0; turn < 2; turn++)
    for (const Member *member = sets; *member; member++)
      for (size_t i = 0; i < scores->samples; i++)
        for (size_t j = 0; j < scores->samples; j++)
          for (size_t l = 0; (*member) (i, j, sample) && l < scores->captions;
               l++) {
            double s = score (scores, i, j, l);
            if (turn == 0)
              max = fmax (max, s);
            else
              sum += exp (s - max);
          }
  return max + log (sum);
}

static double
loss_of (const Scores *scores, VattNceForm form, size_t sample)
{
  const Member positives[] = { positive, NULL };
  const Member both[] = { from_x, from_y, NULL };
  const Member x[] = { from_x, NULL }, y[] = { from_y, NULL };
  const Member literal[] = { positive, negative, NULL };
  double p = log_sum (scores, positives, sample);
  switch (form) {
  case VATT_NCE_ASYMMETRIC:
    return log_sum (scores, both, sample) - p;
  case VATT_NCE_SYMMETRIC:
    return log_sum (scores, x, sample) + log_sum (scores, y, sample) - 2.0 * p;
  case VATT_NCE_LITERAL:
    return log_sum (scores, literal, sample) - p;
  }
  return NAN;
}

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const VattNce *nce = test->attributes;
  const Scores scores = { .test = test,
    .in = in,
    .samples = test->in[X].shape[0],
    .captions = test->in[Y].shape[0] / test->in[X].shape[0],
    .depth = test->in[X].shape[1],
    .penalty = nce->form == VATT_NCE_SYMMETRIC ? 1e9 / nce->temperature : 1e9 };
  double weights = 0.0, sum = 0.0;
  for (size_t i = 0; i < scores.samples; i++) {
    double weight =
        mask_of (&scores, i, 0) > 0.0 ? valid (&scores, X_MASK, i) : 0.0;
    weights += weight;
    if (weight > 0.0)
      sum += weight * loss_of (&scores, nce->form, i);
  }
  y[0] = weights > 0.0 ? sum / weights : 0.0;
}

#define FORM(which, t)                                                         \
  ATTRIBUTES (VattNce, .form = VATT_NCE_##which, .temperature = t)

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 3), TENSOR (2, 1, 3) }, TENSOR (1, 1),
      FORM (ASYMMETRIC, 0.07), 1e-5, 1e-6 },
  { "asymmetric", { TENSOR (2, 7, 5), TENSOR (2, 7, 5) }, TENSOR (1, 1),
      FORM (ASYMMETRIC, 0.5), 1e-5, 1e-6 },
  { "asymmetric-captions", { TENSOR (2, 7, 5), TENSOR (2, 21, 5) },
      TENSOR (1, 1), FORM (ASYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "symmetric", { TENSOR (2, 7, 5), TENSOR (2, 7, 5) }, TENSOR (1, 1),
      FORM (SYMMETRIC, 0.5), 1e-5, 1e-6 },
  { "symmetric-captions", { TENSOR (2, 7, 5), TENSOR (2, 35, 5) },
      TENSOR (1, 1), FORM (SYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "literal", { TENSOR (2, 7, 5), TENSOR (2, 7, 5) }, TENSOR (1, 1),
      FORM (LITERAL, 0.5), 1e-5, 1e-6 },
  { "literal-captions", { TENSOR (2, 7, 5), TENSOR (2, 21, 5) }, TENSOR (1, 1),
      FORM (LITERAL, 0.3), 1e-5, 1e-6 },
  { "cold", { TENSOR (2, 7, 5), TENSOR (2, 21, 5) }, TENSOR (1, 1),
      FORM (ASYMMETRIC, 0.01), 1e-5, 1e-6 },
  { "cold-symmetric", { TENSOR (2, 7, 5), TENSOR (2, 21, 5) }, TENSOR (1, 1),
      FORM (SYMMETRIC, 0.01), 1e-5, 1e-6 },
  { "cold-literal", { TENSOR (2, 7, 5), TENSOR (2, 21, 5) }, TENSOR (1, 1),
      FORM (LITERAL, 0.01), 1e-5, 1e-6 },
  { "hot", { TENSOR (2, 7, 5), TENSOR (2, 21, 5) }, TENSOR (1, 1),
      FORM (LITERAL, 1000.0), 1e-5, 1e-6 },
  { "all-masked",
      { TENSOR (2, 3, 5), TENSOR (2, 6, 5), RANGE (0.0, 0.0, 1, 3) },
      TENSOR (1, 1), FORM (ASYMMETRIC, 0.3), 0.0, 0.0 },
  { "all-masked-literal",
      { TENSOR (2, 3, 5), TENSOR (2, 6, 5), RANGE (0.0, 0.0, 1, 3) },
      TENSOR (1, 1), FORM (LITERAL, 0.3), 0.0, 0.0 },
  { "masked", { TENSOR (2, 7, 5), TENSOR (2, 21, 5), BITS (1, 7) },
      TENSOR (1, 1), FORM (ASYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "masked-symmetric", { TENSOR (2, 7, 5), TENSOR (2, 21, 5), BITS (1, 7) },
      TENSOR (1, 1), FORM (SYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "masked-literal", { TENSOR (2, 7, 5), TENSOR (2, 21, 5), BITS (1, 7) },
      TENSOR (1, 1), FORM (LITERAL, 0.3), 1e-5, 1e-6 },
  { "masked-x", { TENSOR (2, 9, 5), TENSOR (2, 9, 5), ABSENT, BITS (1, 9) },
      TENSOR (1, 1), FORM (LITERAL, 0.3), 1e-5, 1e-6 },
  { "masked-both",
      { TENSOR (2, 9, 5), TENSOR (2, 18, 5), BITS (1, 9), BITS (1, 9) },
      TENSOR (1, 1), FORM (ASYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "masked-both-symmetric",
      { TENSOR (2, 9, 5), TENSOR (2, 18, 5), BITS (1, 9), BITS (1, 9) },
      TENSOR (1, 1), FORM (SYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "masked-both-literal",
      { TENSOR (2, 9, 5), TENSOR (2, 18, 5), BITS (1, 9), BITS (1, 9) },
      TENSOR (1, 1), FORM (LITERAL, 0.3), 1e-5, 1e-6 },
  { "items", { TENSOR (2, 7, 5), TENSOR (2, 21, 5), RANGE (0.1, 1.0, 1, 21) },
      TENSOR (1, 1), FORM (ASYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "items-symmetric",
      { TENSOR (2, 7, 5), TENSOR (2, 21, 5), RANGE (0.1, 1.0, 1, 21),
          BITS (1, 7) },
      TENSOR (1, 1), FORM (SYMMETRIC, 0.3), 1e-5, 1e-6 },
  { "items-literal",
      { TENSOR (2, 7, 5), TENSOR (2, 21, 5), RANGE (0.1, 1.0, 1, 21) },
      TENSOR (1, 1), FORM (LITERAL, 0.3), 1e-5, 1e-6 },
  { "masked-large",
      { TENSOR (2, 45, 16), TENSOR (2, 90, 16), BITS (1, 45), BITS (1, 45) },
      TENSOR (1, 1), FORM (LITERAL, 0.3), 3e-5, 1e-6 },
  { "large", { TENSOR (2, 33, 17), TENSOR (2, 99, 17) }, TENSOR (1, 1),
      FORM (ASYMMETRIC, 0.3), 3e-5, 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "x is missing", { ABSENT, TENSOR (2, 7, 5) }, FORM (ASYMMETRIC, 1.0) },
  { "y has 4 along axis 1, expected 5", { TENSOR (2, 7, 5), TENSOR (2, 7, 4) },
      FORM (ASYMMETRIC, 1.0) },
  { "7 samples against 8", { TENSOR (2, 7, 5), TENSOR (2, 8, 5) },
      FORM (ASYMMETRIC, 1.0) },
  { "at temperature 0", { TENSOR (2, 7, 5), TENSOR (2, 7, 5) },
      FORM (ASYMMETRIC, 0.0) },
  { "mask has 6 along axis 0, expected 7",
      { TENSOR (2, 7, 5), TENSOR (2, 7, 5), TENSOR (1, 6) },
      FORM (ASYMMETRIC, 1.0) },
  { "mask of x has 6 along axis 0, expected 7",
      { TENSOR (2, 7, 5), TENSOR (2, 7, 5), ABSENT, TENSOR (1, 6) },
      FORM (ASYMMETRIC, 1.0) },
  { NULL },
};

/* A vector that is no number is in no loss unseen, not even one without y. */
static void
test_nan (void)
{
  for (guint form = VATT_NCE_ASYMMETRIC; form <= VATT_NCE_LITERAL; form++) {
    const VattNce nce = { .form = (VattNceForm)form, .temperature = 0.3 };
    const OpCase test = { .in = { TENSOR (2, 5, 4), TENSOR (2, 10, 4),
                              RANGE (1.0, 1.0, 1, 5) },
      .attributes = &nce,
      .attributes_size = sizeof nce };
    g_autoptr (OpRun) run = optest_run_new (&test);
    optest_values (run, MASK)[1] = 0.0f;
    optest_values (run, X)[1 * 4 + 2] = NAN;
    g_assert_true (isnan (optest_execute (run)[0]));
  }
}

static const OpExtra extras[] = { { "nan", test_nan }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_nce,
  .reason = "scores are rounded before they are exponents",
  .reference = reference,
  .pieces_differ = TRUE,
  .constant = 1u << MASK | 1u << X_MASK,
  .gradient_tolerance = 2e-5,
  .learns = TRUE,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "512x2560x256", { TENSOR (2, 512, 256), TENSOR (2, 2560, 256) },
      ABSENT, FORM (ASYMMETRIC, 0.07) },
};
