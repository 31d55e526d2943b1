/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rows of training on every instruction set this processor can run, against
 * double precision: dropout and what backward passes are made of. */
#include "rng.h"
#include "simd.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define SEED 78
#include "simdvalues.h"

static const size_t lengths[] = { 1, 2, 7, 16, 17, 33, 64, 65, 127, 128, 129,
  300, 768, 1023 };

static void
check (const char *what, size_t n, size_t i, float found, double expected,
    double tolerance)
{
  if (fabs ((double)found - expected) <= tolerance)
    return;
  g_test_message ("%s, %zu values, at %zu: found %.9g, expected %.9g", what, n,
      i, (double)found, expected);
  g_test_fail ();
}

/* ---- activations ---- */

static double
slope (VattActivation activation, double x)
{
  if (activation == VATT_ACTIVATION_RELU)
    return x > 0.0 ? 1.0 : 0.0;
  if (activation == VATT_ACTIVATION_NONE)
    return 1.0;
  return 0.5 * erfc (-x / sqrt (2.0)) +
         x * exp (-0.5 * x * x) / sqrt (2.0 * G_PI);
}

/* Slopes are below 1.2, and their parts are good to a few units in the last
 * place of 1. */
static void
test_activation (gconstpointer data)
{
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++)
    for (int a = VATT_ACTIVATION_NONE; a <= VATT_ACTIVATION_RELU; a++)
      for (int with_bias = 0; with_bias < 2; with_bias++) {
        size_t n = lengths[l];
        VattActivation activation = (VattActivation)a;
        g_autofree float *dy = random_values (1, -1, 1, n);
        g_autofree float *z = random_values (2, -16, 16, n);
        g_autofree float *bias = random_values (3, -1, 1, n);
        g_autofree float *dz = random_values (4, 0, 0, n);
        set_of (data)->activation_gradient_row (
            dz, dy, z, with_bias ? bias : NULL, activation, n);
        for (size_t i = 0; i < n; i++) {
          float at = with_bias ? z[i] + bias[i] : z[i];
          check ("slope", n, i, dz[i],
              (double)dy[i] * slope (activation, (double)at), 1e-6);
        }
        g_assert_cmpfloat (dz[n], ==, CANARY);
      }
}

/* ---- dropout ---- */

static double
kept (const VattDrop *drop, uint64_t index)
{
  uint32_t bits = vatt_rng_spread (drop->key, drop->stream, index);
  return bits >= drop->threshold ? (double)drop->scale : 0.0;
}

/* y may be base; what is dropped is so exactly. */
static void
test_drop (gconstpointer data)
{
  const VattDrop drop = { .key = UINT64_C (0xfedcba9876543210),
    .stream = UINT64_C (0x0123456789abcdef),
    .threshold = 20000,
    .scale = 1.5f };
  static const size_t starts[] = { 0, 1, VATT_DROP_GROUP - 1, 37 };
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++) {
    size_t n = lengths[l];
    uint64_t index = (UINT64_C (1) << 40) + VATT_DROP_GROUP * l +
                     starts[l % G_N_ELEMENTS (starts)];
    g_autofree float *x = random_values (1, -1, 1, n);
    g_autofree float *y = random_values (2, -1, 1, n);
    g_autofree float *base = g_memdup2 (y, n * sizeof *y);
    set_of (data)->drop_row (y, x, y, &drop, index, n);
    for (size_t i = 0; i < n; i++)
      check ("dropped and added", n, i, y[i],
          (double)base[i] + (double)x[i] * kept (&drop, index + i), 3e-7);
    set_of (data)->drop_row (y, x, NULL, &drop, index, n);
    for (size_t i = 0; i < n; i++)
      check (
          "dropped", n, i, y[i], (double)x[i] * kept (&drop, index + i), 2e-7);
    g_assert_cmpfloat (y[n], ==, CANARY);
  }
}

/* ---- norms ---- */

/* mean and 1 / deviation; rms: about 0. */
static void
moments (const float *x, size_t n, gboolean rms, double eps, double found[2])
{
  double mean = 0.0, squares = 0.0;
  for (size_t i = 0; i < n && !rms; i++)
    mean += (double)x[i] / (double)n;
  for (size_t i = 0; i < n; i++)
    squares += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
  found[0] = mean;
  found[1] = 1.0 / sqrt (squares + eps);
}

