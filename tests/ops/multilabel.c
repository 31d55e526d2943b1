/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * multilabel, also where a sample has no label and where a class has none. */
#include "optest.h"

#include <math.h>

static void
reference (const OpCase *test, const double *const in[], double *y)
{
  const size_t *shape = test->in[0].shape;
  size_t classes = shape[1];
  y[0] = 0.0;
  for (size_t b = 0; b < shape[0]; b++) {
    double weight = 0.0, labels = 0.0, sum = 0.0;
    for (size_t c = 0; c < classes; c++) {
      double occurrences = 0.0, label = in[1][b * classes + c];
      double x = in[0][b * classes + c], chance = 1.0 / (1.0 + exp (-x));
      for (size_t o = 0; o < shape[0]; o++)
        occurrences += in[1][o * classes + c];
      weight += occurrences > 0.0 ? label / occurrences : 0.0;
      labels += label;
      sum -= label * log (chance) + (1.0 - label) * log (1.0 - chance);
    }
    if (labels > 0.0)
      y[0] += weight / labels * sum / (double)shape[0];
  }
}

#define LABELS(b, c) RANGE (0.0, 1.0, 2, b, c)

static const OpCase cases[] = {
  { "one", { TENSOR (2, 1, 1), LABELS (1, 1) }, TENSOR (1, 1), .abs = 1e-6,
      .rel = 1e-6 },
  { "odd", { RANGE (-9.0, 9.0, 2, 7, 13), LABELS (7, 13) }, TENSOR (1, 1),
      .abs = 1e-6, .rel = 1e-6 },
  { "no-labels", { TENSOR (2, 7, 13), RANGE (0.0, 0.0, 2, 7, 13) },
      TENSOR (1, 1), .abs = 0.0, .rel = 0.0 },
  { "large", { TENSOR (2, 65, 129), LABELS (65, 129) }, TENSOR (1, 1),
      .abs = 1e-6, .rel = 1e-6 },
  { NULL },
};

static const OpRefusal refusals[] = {
  { "logits is missing", { ABSENT, LABELS (7, 13) } },
  { "labels has 6 along axis 0, expected 7",
      { TENSOR (2, 7, 13), LABELS (6, 13) } },
  { "no samples", { TENSOR (2, 0, 13), LABELS (0, 13) } },
  { NULL },
};

/* Samples and classes without a label count for nothing; far logits give
 * their distance instead of an infinity. */
static void
test_absent (void)
{
  const OpCase test = { .in = { TENSOR (2, 3, 2), LABELS (3, 2) } };
  const float labels[] = { 1, 0, 0, 0, 1, 0 };
  const float logits[] = { 0, -1000, 5, 5, -1000, 0 };
  g_autoptr (OpRun) run = optest_run_new (&test);
  for (size_t i = 0; i < 6; i++) {
    optest_values (run, 0)[i] = logits[i];
    optest_values (run, 1)[i] = labels[i];
  }
  /* w = 1/2, 0, 1/2; sums ln 2 + 0 and 1000 + ln 2 */
  g_assert_cmpfloat_with_epsilon (optest_execute (run)[0],
      (float)((0.5 * (log (2.0) + 0.0) + 0.5 * (1000.0 + log (2.0))) / 3.0),
      1e-4f);
}

static const OpExtra extras[] = { { "absent", test_absent }, { NULL } };

const OpTest optest = {
  .op = &vatt_op_multilabel,
  .reason = "computed in double precision, rounded for each row",
  .reference = reference,
  .constant = 1u << 1,
  .cases = cases,
  .refusals = refusals,
  .extras = extras,
  .bench = { "1024x527", { TENSOR (2, 1024, 527), LABELS (1024, 527) } },
};
