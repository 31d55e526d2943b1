/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sound files: rates, channels, blocks, and files that are none. The
 * reference is the sine that was written. */
#include <vatt/audio.h>

#include "tempdir.h"

#include <math.h>
#include <sndfile.h>
#include <string.h>

static char *folder;

/* Writes frames of interleaved numbers. */
static char *
write_file (const char *name, int format, int rate, int channels,
    const float *data, gsize n_frames)
{
  char *path = g_build_filename (folder, name, NULL);
  SF_INFO info = { .samplerate = rate, .channels = channels, .format = format };
  SNDFILE *file = sf_open (path, SFM_WRITE, &info);
  g_assert_nonnull (file);
  g_assert_cmpint (sf_writef_float (file, data, (sf_count_t)n_frames), ==,
      (sf_count_t)n_frames);
  sf_close (file);
  return path;
}

/* A sine of 440 Hz; channel c has weight c, so that their average has
 * (channels - 1) / 2. */
static float *
make_sine (int rate, int channels, gsize n_frames, double amplitude)
{
  float *data = g_new (float, MAX (n_frames * (gsize)channels, 1));
  for (gsize i = 0; i < n_frames; i++)
    for (int c = 0; c < channels; c++)
      data[i * (gsize)channels + (gsize)c] =
          (float)(amplitude * (channels == 1 ? 1 : c) *
                  sin (2 * G_PI * 440 * (double)i / rate));
  return data;
}

