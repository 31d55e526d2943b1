/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scores against the formulas in long double precision. */
#include <glib.h>
#include <vatt/scores.h>
#include <math.h>

#define N 7

/* Half a unit of the last place of a float of at most 1. */
#define ROUNDING 6e-8

static const float rows[][N] = {
  { 0, 0, 0, 0, 0, 0, 0 },
  { 1, -2, 3, 0.5f, -0.25f, 3, 2 },
  /* exp overflows unless the greatest is taken off. */
  { 1e4f, -1e4f, 9.999e3f, 0, 1, 2, 3 },
  { -3e38f, 3e38f, 0, 1, 2, 3, 4 },
};

static void
check (const float *logits, VattScoring scoring, double temperature)
{
  float scores[N];
  long double greatest = -HUGE_VALL, sum = 0;
  vatt_scores_compute (logits, N, scoring, temperature, scores);
  for (guint i = 0; i < N; i++)
    greatest = MAX (greatest, (long double)logits[i]);
  for (guint i = 0; i < N; i++)
    sum += expl (((long double)logits[i] - greatest) / temperature);
  for (guint i = 0; i < N; i++) {
    long double expected =
        scoring == VATT_SCORING_SIGMOID
            ? 1 / (1 + expl (-(long double)logits[i] / temperature))
            : expl (((long double)logits[i] - greatest) / temperature) / sum;
    g_assert_cmpfloat_with_epsilon (
        (double)scores[i], (double)expected, ROUNDING);
  }
}

static void
test_formulas (void)
{
  static const double temperatures[] = { 1, 0.01, 0.5, 3, 1000 };
  for (guint r = 0; r < G_N_ELEMENTS (rows); r++)
    for (guint t = 0; t < G_N_ELEMENTS (temperatures); t++) {
      check (rows[r], VATT_SCORING_SOFTMAX, temperatures[t]);
      check (rows[r], VATT_SCORING_SIGMOID, temperatures[t]);
    }
}

static void
test_in_place (void)
{
  static const VattScoring scorings[] = { VATT_SCORING_SOFTMAX,
    VATT_SCORING_SIGMOID };
  for (guint s = 0; s < G_N_ELEMENTS (scorings); s++) {
    float apart[N], place[N];
    for (guint i = 0; i < N; i++)
      place[i] = rows[1][i];
    vatt_scores_compute (rows[1], N, scorings[s], 2, apart);
    vatt_scores_compute (place, N, scorings[s], 2, place);
    g_assert_cmpmem (apart, sizeof apart, place, sizeof place);
  }
}

static void
test_one_class (void)
{
  const float logit = -5;
  float score;
  vatt_scores_compute (&logit, 1, VATT_SCORING_SOFTMAX, 1, &score);
  g_assert_cmpfloat ((double)score, ==, 1.0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/scores/formulas", test_formulas);
  g_test_add_func ("/scores/in-place", test_in_place);
  g_test_add_func ("/scores/one-class", test_one_class);
  return g_test_run ();
}
