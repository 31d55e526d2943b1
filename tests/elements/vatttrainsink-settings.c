/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings of the trainer that cannot be, or come too late. */
#include "media.h"
#include "trainee.h"

#include <string.h>

#define PADS "video_0 audio_0 text_0"

typedef struct {
  const char *name, *settings, *pads;
  GQuark (*domain) (void);
  const char *word;
} Row;

static const Row rows[] = {
  { "nothing", "", PADS, gst_library_error_quark, "neither \"model\"" },
  { "both", "model=x variant=tiny", PADS, gst_library_error_quark,
      "both \"model\"" },
  { "no-file", "model=/no/such", PADS, gst_resource_error_quark, "/no/such" },
  { "no-variant", "variant=nosuch", PADS, gst_stream_error_quark, "nosuch" },
  { "no-vocabulary", "variant=tiny vocabulary=/no/words", PADS,
      gst_resource_error_quark, "/no/words" },
  { "device", "variant=tiny device=nosuch", PADS, gst_resource_error_quark,
      "nosuch" },
  { "reservoir", "variant=tiny batch-size=8 reservoir-size=7", PADS,
      gst_library_error_quark, "reservoir-size is 7" },
  { "warm-up", "variant=tiny warmup-steps=10 steps=10", PADS,
      gst_library_error_quark, "warmup-steps is 10" },
  { "temperature", "variant=tiny temperature=0", PADS, gst_stream_error_quark,
      "temperature is 0" },
  { "boundaries", "variant=tiny boundaries=10,5 factors=0.1,0.01", PADS,
      gst_library_error_quark, "10,5" },
  { "factors", "variant=tiny boundaries=10 factors=0.1,0.01", PADS,
      gst_library_error_quark, "2 factors for 1" },
  { "numbers", "variant=tiny boundaries=1x", PADS, gst_library_error_quark,
      "1x" },
  { "no-weights", "variant=tiny weight-video-audio=0 weight-video-text=0", PADS,
      gst_stream_error_quark, "no pair" },
  { "task", "variant=tiny task=video", "video_0", gst_library_error_quark,
      "no classifier" },
  { "resume", "variant=tiny resume=require", PADS, gst_library_error_quark,
      "checkpoint-dir" },
  { "no-pads", "variant=tiny", "", gst_library_error_quark, "video_0" },
  { "no-video", "variant=tiny", "audio_0 text_0", gst_library_error_quark,
      "no pad video_0" },
  { "no-sound", "variant=tiny", "video_0 text_0", gst_library_error_quark,
      "weight-video-audio" },
  { "no-text", "variant=tiny", "video_0 audio_0", gst_library_error_quark,
      "weight-video-text" },
};

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (Trainee) t = trainee_new (row->settings, row->pads);
  g_assert_cmpint (gst_element_set_state (t->pipeline, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_FAILURE);
  trainee_wait (t);
  trainee_assert_error (t, row->domain (), row->word);
}

/* A model with a tower and nothing to learn by. */
static void
test_no_head (void)
{
  g_autofree char *headless = trainee_variant ("headless", "");
  g_autofree char *settings = g_strdup_printf ("variant=%s", headless);
  g_autoptr (Trainee) t = trainee_new (settings, "video_0");
  g_assert_cmpint (gst_element_set_state (t->pipeline, GST_STATE_PLAYING), ==,
      GST_STATE_CHANGE_FAILURE);
  trainee_wait (t);
  trainee_assert_error (t, GST_STREAM_ERROR, "no common space");
}

/* What is set when it was read already has a warning, and no effect. */
static void
test_late (void)
{
  g_autoptr (Trainee) t = trainee_new ("variant=tiny steps=5", PADS);
  gst_element_set_state (t->pipeline, GST_STATE_READY);
  g_object_set (t->sink, "message-interval", (guint64)1, NULL);
  trainee_pump (t, 20);
  g_assert_cmpuint (t->warnings, ==, 0);
  g_object_set (t->sink, "steps", (guint64)9, NULL);
  trainee_pump (t, 50);
  g_assert_cmpuint (t->warnings, ==, 1);
  g_assert_nonnull (strstr (t->warning, "\"steps\""));
}

/* Tokens are left out by the tokenisers or of batches, not both. */
static void
test_dropped_twice (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "audiotestsrc num-buffers=200 ! vattaudiotok drop-rate=0.5 ! t.audio_0 "
      "videotestsrc num-buffers=100 ! vattvideotok ! t.video_0 "
      "vatttrainsink name=t variant=tiny drop-rate=0.25 weight-video-text=0",
      &error);
  g_assert_no_error (error);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_ERROR);
  g_autoptr (GError) found = NULL;
  gst_message_parse_error (message, &found, NULL);
  g_assert_error (found, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS);
  g_assert_nonnull (
      strstr (found->message, "that of the tokeniser is to be 0"));
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

/* Ends of windows and the distance are added up. */
static void
test_distance (void)
{
  g_autoptr (Trainee) t = trainee_new ("variant=tiny", PADS);
  GParamSpec *spec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (t->sink), "caption-distance");
  g_assert_cmpuint (G_PARAM_SPEC_UINT64 (spec)->maximum, <=, G_MAXUINT64 / 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/trainsink/no-head", test_no_head);
  g_test_add_func ("/trainsink/late", test_late);
  g_test_add_func ("/trainsink/dropped-twice", test_dropped_twice);
  g_test_add_func ("/trainsink/distance", test_distance);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path =
        g_strdup_printf ("/trainsink/settings/%s", rows[i].name);
    g_test_add_data_func (path, &rows[i], test_row);
  }
  int result = g_test_run ();
  media_clear ();
  return result;
}
