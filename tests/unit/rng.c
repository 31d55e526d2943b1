/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Philox against the known answers of Random123 (kat_vectors), and the
 * distributions drawn from it. */
#include <math.h>
#include <stdlib.h>

#include <glib.h>

#include "beta.h"
#include "rng.h"

static void
check_block (
    uint64_t key, uint64_t block, uint64_t stream, const uint32_t expected[4])
{
  uint32_t found[4];
  vatt_rng_u32x4 (key, block, stream, found);
  for (guint i = 0; i < 4; i++)
    g_assert_cmphex (found[i], ==, expected[i]);
}

static void
test_known_answers (void)
{
  const uint32_t zeros[4] = { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 };
  const uint32_t ones[4] = { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd };
  const uint32_t pi[4] = { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 };
  check_block (0, 0, 0, zeros);
  check_block (UINT64_MAX, UINT64_MAX, UINT64_MAX, ones);
  check_block (0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e, pi);
}

static void
test_lanes (void)
{
  uint32_t lanes[4];
  vatt_rng_u32x4 (7, 5, 3, lanes);
  for (guint i = 0; i < 4; i++)
    g_assert_cmphex (vatt_rng_u32 (7, 3, 20 + i), ==, lanes[i]);
  g_assert_cmphex (vatt_rng_u32 (7, 3, 20), !=, vatt_rng_u32 (7, 4, 20));
  g_assert_cmphex (vatt_rng_u32 (7, 3, 20), !=, vatt_rng_u32 (8, 3, 20));
}

/* n draws: the mean of n numbers deviates by sigma / sqrt (n), their variance
 * by sigma^2 sqrt ((kurtosis - 1) / n); bounds are five times that. */
static void
test_uniform (void)
{
  const guint n = 100000;
  double sum = 0.0, squares = 0.0;
  for (guint i = 0; i < n; i++) {
    double x = (double)vatt_rng_uniform (1, 2, i);
    g_assert_cmpfloat (x, >, 0.0);
    g_assert_cmpfloat (x, <, 1.0);
    sum += x - 0.5;
    squares += (x - 0.5) * (x - 0.5);
  }
  g_assert_cmpfloat (fabs (sum / n), <, 5.0 * sqrt (1.0 / 12.0 / n));
  g_assert_cmpfloat (
      fabs (squares / n - 1.0 / 12.0), <, 5.0 / 12.0 * sqrt (0.8 / n));
}

static void
test_normal (void)
{
  const guint n = 100000;
  double sum = 0.0, squares = 0.0, neighbours = 0.0;
  for (guint i = 0; i < n; i++) {
    double x = (double)vatt_rng_normal (1, 2, i);
    g_assert_cmpfloat (fabs (x), <, 6.8);
    sum += x;
    squares += x * x;
    neighbours += x * (double)vatt_rng_normal (1, 2, i ^ 1);
  }
  g_assert_cmpfloat (fabs (sum / n), <, 5.0 / sqrt (n));
  g_assert_cmpfloat (fabs (squares / n - 1.0), <, 5.0 * sqrt (2.0 / n));
  /* Every pair is counted twice, which doubles the variance. */
  g_assert_cmpfloat (fabs (neighbours / n), <, 5.0 * sqrt (2.0 / n));
}

/* Many at once are those of one by one. */
static void
test_normals (void)
{
  float out[19];
  for (uint64_t first = 0; first < 12; first += 4)
    for (size_t n = 0; n < G_N_ELEMENTS (out); n++) {
      out[n] = -9.0f;
      vatt_rng_normals (1, 2, first, out, n);
      for (size_t i = 0; i < n; i++)
        g_assert_cmpfloat (out[i], ==, vatt_rng_normal (1, 2, first + i));
      g_assert_cmpfloat (out[n], ==, -9.0f);
    }
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The distribution function, as the sum of the binomial distribution that it
 * is for whole a and b. */
static double
beta_below (double x, guint a, guint b)
{
  double sum = 0.0;
  for (guint j = a; j < a + b; j++)
    sum += exp (lgamma (a + b) - lgamma (j + 1.0) - lgamma (a + b - j)) *
           pow (x, j) * pow (1.0 - x, a + b - 1 - j);
  return sum;
}

/* Kolmogorov and Smirnov: with n numbers the greatest distance of the two
 * distribution functions exceeds 2.5 / sqrt (n) once in 130,000 times. */
static void
test_beta (void)
{
  static const guint shapes[][2] = { { 5, 5 }, { 10, 2 }, { 1, 1 }, { 1, 3 } };
  enum { N = 20000 };
  g_autofree double *found = g_new (double, N);
  for (guint s = 0; s < G_N_ELEMENTS (shapes); s++) {
    guint a = shapes[s][0], b = shapes[s][1];
    for (guint i = 0; i < N; i++)
      found[i] = vatt_rng_beta (3, s, i, a, b);
    qsort (found, N, sizeof *found, compare_doubles);
    double most = 0.0;
    for (guint i = 0; i < N; i++) {
      g_assert_true (found[i] > 0.0 && found[i] < 1.0);
      double below = beta_below (found[i], a, b);
      most = fmax (
          most, fmax (below - (double)i / N, (double)(i + 1) / N - below));
    }
    g_assert_cmpfloat (most, <, 2.5 / sqrt (N));
  }
}

/* Below 1 there is no such sum: the mean is a / (a + b), the variance
 * a b / ((a + b)^2 (a + b + 1)), nothing is NaN. */
static void
test_small_beta (void)
{
  static const double shapes[][2] = { { 0.2, 0.2 }, { 0.5, 2.0 },
    { 1e-3, 1e-3 } };
  enum { N = 20000 };
  for (guint s = 0; s < G_N_ELEMENTS (shapes); s++) {
    double a = shapes[s][0], b = shapes[s][1], sum = 0.0, squares = 0.0;
    double mean = a / (a + b), variance = mean * (1.0 - mean) / (a + b + 1.0);
    for (guint i = 0; i < N; i++) {
      double x = vatt_rng_beta (4, s, i, a, b);
      g_assert_true (x >= 0.0 && x <= 1.0);
      sum += x;
      squares += (x - mean) * (x - mean);
    }
    g_assert_cmpfloat (fabs (sum / N - mean), <, 5.0 * sqrt (variance / N));
    /* The fourth moment is at most the second. */
    g_assert_cmpfloat (
        fabs (squares / N - variance), <, 5.0 * sqrt (variance / N));
  }
  g_assert_cmpfloat (
      vatt_rng_beta (4, 0, 1, 5.0, 5.0), ==, vatt_rng_beta (4, 0, 1, 5.0, 5.0));
  g_assert_cmpfloat (
      vatt_rng_beta (4, 0, 1, 5.0, 5.0), !=, vatt_rng_beta (4, 1, 1, 5.0, 5.0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rng/known-answers", test_known_answers);
  g_test_add_func ("/rng/lanes", test_lanes);
  g_test_add_func ("/rng/uniform", test_uniform);
  g_test_add_func ("/rng/normal", test_normal);
  g_test_add_func ("/rng/normals", test_normals);
  g_test_add_func ("/rng/beta", test_beta);
  g_test_add_func ("/rng/small-beta", test_small_beta);
  return g_test_run ();
}