static void
check_norm (const VattSimd *set, size_t n, gboolean rms)
{
  const float eps = 1e-2f;
  g_autofree float *x = random_values (1, -1, 3, n);
  g_autofree float *dy = random_values (2, -1, 1, n);
  g_autofree float *gain = random_values (3, 0.5, 1.5, n);
  g_autofree float *dx = random_values (4, 0.25, 0.25, n);
  float statistics[2];
  double exact[2], sum = 0.0, sum_n = 0.0;
  (rms ? set->rmsnorm_gradient_row : set->layernorm_gradient_row) (
      dx, dy, x, gain, eps, statistics, n);
  moments (x, n, rms, (double)eps, exact);
  check ("mean", n, 0, statistics[0], exact[0], 1e-6);
  check ("rstd", n, 1, statistics[1], exact[1], 2e-6 * exact[1]);
  for (size_t i = 0; i < n; i++) {
    double g = (double)dy[i] * (double)gain[i];
    sum += rms ? 0.0 : g / (double)n;
    sum_n += g * ((double)x[i] - exact[0]) * exact[1] / (double)n;
  }
  for (size_t i = 0; i < n; i++) {
    double g = (double)dy[i] * (double)gain[i];
    double value = ((double)x[i] - exact[0]) * exact[1];
    check ("norm", n, i, dx[i], 0.25 + exact[1] * (g - sum - value * sum_n),
        5e-6 * exact[1]);
  }
  g_assert_cmpfloat (dx[n], ==, CANARY);
}

static void
test_norms (gconstpointer data)
{
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++) {
    check_norm (set_of (data), lengths[l], FALSE);
    check_norm (set_of (data), lengths[l], TRUE);
  }
}

/* ---- sums down columns ---- */

static void
test_sums (gconstpointer data)
{
  const size_t rows = 201;
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++) {
    size_t n = lengths[l], stride = n + 3;
    g_autofree float *x = random_values (1, -1, 1, rows * stride);
    g_autofree float *dy = random_values (2, -1, 1, rows * stride);
    g_autofree float *statistics = random_values (3, 0.5, 1.0, 2 * rows);
    g_autofree float *plain = random_values (4, 0.5, 0.5, n);
    g_autofree float *normed = random_values (5, 0.5, 0.5, n);
    set_of (data)->sum_rows (plain, dy, stride, rows, n);
    set_of (data)->sum_normed_rows (normed, dy, x, statistics, stride, rows, n);
    for (size_t i = 0; i < n; i++) {
      double sum = 0.5, sum_n = 0.5;
      for (size_t r = 0; r < rows; r++) {
        double value = (double)dy[r * stride + i];
        sum += value;
        sum_n += value *
                 ((double)x[r * stride + i] - (double)statistics[2 * r]) *
                 (double)statistics[2 * r + 1];
      }
      check ("sum", n, i, plain[i], sum, 1e-5);
      check ("sum of products", n, i, normed[i], sum_n, 2e-5);
    }
    g_assert_cmpfloat (plain[n], ==, CANARY);
    g_assert_cmpfloat (normed[n], ==, CANARY);
  }
}

/* ---- attention ---- */

static void
check_attention (const VattSimd *set, size_t n, const VattDrop *drop,
    const float *bias, const float *mask)
{
  g_autofree float *score = random_values (1, -3, 3, n);
  g_autofree float *dp = random_values (2, -1, 1, n);
  g_autofree float *was = g_memdup2 (score, n * sizeof *score);
  g_autofree float *by = g_memdup2 (dp, n * sizeof *dp);
  const VattAttendGradient row = { .score = score,
    .dp = dp,
    .bias = bias,
    .mask = mask,
    .sum = 5.0f,
    .delta = 0.125f,
    .drop = drop,
    .index = 3 * VATT_DROP_GROUP };
  set->attend_gradient_row (&row, n);
  for (size_t i = 0; i < n; i++) {
    double s = (double)was[i] + (bias ? (double)bias[i] : 0.0) +
               (mask ? (double)mask[i] : 0.0);
    double p = exp2 (s / G_LN2 - 5.0);
    double factor = drop ? kept (drop, row.index + i) : 1.0;
    check ("probability", n, i, score[i], p * factor, 1e-6);
    check ("gradient of a score", n, i, dp[i],
        p * ((double)by[i] * factor - 0.125), 2e-6);
  }
  g_assert_cmpfloat (score[n], ==, CANARY);
  g_assert_cmpfloat (dp[n], ==, CANARY);
}

static void
test_attention (gconstpointer data)
{
  const VattDrop drop = {
    .key = 5, .stream = 7, .threshold = 6554, .scale = 1.1f
  };
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++) {
    size_t n = lengths[l];
    g_autofree float *bias = random_values (3, -1, 1, n);
    g_autofree float *mask = random_values (4, -1, 0, n);
    for (int which = 0; which < 8; which++)
      check_attention (set_of (data), n, which & 1 ? &drop : NULL,
          which & 2 ? bias : NULL, which & 4 ? mask : NULL);
  }
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (gconstpointer set);
  } tests[] = { { "activation", test_activation }, { "drop", test_drop },
    { "norms", test_norms }, { "sums", test_sums },
    { "attention", test_attention } };
  g_test_init (&argc, &argv, NULL);
  for (const VattSimd *const *set = vatt_simd_list (); *set; set++)
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path =
          g_strdup_printf ("/simdgradient/%s/%s", (*set)->name, tests[i].name);
      g_test_add_data_func (path, *set, tests[i].run);
    }
  return g_test_run ();
}
