/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A data set at the head of a line of elements, and a real one. */
#include "classifiermodel.h"
#include "dataset.h"

#include <string.h>

#define HEADER "path\tstart\tend\tlabel\tsplit\tid\n"

/* Every clip is one window, with its label; those of pictures and sound have
 * the same times. */
static void
test_tokens (void)
{
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *manifest =
      dataset_manifest (HEADER "film.webm\t0.5\t2.0\tdog\ttrain\ta\n"
                               "film.webm\t0\t0.4\t\ttrain\tb\n"
                               "film.webm\t1.0\t2.4\train\ttrain\tc\n");
  g_autofree char *settings = g_strdup_printf ("manifest=%s", manifest);
  g_autoptr (Run) run =
      run_all (settings, "s.video ! vattvideotok ! fakesink name=video "
                         "s.audio ! vattaudiotok ! fakesink name=audio "
                         "s.text ! fakesink");
  g_assert_cmpstr (run->error, ==, NULL);
  static const GstClockTime bases[] = { 0, 1500 * MS, 1900 * MS };
  for (guint i = 0; i < 3; i++)
    for (guint m = VATT_VIDEO; m <= VATT_AUDIO; m++) {
      const Clip *clip = run_clip (run, (VattModality)m, i);
      g_assert_cmpuint (clip->starts->len, ==, 1);
      g_assert_cmpuint (g_array_index (clip->starts, GstClockTime, 0), ==, 0);
      g_assert_cmpuint (clip->segment.base, ==, bases[i]);
      g_assert_cmpuint (clip->wrong_metas, ==, 0);
    }
}

/* Returns: (nullable): the clip of that row and epoch, if it was sent */
static const Clip *
find_clip (Run *run, guint64 row, guint64 epoch)
{
  for (guint i = 0; i < run->clips[VATT_VIDEO]->len; i++) {
    const Clip *clip = run_clip (run, VATT_VIDEO, i);
    if (clip_number (clip, "row") == row &&
        clip_number (clip, "epoch") == epoch)
      return clip;
  }
  return NULL;
}

/* What is random about a clip is the same whichever process plays it, and other
 * in each epoch. */
static void
test_random (void)
{
  static const char line[] =
      "s.video ! vattvideotok drop-rate=0.5 seed=9 ! fakesink name=video";
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *manifest =
      dataset_manifest (HEADER "film.webm\t0\t0.4\t\ttrain\ta\n"
                               "film.webm\t0.4\t0.8\t\ttrain\tb\n"
                               "film.webm\t0.8\t1.2\t\ttrain\tc\n"
                               "film.webm\t1.2\t1.6\t\ttrain\td\n");
  g_autofree char *alone =
      g_strdup_printf ("manifest=%s shuffle=true epochs=2", manifest);
  g_autofree char *shared = g_strconcat (alone, " rank=1 world-size=2", NULL);
  g_autoptr (Run) all = run_all (alone, line);
  g_autoptr (Run) half = run_all (shared, line);
  g_assert_cmpuint (all->clips[VATT_VIDEO]->len, ==, 8);
  g_assert_cmpuint (half->clips[VATT_VIDEO]->len, ==, 4);
  for (guint i = 0; i < 4; i++) {
    const Clip *clip = run_clip (half, VATT_VIDEO, i);
    guint64 row = clip_number (clip, "row");
    const Clip *same = find_clip (all, row, clip_number (clip, "epoch"));
    g_assert_nonnull (same);
    g_assert_cmpmem (
        clip->data->data, clip->data->len, same->data->data, same->data->len);
    const Clip *first = find_clip (all, row, 0),
               *second = find_clip (all, row, 1);
    g_assert_cmpuint (first->data->len, ==, second->data->len);
    g_assert_true (
        memcmp (first->data->data, second->data->data, first->data->len) != 0);
  }
}

/* Which clip a result is of goes along to the last element, whatever its
 * form. */
