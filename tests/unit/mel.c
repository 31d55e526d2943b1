/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log-mel front end against the published code's numbers. */
#include <math.h>

#include <vatt/mel.h>

#include "golden.h"

/* Both sides are float. The golden matrix comes from mel values computed in
 * float: near 2840 their last bit is 2.4e-4, and a band is 34 mel wide, so a
 * weight may be off by 2.4e-4 / 34 = 7e-6 for each value rounded. */
#define MATRIX_TOLERANCE 2e-5

/* An output is ln (1 + 10000 s): an error of relative size e in s is one of e.
 * In narrow bands few bins add up, so the matrix's error passes on: a bin at
 * the foot of a triangle has a weight of 0.2 or so. Measured 6.4e-5 against an
 * evaluation in double. */
#define LOG_TOLERANCE 1e-4

static void
check_near (const char *what, const float *found, const float *expected,
    gsize n, double tolerance)
{
  double worst = 0.0;
  gsize where = 0;
  for (gsize i = 0; i < n; i++) {
    double error = fabs ((double)found[i] - (double)expected[i]);
    if (!(error <= worst)) {
      worst = error;
      where = i;
    }
  }
  g_test_message ("%s: largest error %g at %zu of %zu", what, worst, where, n);
  g_assert_cmpfloat (worst, <=, tolerance);
}

static void
check_golden (guint frame, gboolean scale, const char *name, double tolerance)
{
  gsize n, count;
  g_autofree float *wave = golden_f32 ("mel:wave", &n);
  g_autofree float *expected = golden_f32 (name, &count);
  if (wave == NULL || expected == NULL)
    return;
  VattMelParams params;
  vatt_mel_params_init (&params, 48000);
  params.frame = params.fft = frame;
  params.hop = frame / 2;
  params.scale_clip = scale;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattMel) mel = vatt_mel_new (&params, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (vatt_mel_frames (mel, n) * params.bands, ==, count);
  g_autofree float *found = g_new (float, count);
  g_assert_cmpuint (
      vatt_mel_compute (mel, wave, n, 0, found), ==, count / params.bands);
  check_near (name, found, expected, count, tolerance);
}

static void
test_golden (void)
{
  check_golden (1536, FALSE, "mel:mel_default", LOG_TOLERANCE);
  check_golden (2048, FALSE, "mel:mel_2048_1024", LOG_TOLERANCE);
}

/* The range of that clip is 9.5. */
static void
test_golden_scaled (void)
{
  check_golden (
      1536, TRUE, "mel:mel_default_normalised", 2.0 * LOG_TOLERANCE / 9.5);
}

static void
test_golden_matrix (void)
{
  gsize count;
  g_autofree float *expected = golden_f32 ("mel:mel_matrix_80x769", &count);
  if (expected == NULL)
    return;
  VattMelParams params;
  vatt_mel_params_init (&params, 48000);
  params.frame = params.fft = 1536;
  g_autoptr (VattMel) mel = vatt_mel_new (&params, NULL);
  g_assert_cmpuint (count, ==, 80 * 769);
  g_autofree float *found = g_new (float, count);
  vatt_mel_matrix (mel, found);
  check_near ("matrix", found, expected, count, MATRIX_TOLERANCE);
}

/* Against a plain sum in double: frames off the transform's length, a ragged
 * end, more zeros than samples. Float FFT: rounding of a few 2^-24 of the
 * largest magnitude, which white noise spreads over all bins. */
