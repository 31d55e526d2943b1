/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * two-streams [FILE FILE]: how alike the pictures of two files, or two test
 * pictures, are at every moment. Both streams go through one vattencoder, which
 * has a pad for each: the model is in memory once, and the embeddings can be
 * compared because they come from one model.
 *
 *   meson devenv -C build build/examples/two-streams one.mp4 other.mp4 */
#include <gst/gst.h>
#include <math.h>
#include <string.h>

/* What a stream showed last. */
typedef struct {
  guint64 window;
  GstStructure *message; /* owned; NULL before the first window */
} Stream;

static const char *const test_pictures[] = {
  "videotestsrc pattern=ball num-buffers=250",
  "videotestsrc pattern=ball motion=sweep num-buffers=250",
};

static double
cosine (const GstStructure *a, const GstStructure *b)
{
  const GValue *x = gst_structure_get_value (a, "embedding");
  const GValue *y = gst_structure_get_value (b, "embedding");
  double xy = 0, xx = 0, yy = 0;
  for (guint i = 0; i < gst_value_array_get_size (x); i++) {
    double u = (double)g_value_get_float (gst_value_array_get_value (x, i));
    double v = (double)g_value_get_float (gst_value_array_get_value (y, i));
    xy += u * v;
    xx += u * u;
    yy += v * v;
  }
  return xx > 0 && yy > 0 ? xy / sqrt (xx * yy) : 0;
}

/* A vatt-embedding message says by which pad the window came. */
static void
take_message (Stream streams[2], const GstStructure *message)
{
  const char *pad = gst_structure_get_string (message, "source");
  Stream *stream = &streams[strcmp (pad, "video_1") == 0];
  g_clear_pointer (&stream->message, gst_structure_free);
  stream->message = gst_structure_copy (message);
  gst_structure_get_uint64 (message, "window", &stream->window);
  if (!streams[0].message || !streams[1].message ||
      streams[0].window != streams[1].window)
    return;
  guint64 time = 0;
  gst_structure_get_uint64 (message, "stream-time", &time);
  g_print ("%7.2f s  alike %7.4f  (both by %s)\n", (double)time / GST_SECOND,
      cosine (streams[0].message, streams[1].message),
      gst_structure_get_string (message, "model-id"));
}

/* Until the streams end or something fails. */
static gboolean
watch (GstElement *pipeline, Stream streams[2], GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  for (;;) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE,
            GST_MESSAGE_ERROR | GST_MESSAGE_EOS | GST_MESSAGE_ELEMENT);
    const GstStructure *structure = gst_message_get_structure (message);
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      gst_message_parse_error (message, error, NULL);
      return FALSE;
    }
    if (gst_structure_has_name (structure, "vatt-embedding"))
      take_message (streams, structure);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc != 1 && argc != 3) {
    g_printerr ("usage: two-streams [FILE FILE]\n");
    return 2;
  }
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) line = g_string_new ("vattencoder name=encoder");
  for (guint i = 0; i < 2 && !error; i++) {
    g_autofree char *uri =
        argc == 3 ? gst_filename_to_uri (argv[i + 1], &error) : NULL;
    g_autofree char *file = g_strdup_printf ("uridecodebin uri=\"%s\"", uri);
    g_string_append_printf (line,
        "  %s ! queue ! vattvideotok hop=400000000 ! encoder.video_%u",
        uri ? file : test_pictures[i], i);
  }
  g_autoptr (GstElement) pipeline =
      error ? NULL : gst_parse_launch (line->str, &error);
  Stream streams[2] = { { 0 } };
  if (!error) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    watch (pipeline, streams, &error);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  for (guint i = 0; i < 2; i++)
    g_clear_pointer (&streams[i].message, gst_structure_free);
  if (error)
    g_printerr ("two-streams: %s\n", error->message);
  return error ? 1 : 0;
}
