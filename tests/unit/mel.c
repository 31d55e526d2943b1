/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log-mel front end; the published code's numbers are in tests/golden. */
#include <math.h>

#include <vatt/mel.h>

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
  g_test_add_func ("/mel/naive", test_naive);
  g_test_add_func ("/mel/sizes", test_sizes);
  g_test_add_func ("/mel/errors", test_errors);
  return g_test_run ();
}
