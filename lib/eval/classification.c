/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Accuracy, average precision, AUC, d-prime and confusions; the formulae are
 * in vatt/metrics.h. */
#include <vatt/metrics.h>

#include "checks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gboolean
vatt_accuracy_measure (const float *scores, const guint *labels, gsize n,
    gsize classes, VattAccuracy *result, GError **error)
{
  g_return_val_if_fail (scores && labels && result, FALSE);
  if (!vatt_check_values ("scores", scores, n, classes, error) ||
      !vatt_check_labels (labels, n, classes, error))
    return FALSE;
  VattAccuracy sum = { 0 };
  for (gsize i = 0; i < n; i++) {
    const float *row = scores + i * classes;
    VattStanding standing = { 0, 0 };
    for (gsize c = 0; c < classes; c++) {
      standing.greater += row[c] > row[labels[i]];
      standing.equal += c != labels[i] && row[c] == row[labels[i]];
    }
    sum.top_1 += vatt_standing_within (&standing, 1);
    sum.top_5 += vatt_standing_within (&standing, 5);
  }
  *result = (VattAccuracy){ sum.top_1 / (double)n, sum.top_5 / (double)n };
  return TRUE;
}

gboolean
vatt_confusion_count (const float *scores, const guint *labels, gsize n,
    gsize classes, guint64 *counts, GError **error)
{
  g_return_val_if_fail (scores && labels && counts, FALSE);
  if (!vatt_check_values ("scores", scores, n, classes, error) ||
      !vatt_check_labels (labels, n, classes, error))
    return FALSE;
  memset (counts, 0, classes * classes * sizeof *counts);
  for (gsize i = 0; i < n; i++) {
    const float *row = scores + i * classes;
    gsize greatest = 0;
    for (gsize c = 1; c < classes; c++)
      greatest = row[c] > row[greatest] ? c : greatest;
    counts[labels[i] * classes + greatest]++;
  }
  return TRUE;
}

/* ---- classes that do not exclude each other ---- */

typedef struct {
  float score;
  guint8 has;
} Sample;

static int
compare_falling (const void *a, const void *b)
{
  float x = ((const Sample *)a)->score, y = ((const Sample *)b)->score;
  return (x < y) - (x > y);
}

/* Of sorted samples; there are some with and some without the class. */
static void
measure_class (const Sample *samples, gsize n, gsize with,
    double *average_precision, double *auc)
{
  double precision_sum = 0, ordered = 0;
  gsize true_above = 0, false_above = 0;
  for (gsize i = 0, next; i < n; i = next) {
    gsize has = 0;
    for (next = i; next < n && samples[next].score == samples[i].score; next++)
      has += samples[next].has;
    gsize has_not = next - i - has;
    /* Those above come before these without it; equals count half. */
    ordered += (double)has_not * ((double)true_above + (double)has / 2.0);
    true_above += has;
    false_above += has_not;
    precision_sum +=
        (double)has * (double)true_above / (double)(true_above + false_above);
  }
  *average_precision = precision_sum / (double)with;
  *auc = ordered / ((double)with * (double)(n - with));
}

static gboolean
check_truth (const guint8 *truth, gsize n, gsize classes, GError **error)
{
  for (gsize i = 0; i < n * classes; i++)
    if (truth[i] > 1) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
          "truth: sample %zu, class %zu is %u, expected 0 or 1", i / classes,
          i % classes, truth[i]);
      return FALSE;
    }
  return TRUE;
}

gboolean
vatt_multi_label_measure (const float *scores, const guint8 *truth, gsize n,
    gsize classes, VattMultiLabel *result, GError **error)
{
  g_return_val_if_fail (scores && truth && result, FALSE);
  if (!vatt_check_values ("scores", scores, n, classes, error) ||
      !check_truth (truth, n, classes, error))
    return FALSE;
  g_autofree Sample *samples = vatt_try_array (n, 1, sizeof *samples, error);
  if (!samples)
    return FALSE;
  VattMultiLabel sum = { 0 };
  for (gsize c = 0; c < classes; c++) {
    gsize with = 0;
    for (gsize i = 0; i < n; i++) {
      samples[i] = (Sample){ scores[i * classes + c], truth[i * classes + c] };
      with += samples[i].has;
    }
    if (with == 0 || with == n)
      continue;
    double average_precision, auc;
    qsort (samples, n, sizeof *samples, compare_falling);
    measure_class (samples, n, with, &average_precision, &auc);
    sum.map += average_precision;
    sum.auc += auc;
    sum.d_prime += vatt_d_prime (auc);
    sum.n_classes++;
  }
  if (sum.n_classes == 0) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_SHAPE,
        "truth: each of %zu classes has all or none of %zu samples, expected "
        "one with some",
        classes, n);
    return FALSE;
  }
  double counted = (double)sum.n_classes;
  *result = (VattMultiLabel){ .map = sum.map / counted,
    .auc = sum.auc / counted,
    .d_prime = sum.d_prime / counted,
    .d_prime_of_mean_auc = vatt_d_prime (sum.auc / counted),
    .n_classes = sum.n_classes };
  return TRUE;
}

/* The x > 0 above which a standard normal number is with chance q < 1/2:
 * Abramowitz and Stegun 26.2.23, off by up to 4.5e-4, then three steps of
 * Halley on erfc, each of which triples the digits. */
static double
normal_tail (double q)
{
  double t = sqrt (-2.0 * log (q));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                     (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (guint i = 0; i < 3; i++) {
    double density = exp (-x * x / 2.0) / sqrt (2.0 * G_PI);
    double step = (erfc (x * G_SQRT2 / 2.0) / 2.0 - q) / density;
    x += step / (1.0 - x * step / 2.0);
  }
  return x;
}

double
vatt_d_prime (double auc)
{
  g_return_val_if_fail (auc >= 0 && auc <= 1, (double)NAN);
  if (auc == 0.0 || auc == 1.0)
    return auc > 0 ? (double)INFINITY : -(double)INFINITY;
  if (auc == 0.5)
    return 0;
  double x = normal_tail (MIN (auc, 1.0 - auc));
  return G_SQRT2 * (auc > 0.5 ? x : -x);
}
