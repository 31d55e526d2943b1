/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every instruction set this processor can run, against double precision. */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "rng.h"
#include "simd.h"

#define SEED 77
#include "simdvalues.h"

static const size_t lengths[] = { 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65,
  100, 129, 768, 1023 };

static void
check (const char *what, size_t n, size_t i, double found, double expected,
    double abs, double rel)
{
  if (fabs (found - expected) <= abs + rel * fabs (expected))
    return;
  g_test_message ("%s, %zu values, at %zu: found %.9g, expected %.9g", what, n,
      i, found, expected);
  g_test_fail ();
}

/* ---- activations ---- */

/* Relative, also where x is far below 0: the quotient and what follows it take
 * some roundings, together below 5e-7; the exponent t^2 / (2 ln 2) has one of
 * its constant and two of its products, each 2^-24 of it, which makes t^2 / 2
 * times 2^-24 of its power. What is below the smallest normal float may be 0,
 * and then, as everywhere, has the sign of x or none. */
static void
test_gelu (gconstpointer data)
{
  const int steps = 60001;
  g_autofree float *x = g_new (float, steps);
  for (int i = 0; i < steps; i++)
    x[i] = (float)i / 1000.0f - 30.0f;
  g_autofree float *y = g_memdup2 (x, (size_t)steps * sizeof *x);
  set_of (data)->finish_row (
      y, NULL, NULL, VATT_ACTIVATION_GELU, (size_t)steps);
  for (int i = 0; i < steps; i++) {
    double t = x[i] < 0.0f ? (double)x[i] : 0.0;
    double exact = 0.5 * (double)x[i] * erfc (-(double)x[i] / sqrt (2.0));
    check ("gelu", (size_t)steps, (size_t)i, (double)y[i], exact, 1.2e-38,
        5e-7 + 1.5 * t * t * 0x1p-24);
    if (x[i] < 0.0f ? y[i] > 0.0f : y[i] < 0.0f)
      g_test_fail ();
  }
}

/* Whatever their lane, NaN and +inf stay what they are; gelu (-inf) has no
 * value that anyone needs, but must not be a large one; and neighbours are
 * not touched. */
static void
test_special (gconstpointer data)
{
  static const VattActivation kinds[] = { VATT_ACTIVATION_NONE,
    VATT_ACTIVATION_GELU, VATT_ACTIVATION_RELU };
  const size_t n = 37;
  for (size_t k = 0; k < G_N_ELEMENTS (kinds); k++)
    for (size_t at = 0; at < n; at++) {
      const float special[] = { NAN, INFINITY, -INFINITY };
      for (size_t s = 0; s < G_N_ELEMENTS (special); s++) {
        g_autofree float *y = random_values (1, 0.5, 1.5, n);
        g_autofree float *bias = random_values (2, 0.0, 1.0, n);
        y[at] = special[s];
        set_of (data)->finish_row (y, bias, NULL, kinds[k], n);
        for (size_t i = 0; i < n; i++)
          if (i != at)
            g_assert_true (isfinite (y[i]));
        if (s == 0)
          g_assert_true (isnan (y[at]));
        else if (s == 1)
          g_assert_cmpfloat (y[at], ==, INFINITY);
        else
          g_assert_false (isfinite (y[at]) && y[at] != 0.0f);
        g_assert_cmpfloat (y[n], ==, CANARY);
      }
    }
}

static void
test_finish (gconstpointer data)
{
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++)
    for (guint which = 0; which < 4; which++) {
      size_t n = lengths[l];
      g_autofree float *y = random_values (1, -2.0, 2.0, n);
      g_autofree float *x = g_memdup2 (y, n * sizeof *y);
      g_autofree float *bias = random_values (2, -2.0, 2.0, n);
      g_autofree float *residual = random_values (3, -2.0, 2.0, n);
      set_of (data)->finish_row (y, which & 1 ? bias : NULL,
          which & 2 ? residual : NULL, VATT_ACTIVATION_RELU, n);
      for (size_t i = 0; i < n; i++) {
        double sum = (double)x[i] + (which & 1 ? (double)bias[i] : 0.0);
        double exact =
            fmax (sum, 0.0) + (which & 2 ? (double)residual[i] : 0.0);
        check ("finish", n, i, (double)y[i], exact, 5e-7, 0.0);
      }
      g_assert_cmpfloat (y[n], ==, CANARY);
    }
}

/* ---- norms ---- */