static void
test_same_rate (void)
{
  gsize n = 10000, n_read; /* more than two blocks */
  g_autofree float *data = make_sine (48000, 1, n, 0.7);
  g_autofree char *path = write_file (
      "same.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 48000, 1, data, n);
  g_autofree float *samples = vatt_audio_read (path, 48000, &n_read, NULL);
  g_assert_cmpmem (samples, n_read * sizeof (float), data, n * sizeof (float));
}

/* The sine, resampled, but for the filter's run-in and run-out. */
static void
check_sine (const char *path, int rate, double seconds, double amplitude)
{
  gsize n, expected = (gsize)round (seconds * rate);
  g_autoptr (GError) error = NULL;
  g_autofree float *samples = vatt_audio_read (path, (guint)rate, &n, &error);
  double worst = 0;

  g_assert_no_error (error);
  g_assert_cmpuint (n, >=, expected - 1);
  g_assert_cmpuint (n, <=, expected + 1);
  for (gsize i = (gsize)rate / 20; i + (gsize)rate / 20 < n; i++) {
    double x = amplitude * sin (2 * G_PI * 440 * (double)i / rate);
    worst = MAX (worst, fabs (x - (double)samples[i]));
  }
  g_test_message ("%s at %d: worst difference %.2g", path, rate, worst);
  /* 16 bits round to 1.5e-5; the filter is 121 dB down */
  g_assert_cmpfloat (worst, <, 1e-4);
}

static void
test_resample (void)
{
  static const int rates[] = { 8000, 11025, 22050, 44100, 48000, 96000 };
  static const int channels[] = { 1, 2, 3, 6 };

  for (gsize r = 0; r < G_N_ELEMENTS (rates); r++)
    for (gsize c = 0; c < G_N_ELEMENTS (channels); c++) {
      double amplitude = channels[c] == 1 ? 0.3 : 0.15;
      double mean = channels[c] == 1 ? 0.3 : 0.15 * (channels[c] - 1) / 2.0;
      g_autofree float *data =
          make_sine (rates[r], channels[c], (gsize)rates[r], amplitude);
      g_autofree char *path =
          write_file ("rate.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, rates[r],
              channels[c], data, (gsize)rates[r]);
      check_sine (path, 48000, 1.0, mean);
      check_sine (path, 16000, 1.0, mean);
    }
}

static void
test_empty (void)
{
  for (int rate = 16000; rate <= 48000; rate += 32000) {
    float data = 0;
    gsize n = 1;
    g_autoptr (GError) error = NULL;
    g_autofree char *path = write_file (
        "empty.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, rate, 2, &data, 0);
    g_autofree float *samples = vatt_audio_read (path, 48000, &n, &error);
    g_assert_no_error (error);
    g_assert_nonnull (samples);
    g_assert_cmpuint (n, ==, 0);
  }
}

static void
test_not_finite (void)
{
  gsize n = 9000, n_read;
  g_autofree float *data = make_sine (16000, 2, n, 0.5);
  g_autoptr (GError) error = NULL;

  data[2 * 8123 + 1] = NAN;
  g_autofree char *path = write_file (
      "nan.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 2, data, n);
  g_assert_null (vatt_audio_read (path, 48000, &n_read, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
  g_assert_nonnull (strstr (error->message, "sample 8123 "));
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_beyond_full_scale (void)
{
  const float data[4] = { 1.5f, -7.0f, 0.25f, -0.5f };
  const float expected[4] = { 1, -1, 0.25f, -0.5f };
  gsize n;
  g_autofree char *path = write_file (
      "loud.wav", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 48000, 1, data, 4);
  g_autofree float *samples = vatt_audio_read (path, 48000, &n, NULL);
  g_assert_cmpmem (samples, n * sizeof (float), expected, sizeof (expected));
}

static void
test_no_audio (void)
{
  gsize n;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_build_filename (folder, "text.wav", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing.wav", NULL);

  tempdir_write (text, "no sound here", 13);
  g_assert_null (vatt_audio_read (text, 48000, &n, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_MEDIA);
  g_assert_nonnull (strstr (error->message, text));
  g_clear_error (&error);
  g_assert_null (vatt_audio_read (missing, 48000, &n, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  g_assert_null (vatt_audio_read (folder, 48000, &n, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
}

/* Every beginning of a file is sound or an error; a header's claims about
 * what follows are not believed. */
static void
test_truncated (void)
{
  gsize n = 700, n_bytes, n_read;
  g_autofree float *data = make_sine (16000, 2, n, 0.5);
  g_autofree char *path = write_file (
      "whole.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, 2, data, n);
  g_autofree char *cut = g_build_filename (folder, "cut.wav", NULL);
  g_autofree char *contents = NULL;

  g_assert_true (g_file_get_contents (path, &contents, &n_bytes, NULL));
  for (gsize size = 0; size < n_bytes; size += size < 64 ? 1 : 97) {
    g_autoptr (GError) error = NULL;
    tempdir_write (cut, contents, (gssize)size);
    g_autofree float *samples = vatt_audio_read (cut, 16000, &n_read, &error);
    g_assert_true ((samples != NULL) == (error == NULL));
    g_assert_cmpuint (n_read, <=, size / 4);
  }
  memcpy (contents + 40, "\xf0\xff\xff\x7f", 4); /* bytes of sound: 2^31 */
  tempdir_write (cut, contents, (gssize)n_bytes);
  g_autofree float *samples = vatt_audio_read (cut, 16000, &n_read, NULL);
  g_assert_nonnull (samples);
  g_assert_cmpuint (n_read, <=, n);
}

static void
test_unsupported_rate (void)
{
  gsize n;
  const float data[4] = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *path = write_file (
      "slow.wav", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 100, 1, data, 4);
  g_assert_null (vatt_audio_read (path, 48000, &n, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_UNSUPPORTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-audio-XXXXXX", NULL);
  g_test_add_func ("/audio/same-rate", test_same_rate);
  g_test_add_func ("/audio/resample", test_resample);
  g_test_add_func ("/audio/empty", test_empty);
  g_test_add_func ("/audio/not-finite", test_not_finite);
  g_test_add_func ("/audio/beyond-full-scale", test_beyond_full_scale);
  g_test_add_func ("/audio/no-audio", test_no_audio);
  g_test_add_func ("/audio/truncated", test_truncated);
  g_test_add_func ("/audio/unsupported-rate", test_unsupported_rate);
  int status = g_test_run ();
  tempdir_remove (folder);
  g_free (folder);
  return status;
}
