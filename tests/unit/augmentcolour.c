/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Colours of rows of pictures, by every instruction set this processor can run,
 * against the formulas of a textbook. */
#include <math.h>
#include <string.h>

#include <glib.h>

#include "rng.h"
#include "simd.h"

/* The formulas of HSV, as a reader of a textbook would write them. */
static void
textbook (const VattColourChange *change, gsize n, double (*rgb)[3])
{
  double mean[3] = { 0.0 };
  for (gsize i = 0; i < n; i++) {
    double *p = rgb[i];
    for (guint c = 0; c < 3; c++)
      p[c] += (double)change->brightness;
    double most = fmax (p[0], fmax (p[1], p[2]));
    double least = fmin (p[0], fmin (p[1], p[2]));
    double saturation = most > 0 ? (most - least) / most : 0;
    double now = fmin (saturation * (double)change->saturation, 1.0);
    for (guint c = 0; c < 3; c++) {
      double depth = most > least ? (most - p[c]) / (most - least) : 0;
      p[c] = most - now * most * depth;
      mean[c] += p[c] / (double)n;
    }
  }
  for (gsize i = 0; i < n; i++) {
    double *p = rgb[i];
    for (guint c = 0; c < 3; c++)
      p[c] = (p[c] - mean[c]) * (double)change->contrast + mean[c];
    double most = fmax (p[0], fmax (p[1], p[2]));
    double least = fmin (p[0], fmin (p[1], p[2]));
    double range = most - least;
    double h = range == 0     ? 0
               : most == p[0] ? (p[1] - p[2]) / range
               : most == p[1] ? 2 + (p[2] - p[0]) / range
                              : 4 + (p[0] - p[1]) / range;
    h = fmod (h + 6 * (double)change->hue + 12, 6);
    /* Sector by sector: which is greatest, which least, which between. */
    static const guint order[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 1, 2, 0 },
      { 2, 1, 0 }, { 2, 0, 1 }, { 0, 2, 1 } };
    guint sector = (guint)h % 6;
    double part = h - floor (h);
    double between = least + range * (sector % 2 == 0 ? part : 1 - part);
    p[order[sector][0]] = most;
    p[order[sector][1]] = between;
    p[order[sector][2]] = least;
    for (guint c = 0; c < 3; c++)
      p[c] = CLAMP (p[c], 0.0, 1.0);
  }
}

/* By every instruction set, in pieces of any length: the textbook's to a few
 * roundings, of which hue has most (1 / range), and all sets' alike. Values
 * that are no colours any more come in between, greys and black as well. */
static void
test_colour_rows (void)
{
  static const gsize lengths[] = { 1, 3, 63, 64, 65, 192, 1000 };
  const VattColourChange change = { .scale = 1.0f,
    .brightness = -0.1f,
    .saturation = 1.3f,
    .contrast = 1.2f,
    .hue = 0.17f };
  for (guint l = 0; l < G_N_ELEMENTS (lengths); l++) {
    gsize n = lengths[l];
    g_autofree float *in = g_new (float, 3 * n);
    g_autofree float *first = NULL;
    double (*expected)[3] = g_malloc (n * sizeof *expected);
    for (gsize i = 0; i < 3 * n; i++) {
      in[i] = i / 3 % 5 == 4 ? (float)(i / 3 % 3) * 0.5f
                             : vatt_rng_uniform (3, l, i);
      expected[i / 3][i % 3] = (double)in[i];
    }
    textbook (&change, n, expected);
    for (const VattSimd *const *set = vatt_simd_list (); *set; set++) {
      g_autofree float *rgb = g_memdup2 (in, 3 * n * sizeof *in);
      double sums[3] = { 0.0 };
      (*set)->colour->shade (rgb, n, &change, sums);
      const float mean[3] = { (float)(sums[0] / (double)n),
        (float)(sums[1] / (double)n), (float)(sums[2] / (double)n) };
      (*set)->colour->turn (rgb, n, &change, mean);
      for (gsize i = 0; i < 3 * n; i++)
        g_assert_cmpfloat (
            fabs ((double)rgb[i] - expected[i / 3][i % 3]), <, 2e-6);
      if (first)
        g_assert_cmpmem (first, 3 * n * sizeof *in, rgb, 3 * n * sizeof *in);
      else
        first = g_steal_pointer (&rgb);
    }
    g_free (expected);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augmentcolour/rows", test_colour_rows);
  return g_test_run ();
}