static void
check_layernorm (
    const VattSimd *set, size_t n, double low, double high, double abs)
{
  g_autofree float *x = random_values (1, low, high, n);
  g_autofree float *gain = random_values (2, 0.5, 1.5, n);
  g_autofree float *bias = random_values (3, -1.0, 1.0, n);
  g_autofree float *y = random_values (4, 0.0, 1.0, n);
  set->layernorm_row (y, x, gain, bias, 1e-6f, n);
  double mean = 0.0, variance = 0.0;
  for (size_t i = 0; i < n; i++)
    mean += (double)x[i] / (double)n;
  for (size_t i = 0; i < n; i++)
    variance += pow ((double)x[i] - mean, 2.0) / (double)n;
  for (size_t i = 0; i < n; i++)
    check ("layernorm", n, i, (double)y[i],
        ((double)x[i] - mean) / sqrt (variance + (double)1e-6f) *
                (double)gain[i] +
            (double)bias[i],
        abs, 2e-6);
  g_assert_cmpfloat (y[n], ==, CANARY);
}

/* E[x^2] - E[x]^2 would have no digit left of a mean of 4000 and a deviation
 * of 0.3; two passes are off by what the float mean is: 4000 2^-24 and some
 * roundings, over 0.3. One value is all mean: its difference is not 0 but a
 * rounding, which eps lets through a thousandfold. */
static void
test_layernorm (gconstpointer data)
{
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++) {
    check_layernorm (set_of (data), lengths[l], -1.0, 1.0, 3e-6);
    if (lengths[l] > 2)
      check_layernorm (set_of (data), lengths[l], 4000.0, 4001.0, 1e-2);
  }
}

static void
test_rmsnorm (gconstpointer data)
{
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++) {
    size_t n = lengths[l];
    g_autofree float *x = random_values (1, -3.0, 4.0, n);
    g_autofree float *gain = random_values (2, -1.5, 1.5, n);
    g_autofree float *y = random_values (3, 0.0, 1.0, n);
    set_of (data)->rmsnorm_row (y, x, gain, 1e-6f, n);
    double squares = 0.0;
    for (size_t i = 0; i < n; i++)
      squares += (double)x[i] * (double)x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
      check ("rmsnorm", n, i, (double)y[i],
          (double)x[i] / sqrt (squares + (double)1e-6f) * (double)gain[i], 1e-9,
          1e-6);
    g_assert_cmpfloat (y[n], ==, CANARY);
  }
}

/* ---- softmax ---- */

/* 2^x of a rounded x: a relative error of |x| 2^-24. Results below the
 * smallest normal float may be 0. */
static void
test_softmax (gconstpointer data)
{
  static const double ranges[] = { 1.0, 20.0, 500.0 };
  for (size_t l = 0; l < G_N_ELEMENTS (lengths); l++)
    for (size_t r = 0; r < G_N_ELEMENTS (ranges); r++) {
      size_t n = lengths[l];
      g_autofree float *x = random_values (1, -ranges[r], ranges[r], n);
      g_autofree float *y = random_values (2, 0.0, 1.0, n);
      set_of (data)->softmax_row (y, x, n);
      double max = -HUGE_VAL, sum = 0.0, total = 0.0;
      for (size_t i = 0; i < n; i++)
        max = fmax (max, (double)x[i]);
      for (size_t i = 0; i < n; i++)
        sum += exp ((double)x[i] - max);
      for (size_t i = 0; i < n; i++) {
        total += (double)y[i];
        check ("softmax", n, i, (double)y[i], exp ((double)x[i] - max) / sum,
            2.4e-38, 2e-5);
      }
      check ("sum of softmax", n, 0, total, 1.0, 2e-6, 0.0);
      g_assert_cmpfloat (y[n], ==, CANARY);
    }
}

/* ---- attention ---- */

typedef struct {
  size_t rows, keys, width;
  gboolean bias, mask;
} Attention;

typedef struct {
  float *query, *key, *value, *bias, *mask; /* bias, mask: NULL if absent */
} Operands;

static void
attend_exactly (
    const Attention *size, const Operands *in, size_t row, double *y)
{
  g_autofree double *p = g_new (double, size->keys);
  double max = -HUGE_VAL, sum = 0.0;
  for (size_t k = 0; k < size->keys; k++) {
    p[k] = (in->bias ? (double)in->bias[row * size->keys + k] : 0.0) +
           (in->mask ? (double)in->mask[k] : 0.0);
    for (size_t d = 0; d < size->width; d++)
      p[k] += 0.5 * (double)in->query[row * size->width + d] *
              (double)in->key[k * size->width + d];
    max = fmax (max, p[k]);
  }
  memset (y, 0, size->width * sizeof *y);
  for (size_t k = 0; k < size->keys; k++)
    sum += exp (p[k] - max);
  for (size_t k = 0; k < size->keys; k++)
    for (size_t d = 0; d < size->width; d++)
      y[d] += exp (p[k] - max) / sum * (double)in->value[k * size->width + d];
}