static void
test_naive (void)
{
  const guint n = 1234;
  VattMelParams params = { .rate = 16000,
    .frame = 400,
    .hop = 160,
    .fft = 512,
    .bands = 40,
    .low_hz = 80,
    .high_hz = 7600 };
  g_autoptr (VattMel) mel = vatt_mel_new (&params, NULL);
  g_assert_nonnull (mel);
  g_assert_cmpuint (vatt_mel_frames (mel, n), ==, 8);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  float samples[1234], out[8 * 40], matrix[40 * 257];
  for (guint i = 0; i < n; i++)
    samples[i] = (float)g_rand_double_range (rand, -1.0, 1.0);
  vatt_mel_matrix (mel, matrix);
  g_assert_cmpuint (vatt_mel_compute (mel, samples, n, 0, out), ==, 8);
  for (guint t = 0; t < 8; t++) {
    double magnitude[257];
    for (guint k = 0; k < 257; k++) {
      double re = 0.0, im = 0.0;
      for (guint i = 0; i < 400 && t * 160 + i < n; i++) {
        double x = (double)samples[t * 160 + i] *
                   (0.5 - 0.5 * cos (2.0 * G_PI * i / 400.0));
        re += x * cos (2.0 * G_PI * i * k / 512.0);
        im += x * sin (2.0 * G_PI * i * k / 512.0);
      }
      magnitude[k] = hypot (re, im);
    }
    for (guint b = 0; b < 40; b++) {
      double sum = 0.0;
      for (guint k = 0; k < 257; k++)
        sum += magnitude[k] * (double)matrix[b * 257 + k];
      g_assert_cmpfloat (
          fabs ((double)out[t * 40 + b] - (log1p (10000.0 * sum))), <=, 2e-5);
    }
  }
}

static void
test_sizes (void)
{
  VattMelParams params;
  vatt_mel_params_init (&params, 48000);
  g_assert_cmpuint (params.frame, ==, 2048);
  g_assert_cmpuint (params.hop, ==, 1024);
  g_autoptr (VattMel) published = vatt_mel_new (&params, NULL);
  g_assert_cmpuint (vatt_mel_frames (published, 153600), ==, 150);
  g_assert_cmpuint (vatt_mel_frames (published, 0), ==, 0);
  g_assert_cmpuint (vatt_mel_frames (published, 1), ==, 1);
  g_assert_cmpuint (vatt_mel_frames (published, 1025), ==, 2);

  params = (VattMelParams){ .rate = 16000,
    .frame = 400,
    .hop = 160,
    .bands = 80,
    .low_hz = 80,
    .high_hz = 7600,
    .scale_clip = TRUE };
  g_autoptr (VattMel) tiny = vatt_mel_new (&params, NULL);
  g_autofree float *silence = g_new0 (float, 40960);
  g_autofree float *out = g_new (float, 256 * 80 + 1);
  out[10 * 80] = 7.0f;
  g_assert_cmpuint (vatt_mel_compute (tiny, silence, 40960, 10, out), ==, 10);
  g_assert_cmpfloat (out[10 * 80], ==, 7.0f);
  g_assert_cmpuint (vatt_mel_compute (tiny, silence, 40960, 0, out), ==, 256);
  for (guint i = 0; i < 256 * 80; i++)
    g_assert_cmpfloat (out[i], ==, 0.0f);
}

static void
check_refused (VattMelParams params)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_mel_new (&params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
}

static void
test_errors (void)
{
  VattMelParams good;
  vatt_mel_params_init (&good, 48000);
#define WITH(field, value)                                                     \
  ({                                                                           \
    VattMelParams p = good;                                                    \
    p.field = value;                                                           \
    p;                                                                         \
  })
  check_refused (WITH (rate, 0));
  check_refused (WITH (frame, 0));
  check_refused (WITH (frame, G_MAXUINT));
  check_refused (WITH (hop, 0));
  check_refused (WITH (fft, 1024));
  check_refused (WITH (fft, 2049));
  check_refused (WITH (fft, 7 * 512));
  check_refused (WITH (bands, 0));
  check_refused (WITH (bands, G_MAXUINT));
  check_refused (WITH (low_hz, -1.0));
  check_refused (WITH (low_hz, 7600.0));
  check_refused (WITH (high_hz, 24001.0));
  check_refused (WITH (high_hz, (double)NAN));
#undef WITH
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mel/golden", test_golden);
  g_test_add_func ("/mel/golden-scaled", test_golden_scaled);
  g_test_add_func ("/mel/golden-matrix", test_golden_matrix);
  g_test_add_func ("/mel/naive", test_naive);
  g_test_add_func ("/mel/sizes", test_sizes);
  g_test_add_func ("/mel/errors", test_errors);
  return g_test_run ();
}
