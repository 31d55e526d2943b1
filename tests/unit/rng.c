/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Philox against the known answers of Random123 (kat_vectors), and the
 * distributions drawn from it. */
#include <math.h>

#include <glib.h>

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rng/known-answers", test_known_answers);
  g_test_add_func ("/rng/lanes", test_lanes);
  g_test_add_func ("/rng/uniform", test_uniform);
  g_test_add_func ("/rng/normal", test_normal);
  return g_test_run ();
}
