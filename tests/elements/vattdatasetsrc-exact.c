/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A clip is what its file has there, whatever was read before it. */
#include "dataset.h"

#include <math.h>
#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\n"

/* 12 s of noise: a part that is misplaced, or decoded in another state, shows
 * in every sample. The bound is how far a part's samples may be from those of
 * one decoding of all; 0 where a decoder's state is over after a packet. */
static const struct {
  const char *name, *needs, *line;
  int bound;
} files[] = {
  { "noise.wav", "wavenc",
      "audiotestsrc num-buffers=120 samplesperbuffer=4410 wave=pink-noise ! "
      "audio/x-raw,format=S16LE,rate=44100,channels=1 ! wavenc",
      0 },
  { "noise.ogg", "vorbisenc",
      "audiotestsrc num-buffers=120 samplesperbuffer=4410 wave=pink-noise ! "
      "audio/x-raw,rate=44100,channels=1 ! vorbisenc ! oggmux",
      0 },
  { "noise.webm", "opusenc",
      "audiotestsrc num-buffers=120 samplesperbuffer=4800 wave=pink-noise ! "
      "audio/x-raw,rate=48000,channels=1 ! opusenc ! webmmux",
      2 },
};

/* Lengths that are no multiple of 10 ms, parts that overlap and are not in the
 * order of the file, its beginning and its end. */
static const double spans[][2] = {
  { 4.0, 5.2345 },
  { 0.0, 1.0071 },
  { 9.3333, 11.9 },
  { 0.25, 1.5 },
  { 4.5, 5.0009 },
  { 2.0, 7.0 },
};
#define N_SPANS G_N_ELEMENTS (spans)

/* Returns: (transfer full) (nullable): the path, or %NULL if the test is to be
 * skipped */
static char *
make_file (guint index)
{
  g_autoptr (GstElementFactory) encoder =
      gst_element_factory_find (files[index].needs);
  if (encoder)
    return media_make (files[index].name, files[index].line);
  g_autofree char *why = g_strdup_printf (
      "%s: no element %s", files[index].name, files[index].needs);
  g_test_skip (why);
  return NULL;
}

/* Two epochs of the clips of a file. */
static Run *
play (guint file, const char *settings)
{
  g_autoptr (GString) text = g_string_new (HEADER);
  for (guint i = 0; i < N_SPANS; i++)
    g_string_append_printf (text, "%s\t%.4f\t%.4f\t\ttrain\n", files[file].name,
        spans[i][0], spans[i][1]);
  g_autofree char *manifest = dataset_manifest (text->str);
  g_autofree char *all =
      g_strdup_printf ("manifest=%s epochs=2 %s", manifest, settings);
  Run *run = run_all (all, "s.audio ! fakesink name=audio");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpstr (run->warning, ==, NULL);
  return run;
}

/* The clips of @run are those of @first, each known by its row. */
static void
compare_runs (Run *first, Run *run)
{
  const Clip *by_row[N_SPANS] = { NULL };
  for (guint i = 0; i < N_SPANS; i++) {
    const Clip *clip = run_clip (first, VATT_AUDIO, i);
    by_row[clip_number (clip, "row")] = clip;
  }
  for (guint i = 0; i < run->clips[VATT_AUDIO]->len; i++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, i);
    const Clip *same = by_row[clip_number (clip, "row")];
    g_assert_nonnull (same);
    g_assert_cmpmem (
        clip->data->data, clip->data->len, same->data->data, same->data->len);
  }
}