static void
check_attention (const VattSimd *set, const Attention *size)
{
  size_t rows = size->rows, keys = size->keys, width = size->width;
  Operands in = { random_values (1, -1.0, 1.0, rows * width),
    random_values (2, -1.0, 1.0, keys * width),
    random_values (3, -1.0, 1.0, keys * width),
    size->bias ? random_values (4, -2.0, 2.0, rows * keys) : NULL,
    size->mask ? random_values (5, -9.0, 0.0, keys) : NULL };
  size_t panels = (keys + set->panel - 1) / set->panel;
  size_t n_keys = set->packed_keys (keys, width);
  size_t n_values = set->packed_values (keys, width);
  size_t n_scratch = set->attend_scratch (width);
  g_autofree float *packed_keys = random_values (6, 0.0, 1.0, n_keys);
  g_autofree float *packed_values = random_values (7, 0.0, 1.0, n_values);
  g_autofree float *scratch = random_values (8, 0.0, 1.0, n_scratch);
  g_autofree float *out = random_values (9, 0.0, 1.0, rows * width);
  /* In two halves, the later one first. */
  size_t middle = panels / 2;
  set->pack_keys (packed_keys, in.key, width, keys, width, middle, panels);
  set->pack_keys (packed_keys, in.key, width, keys, width, 0, middle);
  set->pack_values (
      packed_values, in.value, width, keys, width, middle, panels);
  set->pack_values (packed_values, in.value, width, keys, width, 0, middle);
  set->attend (&(VattAttend){ .query = in.query,
      .query_stride = width,
      .rows = rows,
      .keys = packed_keys,
      .values = packed_values,
      .n_keys = keys,
      .width = width,
      .scale = 0.5f,
      .bias = in.bias,
      .bias_stride = keys,
      .mask = in.mask,
      .out = out,
      .out_stride = width,
      .scratch = scratch });
  g_autofree double *expected = g_new (double, width);
  for (size_t r = 0; r < rows; r++) {
    attend_exactly (size, &in, r, expected);
    for (size_t d = 0; d < width; d++)
      check ("attend", keys, r * width + d, (double)out[r * width + d],
          expected[d], 3e-6, 3e-6);
  }
  g_assert_cmpfloat (packed_keys[n_keys], ==, CANARY);
  g_assert_cmpfloat (packed_values[n_values], ==, CANARY);
  g_assert_cmpfloat (scratch[n_scratch], ==, CANARY);
  g_assert_cmpfloat (out[rows * width], ==, CANARY);
  g_free (in.query);
  g_free (in.key);
  g_free (in.value);
  g_free (in.bias);
  g_free (in.mask);
}

static void
test_attend (gconstpointer data)
{
  static const Attention sizes[] = {
    { 1, 1, 1 },
    { 5, 3, 7, TRUE },
    { 13, 31, 20, FALSE, TRUE },
    { 47, 33, 8, TRUE, TRUE },
    { 49, 257, 16 },
    { 97, 255, 32, TRUE, TRUE },
    { 1, 700, 64, TRUE, TRUE },
    { 11, 513, 64 },
    { 3, 256, 33, FALSE, TRUE },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (sizes); i++)
    check_attention (set_of (data), &sizes[i]);
}

/* The best set comes first, and each only once. */
static void
test_list (void)
{
  const VattSimd *const *list = vatt_simd_list ();
  g_assert_true (list[0] == vatt_simd ());
  for (guint i = 0; list[i]; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (list[i]->name, !=, list[j]->name);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run) (gconstpointer set);
  } tests[] = { { "gelu", test_gelu }, { "special", test_special },
    { "finish", test_finish }, { "layernorm", test_layernorm },
    { "rmsnorm", test_rmsnorm }, { "softmax", test_softmax },
    { "attend", test_attend } };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/simd/list", test_list);
  for (const VattSimd *const *set = vatt_simd_list (); *set; set++)
    for (size_t i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path =
          g_strdup_printf ("/simd/%s/%s", (*set)->name, tests[i].name);
      g_test_add_data_func (path, *set, tests[i].run);
    }
  return g_test_run ();
}
