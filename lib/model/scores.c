/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * softmax: s = exp ((x - max x) / t) / sum exp ((x - max x) / t)
 * sigmoid: s = 1 / (1 + exp (-x / t))
 *
 * x and s are (C). At t = 1 these are the ops of the same names, which give
 * a session's probabilities; here the logits are at hand and t may change
 * from clip to clip, without another plan. */
#include <vatt/scores.h>
#include <math.h>

static void
softmax (const float *logits, guint n, double temperature, float *scores)
{
  float greatest = logits[0];
  double sum = 0;
  for (guint i = 1; i < n; i++)
    greatest = MAX (greatest, logits[i]);
  for (guint i = 0; i < n; i++)
    sum += exp (((double)logits[i] - (double)greatest) / temperature);
  for (guint i = 0; i < n; i++)
    scores[i] =
        (float)(exp (((double)logits[i] - (double)greatest) / temperature) /
                sum);
}

/* Written so that neither end overflows. */
static void
sigmoid (const float *logits, guint n, double temperature, float *scores)
{
  for (guint i = 0; i < n; i++) {
    double x = (double)logits[i] / temperature, e = exp (-fabs (x));
    scores[i] = (float)((x < 0 ? e : 1.0) / (1.0 + e));
  }
}

/**
 * vatt_scores_compute: (skip)
 * @logits: (array length=n): finite values
 * @n: how many, at least 1
 * @scoring: how
 * @temperature: above 0; logits are divided by it: above 1 flattens scores,
 *   below 1 sharpens them
 * @scores: (out caller-allocates) (array length=n): may be @logits
 */
void
vatt_scores_compute (const float *logits, guint n, VattScoring scoring,
    double temperature, float *scores)
{
  g_return_if_fail (logits && scores && n > 0 && temperature > 0);
  if (scoring == VATT_SCORING_SIGMOID)
    sigmoid (logits, n, temperature, scores);
  else
    softmax (logits, n, temperature, scores);
}
