/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many streams and one model, in one encoder and in one each. */
#include "media.h"
#include "sizedmodel.h"

#include <glib/gstdio.h>
#include <stdio.h>

static gboolean
count_stats (GstBus *bus, GstMessage *message, gpointer count)
{
  const GstStructure *structure = gst_message_get_structure (message);
  if (structure && gst_structure_has_name (structure, "vatt-stats"))
    g_atomic_int_inc ((gint *)count);
  return TRUE;
}

static GstBusSyncReply
sync_count (GstBus *bus, GstMessage *message, gpointer count)
{
  count_stats (bus, message, count);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* The windows of each of an encoder's streams: fewest and most. */
static void
compare_streams (GstElement *encoder, guint64 *fewest, guint64 *most)
{
  *fewest = G_MAXUINT64;
  *most = 0;
  for (GList *l = encoder->sinkpads; l; l = l->next) {
    g_autoptr (GstStructure) stats = NULL;
    guint64 windows = 0;
    g_object_get (l->data, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "windows", &windows);
    *fewest = MIN (*fewest, windows);
    *most = MAX (*most, windows);
  }
}

/* Sixteen live streams and one that never says a thing. */
static void
test_many_streams (void)
{
  GString *line = g_string_new (
      "vattencoder name=e stats-interval=500000000 overload=skip "
      "appsrc is-live=true format=time caps=video/x-raw,format=RGB,width=64,"
      "height=64,framerate=25/1 ! vattvideotok ! e. ");
  for (guint i = 0; i < 16; i++)
    g_string_append_printf (line,
        "videotestsrc is-live=true pattern=%u ! video/x-raw,framerate=25/2,"
        "width=64,height=64 ! vattvideotok hop=320000000 ! e. ",
        i);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line->str, &error);
  g_string_free (line, TRUE);
  g_assert_no_error (error);
  gint messages = 0;
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_bus_set_sync_handler (bus, sync_count, &messages, NULL);
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (pipeline), "e");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  guint64 windows = 0, fewest, most;
  g_autoptr (GstStructure) stats = NULL;
  for (guint i = 0; i < 600 && windows < 16 * 8; i++) {
    g_usleep (100000);
    gst_clear_structure (&stats);
    g_object_get (encoder, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "windows", &windows);
  }
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  /* The silent one is the first pad. */
  GList *silent = encoder->sinkpads;
  encoder->sinkpads = silent->next;
  compare_streams (encoder, &fewest, &most);
  encoder->sinkpads = silent;
  g_autofree char *text = gst_structure_to_string (stats);
  g_test_message ("%s; from %u to %u", text, (guint)fewest, (guint)most);
  g_assert_cmpuint (windows, >=, 16 * 8);
  g_assert_cmpuint (2 * fewest, >=, most);
  double batch = 0;
  g_assert_true (gst_structure_get_double (stats, "mean-batch", &batch));
  g_assert_true (batch > 1.0);
  g_assert_cmpint (g_atomic_int_get (&messages), >, 0);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static gsize
resident_bytes (void)
{
  g_autofree char *text = NULL;
  unsigned long size = 0, resident = 0;
  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%lu %lu", &size, &resident), ==, 2);
  return resident * 4096;
}

static GstElement *
start_encoders (const char *model, guint n)
{
  GString *line = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (line,
        "videotestsrc pattern=%u num-buffers=30 ! video/x-raw,framerate=25/1,"
        "width=64,height=64 ! vattvideotok ! vattencoder model=%s "
        "post-messages=true ! fakesink ",
        i, model);
  GstElement *pipeline = gst_parse_launch (line->str, NULL);
  g_string_free (line, TRUE);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  return pipeline;
}

/* Weights are in memory once, activations for one batch. */
static void
test_memory (void)
{
  if (g_getenv ("VATT_SANITIZED")) {
    g_test_skip ("the sanitizers' own memory would be measured");
    return;
  }
  const ModelShape shape = {
    .frames = 8, .size = 64, .layers = 4, .width = 768
  };
  g_autofree char *path = sized_model ("heavy.safetensors", &shape);
  GStatBuf state;
  g_assert_cmpint (g_stat (path, &state), ==, 0);
  gsize weights = (gsize)state.st_size;
  GstElement *one = start_encoders (path, 1);
  gsize before = resident_bytes ();
  GstElement *many = start_encoders (path, 16);
  gsize after = resident_bytes ();
  g_test_message ("weights %.0f MB, one encoder %.0f MB, 17: %.0f MB",
      (double)weights / 1e6, (double)before / 1e6, (double)after / 1e6);
  g_assert_cmpuint (before, >, weights);
  g_assert_cmpuint (after, <, before + weights / 2);
  gst_element_set_state (many, GST_STATE_NULL);
  gst_element_set_state (one, GST_STATE_NULL);
  gst_object_unref (many);
  gst_object_unref (one);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/many-streams/fair", test_many_streams);
  g_test_add_func ("/many-streams/memory", test_memory);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
