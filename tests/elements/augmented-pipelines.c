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

/* A source, and a file that is decoded: equal seeds give equal bits, others
 * give others; settings of nothing leave everything as it is. */
static void
test_pipelines (void)
{
  g_autofree char *path = media_make ("clip.webm",
      "videotestsrc num-buffers=150 pattern=ball ! "
      "video/x-raw,width=160,height=120,framerate=25/1 ! vp8enc deadline=1 ! "
      "webmmux");
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
  g_test_add_func ("/augmented/refused", test_refused);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