static void
test_results (void)
{
  const ClassifierSpec spec = { .name = "four" };
  g_autofree char *model = classifier_write (&spec);
  g_autofree char *webm = dataset_webm ("film.webm");
  g_autofree char *manifest =
      dataset_manifest (HEADER "film.webm\t0.5\t0.9\tdog\ttrain\ta\n"
                               "film.webm\t0\t0.4\train\ttrain\tb\n");
  g_autofree char *settings = g_strdup_printf ("manifest=%s", manifest);
  g_autofree char *pads = g_strdup_printf (
      "s.video ! vattvideotok ! vattencoder model=%s post-messages=true ! "
      "tee name=t ! queue ! application/x-json ! fakesink name=video",
      model);
  g_autofree char *labels = g_strdup_printf (
      "s.video ! vattvideotok ! vattencoder model=%s ! vattclassifier ! "
      "application/x-json ! fakesink name=video",
      model);
  g_autoptr (Run) run = run_all (settings, pads);
  g_assert_cmpstr (run->error, ==, NULL);
  static const char *const says[][4] = {
    { "\"label\":\"dog\"", "\"clip\":0,\"epoch\":0,\"row\":0", "film.webm" },
    { "\"label\":\"rain\"", "\"clip\":1,\"epoch\":0,\"row\":1", "film.webm" },
  };
  for (guint i = 0; i < 2; i++) {
    const Clip *clip = run_clip (run, VATT_VIDEO, i);
    g_assert_cmpuint (clip->starts->len, ==, 1);
    g_assert_cmpuint (clip->wrong_metas, ==, 0);
    g_autofree char *json =
        g_strndup ((const char *)clip->data->data, clip->data->len);
    for (guint k = 0; says[i][k]; k++)
      g_assert_nonnull (strstr (json, says[i][k]));
  }
  g_autoptr (Run) labelled = run_all (settings, labels);
  g_assert_cmpstr (labelled->error, ==, NULL);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (run_clip (labelled, VATT_VIDEO, i)->starts->len, ==, 1);
    g_assert_cmpuint (run_clip (labelled, VATT_VIDEO, i)->wrong_metas, ==, 0);
  }
}

/* Sentences of 3 s, each with its pictures, sound and words. */
static void
test_real (void)
{
  const char *data = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *manifest = g_build_filename (
      data ? data : "", "data", "grid-talker", "manifest.tsv", NULL);
  if (!g_file_test (manifest, G_FILE_TEST_EXISTS)) {
    g_test_skip ("no data set");
    return;
  }
  g_autofree char *settings = g_strdup_printf (
      "manifest=%s split=val shuffle=true seed=3 label-column=digit", manifest);
  g_autoptr (Run) run = run_all (settings,
      "s.video ! fakesink name=video  s.audio ! fakesink name=audio  "
      "s.text ! fakesink name=text");
  g_assert_cmpstr (run->error, ==, NULL);
  g_assert_cmpuint (run->warnings, ==, 0);
  g_assert_cmpuint (run->clips[VATT_VIDEO]->len, ==, 50);
  for (guint i = 0; i < 50; i++) {
    const Clip *video = run_clip (run, VATT_VIDEO, i);
    const Clip *audio = run_clip (run, VATT_AUDIO, i);
    const Clip *text = run_clip (run, VATT_TEXT, i);
    g_assert_cmpuint (video->starts->len, ==, 75);
    g_assert_cmpuint (video->data->len, ==, 75 * 224 * 224 * 3 / 2);
    g_assert_cmpuint (audio->data->len, ==, 2 * 48 * 2960); /* as opusdec */
    g_assert_cmpuint (video->segment.base, ==, i * 3 * GST_SECOND);
    g_assert_cmpuint (audio->segment.base, ==, i * 3 * GST_SECOND);
    g_autofree char *words =
        g_strndup ((const char *)text->data->data, text->data->len);
    g_auto (GStrv) six = g_strsplit (words, " ", -1);
    g_assert_cmpuint (g_strv_length (six), ==, 6);
    g_assert_cmpstr (six[4], ==, clip_string (text, "label"));
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattdatasetsrc/tokens", test_tokens);
  g_test_add_func ("/vattdatasetsrc/random", test_random);
  g_test_add_func ("/vattdatasetsrc/results", test_results);
  g_test_add_func ("/vattdatasetsrc/real", test_real);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
