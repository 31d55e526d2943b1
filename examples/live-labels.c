/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * live-labels MODEL [SOURCE [SINK]]: draws on a camera's picture what a model
 * with a classifier sees in it, and prints it. Without a camera a test picture
 * is shown, another one every 5 seconds. SOURCE is a file, played in real time,
 * or the beginning of a launch line, SINK the end of one.
 *
 *   meson devenv -C build examples/live-labels patterns.safetensors
 * where linear-probe.py has made the model. */
#include <gst/gst.h>

static const char *const patterns[] = { "smpte", "snow", "ball", "checkers-8" };

/* A test picture, if there is one, changes with time. */
static void
show_pattern (GstElement *pipeline, guint *shown)
{
  g_autoptr (GstElement) picture =
      gst_bin_get_by_name (GST_BIN (pipeline), "picture");
  guint64 time = gst_element_get_current_running_time (pipeline);
  guint number = (guint)(time / (5 * GST_SECOND)) % G_N_ELEMENTS (patterns);
  if (!picture || !GST_CLOCK_TIME_IS_VALID (time) || number == *shown)
    return;
  *shown = number;
  gst_util_set_object_arg (G_OBJECT (picture), "pattern", patterns[number]);
  g_print (
      "%8.2f s: %s is shown\n", (double)time / GST_SECOND, patterns[number]);
}

/* The application hears of every window by a message. */
static void
print_label (const GstStructure *message)
{
  guint64 start = 0, duration = 0;
  double score = 0;
  const char *label = gst_structure_get_string (message, "label");
  gst_structure_get_uint64 (message, "running-time", &start);
  gst_structure_get_uint64 (message, "duration", &duration);
  gst_structure_get_double (message, "score", &score);
  g_print ("%8.2f to %.2f s: %s, %.0f %%\n", (double)start / GST_SECOND,
      (double)(start + duration) / GST_SECOND, label ? label : "-",
      100 * score);
}

static gboolean
watch (GstElement *pipeline, GError **error)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  guint shown = G_MAXUINT;
  for (;;) {
    show_pattern (pipeline, &shown);
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, GST_SECOND / 20);
    if (!message)
      continue;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS)
      return TRUE;
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
      gst_message_parse_error (message, error, NULL);
      return FALSE;
    }
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_LATENCY)
      gst_bin_recalculate_latency (GST_BIN (pipeline));
    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ELEMENT &&
        gst_message_has_name (message, "vatt-classification"))
      print_label (gst_message_get_structure (message));
  }
}

/* The picture waits in its queue for the label of its window. A question for
 * memory would wait until that queue is empty, so none is let through. */
static GstElement *
make_pipeline (
    const char *source, const char *sink, const char *model, GError **error)
{
  g_autofree char *line = g_strdup_printf (
      "%s ! videoconvert ! identity drop-allocation=true ! tee name=t  t. ! "
      "queue max-size-time=5000000000 max-size-buffers=0 max-size-bytes=0 ! "
      "textoverlay name=o valignment=top shaded-background=true "
      "font-desc=\"Sans 28\" ! videoconvert ! %s  t. ! queue ! "
      "vattvideotok hop=500000000 ! vattencoder name=encoder ! "
      "vattclassifier ! o.text_sink",
      source, sink);
  GstElement *pipeline = gst_parse_launch (line, error);
  g_autoptr (GstElement) encoder =
      pipeline ? gst_bin_get_by_name (GST_BIN (pipeline), "encoder") : NULL;
  if (encoder)
    g_object_set (encoder, "model", model, NULL);
  return pipeline;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  if (argc < 2 || argc > 4) {
    g_printerr ("usage: live-labels MODEL [SOURCE [SINK]]\n");
    return 2;
  }
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = argc > 2 && g_file_test (argv[2], G_FILE_TEST_EXISTS)
                             ? gst_filename_to_uri (argv[2], NULL)
                             : NULL;
  g_autofree char *file = g_strdup_printf ("uridecodebin uri=\"%s\"", uri);
  gboolean camera = g_file_test ("/dev/video0", G_FILE_TEST_EXISTS);
  g_autoptr (GstElement) pipeline =
      make_pipeline (uri        ? file
                     : argc > 2 ? argv[2]
                     : camera   ? "v4l2src"
                                : "videotestsrc is-live=true name=picture",
          argc > 3 ? argv[3] : "autovideosink", argv[1], &error);
  if (!error) {
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    watch (pipeline, &error);
    gst_element_set_state (pipeline, GST_STATE_NULL);
  }
  if (error)
    g_printerr ("live-labels: %s\n", error->message);
  return error ? 1 : 0;
}
