/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What vattdatasetsrc makes of a clip before it keeps it: other caps, and
 * fewer buffers. */
#include "dataset.h"

#include <math.h>
#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\n"

/* One clip of a file, played @epochs times. */
static Run *
run_one (const char *row, const char *more, const char *pads)
{
  g_autofree char *text = g_strconcat (HEADER, row, "\n", NULL);
  g_autofree char *manifest = dataset_manifest (text);
  g_autofree char *settings = g_strdup_printf (
      "manifest=%s epochs=2 decoders=1 cache-bytes=1000000 %s", manifest, more);
  return run_all (settings, pads);
}

/* A rising wave at half the rate, in another format: the middle of it, as a
 * filter sees silence beyond the ends. */
static void
test_sound (void)
{
  enum { N = RATE / 2 };
  g_autofree char *wav = dataset_wav ("ramp.wav", 2 * RATE);
  g_autoptr (Run) run = run_one ("ramp.wav\t0.5\t1.5\t\ttrain",
      "audio-caps=audio/x-raw,format=F32LE,rate=4000",
      "s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run_stat (run, "from-cache"), ==, 1);
  g_assert_cmpuint (run_stat (run, "cache-bytes"), ==, N * sizeof (float));
  for (guint c = 0; c < 2; c++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, c);
    const float *samples = (const float *)clip->data->data;
    g_assert_cmpuint (clip->data->len, ==, N * sizeof (float));
    for (guint i = N / 4; i < 3 * N / 4; i++)
      g_assert_cmpfloat_with_epsilon (
          samples[i], (float)(RATE / 2 + 2 * i) / 32768.0f, 1e-4f);
  }
}

static void
test_pictures (void)
{
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autoptr (Run) run = run_one ("film.webm\t0\t2.4\t\ttrain",
      "video-caps=video/x-raw,format=GRAY8,width=16,height=8",
      "s.video ! fakesink name=video");
  g_assert_cmpstr (run->error, ==, NULL);
  for (guint c = 0; c < 2; c++) {
    const Clip *clip = run_clip (run, VATT_VIDEO, c);
    g_assert_cmpuint (clip->starts->len, ==, N_PICTURES);
    g_assert_cmpuint (clip->data->len, ==, N_PICTURES * 16 * 8);
    for (guint i = 1; i < N_PICTURES; i++) {
      g_assert_cmpuint (
          g_array_index (clip->starts, GstClockTime, i), ==, i * 100 * MS);
      g_assert_cmpint (clip->data->data[i * 16 * 8], >=,
          clip->data->data[(i - 1) * 16 * 8] + 5);
    }
  }
}

/* Sound comes in buffers of up to a second, however it was decoded. */
static void
test_joined (void)
{
  g_autofree char *wav = dataset_wav ("long.wav", 5 * RATE / 2);
  g_autoptr (Run) run =
      run_one ("long.wav\t0\t0\t\ttrain", "", "s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  for (guint c = 0; c < 2; c++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, c);
    GstClockTime next = 0;
    check_samples (clip, 0, 5 * RATE / 2);
    g_assert_cmpuint (clip->starts->len, ==, 3);
    for (guint i = 0; i < 3; i++) {
      GstClockTime start = g_array_index (clip->starts, GstClockTime, i);
      GstClockTime length = g_array_index (clip->durations, GstClockTime, i);
      g_assert_cmpuint (start, ==, next);
      g_assert_cmpuint (length, <=, GST_SECOND);
      next = start + length;
    }
    g_assert_cmpuint (next, ==, 2500 * MS);
  }
}

/* Caps of the wrong kind, and those that nothing can be converted to. */
static void
test_refusals (void)
{
  static const struct {
    const char *settings, *says[2];
  } cases[] = {
    { "audio-caps=video/x-raw", { "audio-caps: found video/x-raw", "audio/" } },
    { "video-caps=image/png", { "video-caps: found image/png", "video/" } },
    { "video-caps=video/x-raw,framerate=5/1",
        { "video-caps: found", "framerate is not" } },
    { "audio-caps=audio/x-raw,layout=non-interleaved",
        { "audio-caps: found", "(string) interleaved" } },
    { "audio-caps=ANY", { "audio-caps: found ANY", "expected audio/x-raw" } },
    { "audio-caps=audio/x-raw,rate=0", { "audio-caps: found", "rate=(int)0" } },
    { "video-caps=video/x-raw,width=0", { "video-caps: found", "(int)0" } },
    { "audio-caps=audio/x-raw,format=NOSUCH",
        { "audio-caps: found", "(string)NOSUCH" } },
  };
  g_autofree char *wav = dataset_wav ("ramp.wav", RATE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Run) run = run_one ("ramp.wav\t0\t1\t\ttrain", cases[i].settings,
        "s.audio ! fakesink name=audio");
    g_assert_cmpuint (run->errors, ==, 1);
    for (guint k = 0; k < 2; k++)
      if (!strstr (run->error, cases[i].says[k]))
        g_error ("'%s' does not say '%s'", run->error, cases[i].says[k]);
  }
}

/* Caps that some media can be converted to, but not those of the clip. */
static void
test_unlike (void)
{
  static const struct {
    const char *row, *settings, *says[2];
  } cases[] = {
    { "ramp.wav\t0\t1\t\ttrain",
        "audio-caps=audio/x-raw,channels=4,channel-mask=(bitmask)0",
        { "cannot convert 1 channels of S16LE", "to 4 of S16LE" } },
    { "film.webm\t0\t1\t\ttrain",
        "video-caps=video/x-raw,interlace-mode=alternate",
        { "pictures of video/x-raw", "cannot be converted to video/x-raw" } },
    { "film.webm\t0\t1\t\ttrain",
        "video-caps=video/x-raw,interlace-mode=interleaved",
        { "pictures of video/x-raw", "cannot be converted to video/x-raw" } },
  };
  g_autofree char *wav = dataset_wav ("ramp.wav", RATE);
  g_autofree char *webm = dataset_webm ("film.webm");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gboolean sound = g_str_has_prefix (cases[i].settings, "audio");
    g_autoptr (Run) run = run_one (cases[i].row, cases[i].settings,
        sound ? "s.audio ! fakesink name=audio"
              : "s.video ! fakesink name=video");
    g_assert_nonnull (run->warning);
    for (guint k = 0; k < 2; k++)
      if (!strstr (run->warning, cases[i].says[k]))
        g_error ("'%s' does not say '%s'", run->warning, cases[i].says[k]);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattdatasetsrc/convert/sound", test_sound);
  g_test_add_func ("/vattdatasetsrc/convert/pictures", test_pictures);
  g_test_add_func ("/vattdatasetsrc/convert/joined", test_joined);
  g_test_add_func ("/vattdatasetsrc/convert/refusals", test_refusals);
  g_test_add_func ("/vattdatasetsrc/convert/unlike", test_unlike);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
