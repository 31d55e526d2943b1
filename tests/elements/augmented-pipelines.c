/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clips that are changed at random, in pipelines, and settings that cannot
 * be. */
#include "media.h"

#include <string.h>

static char *
tokens_of (const char *source, const char *tokeniser)
{
  static guint number;
  g_autofree char *name = g_strdup_printf ("tokens%u", number++);
  g_autofree char *line = g_strdup_printf ("%s ! %s", source, tokeniser);
  g_autofree char *path = media_make (name, line);
  char *data;
  gsize size;
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  g_assert_cmpuint (size, >, 0);
  char *sum = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *)data, size);
  g_free (data);
  return sum;
}

/* Six seconds. */
static char *
make_clip (void)
{
  return media_make ("clip.webm",
      "videotestsrc num-buffers=150 pattern=ball ! "
      "video/x-raw,width=160,height=120,framerate=25/1 ! vp8enc deadline=1 ! "
      "webmmux");
}

/* A source, and a file that is decoded: equal seeds give equal bits, others
 * give others; settings of nothing leave everything as it is. */
static void
test_pipelines (void)
{
  g_autofree char *path = make_clip ();
  g_autofree char *file =
      g_strdup_printf ("filesrc location=%s ! decodebin", path);
  const char *const sources[] = {
    "videotestsrc num-buffers=80 ! video/x-raw,format=NV12", file
  };
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++) {
    g_autofree char *plain = tokens_of (sources[i], "vattvideotok");
    g_autofree char *none = tokens_of (sources[i],
        "vattvideotok augment=light augment-settings=a,flip=0,shift=0,colour=0");
    g_autofree char *one = tokens_of (sources[i], "vattvideotok augment=paper");
    g_autofree char *same =
        tokens_of (sources[i], "vattvideotok augment=paper");
    g_autofree char *two =
        tokens_of (sources[i], "vattvideotok augment=paper seed=1");
    g_assert_cmpstr (plain, ==, none);
    g_assert_cmpstr (one, ==, same);
    g_assert_cmpstr (one, !=, two);
    g_assert_cmpstr (one, !=, plain);
  }
}

/* The windows of the clips of a set behind the first @start_at of two epochs.
 */
static char *
windows_of_set (const char *manifest, guint start_at, gsize *size)
{
  g_autofree char *name = g_strdup_printf ("set%u", start_at);
  g_autofree char *line = g_strdup_printf (
      "vattdatasetsrc manifest=%s epochs=2 shuffle=true start-at=%u name=s  "
      "s.video ! queue ! vattvideotok augment=paper drop-rate=0.5 "
      "start-jitter=300000000 hop=5000000000 seed=4",
      manifest, start_at);
  g_autofree char *path = media_make (name, line);
  char *data;
  g_assert_true (g_file_get_contents (path, &data, size, NULL));
  return data;
}

/* A training that is taken up in the second epoch of a set of three clips sees
 * what the whole one has seen, and in the two epochs no clip looks alike. */
static void
test_taken_up (void)
{
  static const char rows[] = "path\tstart\tend\tlabel\tsplit\n"
                             "clip.webm\t0.000\t2.000\ta\ttrain\n"
                             "clip.webm\t2.000\t4.000\tb\ttrain\n"
                             "clip.webm\t4.000\t6.000\tc\ttrain\n";
  const gsize window = 64 * 3072 * sizeof (float);
  gsize n_whole, n_part;
  g_autofree char *clip = make_clip ();
  g_autofree char *manifest =
      media_write ("manifest.tsv", rows, sizeof rows - 1);
  g_autofree char *whole = windows_of_set (manifest, 0, &n_whole);
  g_autofree char *part = windows_of_set (manifest, 4, &n_part);
  g_assert_cmpuint (n_whole, ==, 6 * window);
  g_assert_cmpmem (part, n_part, whole + 4 * window, 2 * window);
  for (guint i = 0; i < 6; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpint (
          memcmp (whole + i * window, whole + j * window, window), !=, 0);
}

static void
test_refused (void)
{
  static const struct {
    const char *settings, *text;
  } cases[] = {
    { "vattvideotok augment-settings=a,hue=0.7", "hue is 0.7, expected 0 to" },
    { "vattvideotok augment-settings=a,tint=0.7", "no setting 'tint'" },
    { "vattvideotok augment-settings=a,hue=blue", "hue is 'blue', expected" },
    { "vattvideotok augment-settings=a,area-max=0.5", "area-min is 1 and" },
    { "vattvideotok crop-box=<1,2,3>", "crop-box has 3 numbers" },
    { "vattvideotok crop-box=<1,2,3,0>", "crop-box is 3 x 0 pixels" },
    { "vattvideotok crop-box=<300,0,64,64>", "expected a part of pictures of" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=3 ! video/x-raw,width=320,height=240 ! %s",
        cases[i].settings);
    g_autoptr (Report) report = run_pipeline (line);
    g_test_message ("%s: %s", cases[i].settings, report->error);
    g_assert_nonnull (report->error);
    g_assert_nonnull (strstr (report->error, cases[i].text));
  }
  g_autoptr (Report) report = run_pipeline (
      "audiotestsrc num-buffers=3 ! vattaudiotok augment-settings=a,noise=-1");
  g_assert_nonnull (strstr (report->error, "noise is -1"));
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augmented/pipelines", test_pipelines);
  g_test_add_func ("/augmented/taken-up", test_taken_up);
  g_test_add_func ("/augmented/refused", test_refused);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