/* Order, epochs, threads and where a run begins do not show. */
static void
test_same (gconstpointer data)
{
  static const char *const conversions[] = { "",
    "audio-caps=audio/x-raw,format=F32LE,rate=16000,channels=1" };
  static const char *const ways[] = { "decoders=1 shuffle=true seed=1",
    "decoders=2 shuffle=true seed=2", "decoders=3 shuffle=true seed=3",
    "decoders=1 start-at=4" };
  guint file = GPOINTER_TO_UINT (data);
  g_autofree char *path = make_file (file);
  for (guint c = 0; path && c < G_N_ELEMENTS (conversions); c++) {
    g_autofree char *plain = g_strconcat ("decoders=1 ", conversions[c], NULL);
    g_autoptr (Run) first = play (file, plain);
    compare_runs (first, first);
    for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
      g_autofree char *settings =
          g_strconcat (ways[i], " ", conversions[c], NULL);
      g_autoptr (Run) run = play (file, settings);
      g_assert_cmpuint (run->clips[VATT_AUDIO]->len, >=, N_SPANS);
      compare_runs (first, run);
    }
  }
}

/* The sound of all of a file, and its rate. */
static GBytes *
decode_all (const char *path, const char *caps)
{
  g_autofree char *raw = g_strconcat (path, ".raw", NULL);
  g_autofree char *line = g_strdup_printf (
      "filesrc location=%s ! decodebin ! audioconvert ! %s ! filesink "
      "location=%s",
      path, caps, raw);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  char *bytes;
  gsize size;
  g_assert_true (g_file_get_contents (raw, &bytes, &size, NULL));
  return g_bytes_new_take (bytes, size);
}

/* A part has the samples that one decoding of all has there, to the last. */
static void
test_cut (gconstpointer data)
{
  enum { SCALE = 32768 };
  guint file = GPOINTER_TO_UINT (data);
  g_autofree char *path = make_file (file);
  if (!path)
    return;
  double rate = strstr (files[file].line, "rate=48000") ? 48000.0 : 44100.0;
  g_autoptr (GBytes) all =
      decode_all (path, "audio/x-raw,format=F32LE,layout=interleaved");
  const float *samples = g_bytes_get_data (all, NULL);
  gsize n_samples = g_bytes_get_size (all) / sizeof (float);
  g_autoptr (Run) run =
      play (file, "decoders=1 audio-caps=audio/x-raw,format=F32LE");
  for (guint i = 0; i < N_SPANS; i++) {
    const Clip *clip = run_clip (run, VATT_AUDIO, i);
    const float *part = (const float *)clip->data->data;
    gsize first = (gsize)lround (spans[i][0] * rate);
    gsize end = (gsize)lround (spans[i][1] * rate);
    double worst = 0.0;
    g_assert_cmpuint (end, <=, n_samples);
    g_assert_cmpuint (clip->data->len, ==, (end - first) * sizeof (float));
    for (gsize k = first; k < end; k++)
      worst = fmax (
          worst, SCALE * fabs ((double)part[k - first] - (double)samples[k]));
    g_test_message ("from %.4f s: %.3f of %d", spans[i][0], worst, SCALE);
    g_assert_cmpfloat (worst, <=, files[file].bound);
  }
}

/* Resampled, a part has as many samples as its length says. */
static void
test_length (gconstpointer data)
{
  guint file = GPOINTER_TO_UINT (data);
  g_autofree char *path = make_file (file);
  if (!path)
    return;
  g_autoptr (Run) run =
      play (file, "decoders=1 audio-caps=audio/x-raw,format=S16LE,rate=16000");
  for (guint i = 0; i < N_SPANS; i++)
    g_assert_cmpuint (run_clip (run, VATT_AUDIO, i)->data->len, ==,
        2 * lround ((spans[i][1] - spans[i][0]) * 16000.0));
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc run;
  } tests[] = { { "same", test_same }, { "cut", test_cut },
    { "length", test_length } };
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    for (guint k = 0; k < G_N_ELEMENTS (files); k++) {
      g_autofree char *name = g_strdup_printf (
          "/vattdatasetsrc/exact/%s/%s", tests[i].name, files[k].name);
      g_test_add_data_func (name, GUINT_TO_POINTER (k), tests[i].run);
    }
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
