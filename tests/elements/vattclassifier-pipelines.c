/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The classifier as an element among others: settings that move, presets, the
 * end of a pipeline, files, and labels drawn over pictures. */
#include "labelharness.h"
#include "media.h"

#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>
#include <string.h>

static const ClassifierSpec random_head = { .name = "random",
  .random_head = TRUE };

/* Ten pictures a second from @source to labels. */
static char *
make_line (const char *source, const char *model, const char *rest)
{
  return g_strdup_printf (
      "videotestsrc %s ! video/x-raw,framerate=10/1,width=160,height=120 ! "
      "vattvideotok ! vattencoder model=%s ! vattclassifier name=c %s",
      source, model, rest);
}

/* ---- settings ---- */

/* The threshold rises with the time of the stream, from 0 to 1 in 4 s. */
static void
test_controller (void)
{
  Fixture f;
  fixture_open (&f, &plain, NULL, NULL);
  GstControlSource *source = gst_interpolation_control_source_new ();
  g_object_set (source, "mode", GST_INTERPOLATION_MODE_LINEAR, NULL);
  GstTimedValueControlSource *timed = GST_TIMED_VALUE_CONTROL_SOURCE (source);
  gst_timed_value_control_source_set (timed, 0, 0.0);
  gst_timed_value_control_source_set (timed, 4 * GST_SECOND, 1.0);
  GstObject *element = GST_OBJECT (fixture_element (&f));
  g_assert_true (gst_object_add_control_binding (
      element, gst_direct_control_binding_new (element, "threshold", source)));
  gst_object_unref (source);
  const float even[] = { 1, 1, -20, -20 }; /* a half each */
  for (guint w = 0; w < 11; w++) {
    g_autoptr (GstStructure) result = say (&f, even);
    /* The threshold is w / 10; rounding decides at a half. */
    if (w != 5)
      g_assert_cmpint (get_class (result), ==, w < 5 ? 0 : -1);
  }
  static const char *const names[] = { "threshold", "temperature", "hysteresis",
    "smoothing-factor" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    GParamSpec *spec =
        g_object_class_find_property (G_OBJECT_GET_CLASS (element), names[i]);
    g_assert_cmpint (spec->flags & GST_PARAM_CONTROLLABLE, !=, 0);
  }
  fixture_close (&f);
}

static void
test_preset (void)
{
  g_autoptr (GstElement) element =
      gst_element_factory_make ("vattclassifier", NULL);
  gst_object_ref_sink (element);
  g_assert_true (GST_IS_PRESET (element));
  g_object_set (element, "threshold", 0.25, "top-k", 3, NULL);
  g_assert_true (gst_preset_save_preset (GST_PRESET (element), "three"));
  g_object_set (element, "threshold", 0.0, "top-k", 1, NULL);
  g_assert_true (gst_preset_load_preset (GST_PRESET (element), "three"));
  double threshold;
  guint top_k;
  g_object_get (element, "threshold", &threshold, "top-k", &top_k, NULL);
  g_assert_cmpfloat (threshold, ==, 0.25);
  g_assert_cmpuint (top_k, ==, 3);
  g_assert_true (gst_preset_delete_preset (GST_PRESET (element), "three"));
}

/* ---- pipelines ---- */

static void
test_terminal (void)
{
  g_autofree char *path = classifier_write (&random_head);
  g_autofree char *line = make_line ("num-buffers=30", path, "top-k=4");
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_true (report->eos);
  /* 3 s make 7 windows and a half. */
  g_assert_cmpuint (report->results->len, ==, 8);
  for (guint i = 0; i < report->results->len; i++) {
    const GstStructure *result = g_ptr_array_index (report->results, i);
    g_assert_cmpuint (report_time (report, i), ==, i * HOP);
    g_assert_cmpuint (get_time (result, "window"), ==, i);
    double sum = 0;
    for (guint c = 0; c < CLASSIFIER_CLASSES; c++)
      sum += g_value_get_double (get_item (result, "scores", c));
    g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);
  }
}

/* A seek while a window is held until PLAYING. */
static void
test_seek (void)
{
  g_autofree char *path = classifier_write (&random_head);
  g_autofree char *line = make_line ("num-buffers=100", path, "");
  GstElement *pipeline = gst_parse_launch (line, NULL);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) held =
      gst_bus_timed_pop_filtered (bus, 10 * GST_SECOND, GST_MESSAGE_ELEMENT);
  g_assert_nonnull (held);
  g_assert_true (gst_element_seek_simple (
      pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 4 * GST_SECOND));
  gst_bus_set_flushing (bus, TRUE);
  gst_bus_set_flushing (bus, FALSE);
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (report->results->len, >=, 1);
  g_assert_cmpuint (report_time (report, 0), >=, 4 * GST_SECOND);
}

static void
test_states (void)
{
  g_autofree char *path = classifier_write (&random_head);
  static const char *const ends[] = { "", "! fakesink" };
  for (guint e = 0; e < G_N_ELEMENTS (ends); e++) {
    g_autofree char *line = make_line ("", path, ends[e]);
    GstElement *pipeline = gst_parse_launch (line, NULL);
    for (guint i = 0; i < 10; i++) {
      gst_element_set_state (pipeline, GST_STATE_PLAYING);
      g_usleep ((i % 5) * 4000);
      g_assert_cmpint (gst_element_set_state (
                           pipeline, i % 2 ? GST_STATE_NULL : GST_STATE_READY),
          ==, GST_STATE_CHANGE_SUCCESS);
    }
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
  }
}

static void
test_json_lines (void)
{
  g_autofree char *model = classifier_write (&random_head);
  g_autofree char *path =
      g_build_filename (media_folder (), "labels.json", NULL);
  g_autofree char *end =
      g_strdup_printf ("! application/x-json ! filesink location=%s", path);
  g_autofree char *line = make_line ("num-buffers=30", model, end);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  /* Messages come all the same. */
  g_assert_cmpuint (report->results->len, ==, 8);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 9);
  g_assert_true (g_str_has_prefix (lines[7], "{\"window\":7,"));
}

/* The sink says that there is no room; none of our elements adds to it. */
static void
test_disk_full (void)
{
  if (!g_file_test ("/dev/full", G_FILE_TEST_EXISTS)) {
    g_test_skip ("no /dev/full");
    return;
  }
  g_autofree char *model = classifier_write (&random_head);
  g_autofree char *line = make_line ("num-buffers=100", model,
      "! application/x-json ! filesink name=f buffer-mode=unbuffered "
      "location=/dev/full");
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  g_autoptr (GstMessage) first =
      gst_bus_timed_pop_filtered (bus, 20 * GST_SECOND, GST_MESSAGE_ERROR);
  g_assert_nonnull (first);
  g_autoptr (GError) error = NULL;
  gst_message_parse_error (first, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT);
  g_assert_cmpstr (GST_MESSAGE_SRC_NAME (first), ==, "f");
  GstMessage *more;
  while ((more = gst_bus_timed_pop_filtered (
              bus, 200 * GST_MSECOND, GST_MESSAGE_ERROR))) {
    g_assert_false (g_str_has_prefix (
        G_OBJECT_TYPE_NAME (GST_MESSAGE_SRC (more)), "GstVatt"));
    gst_message_unref (more);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

/* Labels of a live source come in time to be shown with the next window. */
static void
note_time (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer data)
{
  GstClockTime time = GST_BUFFER_PTS (buffer);
  g_array_append_val ((GArray *)data, time);
}

static void
run_live (const char *tokeniser, GstClockTime lead)
{
  g_autofree char *path = classifier_write (&random_head);
  g_autofree char *line = g_strdup_printf (
      "videotestsrc is-live=true num-buffers=14 ! "
      "video/x-raw,framerate=10/1,width=160,height=120 ! "
      "vattvideotok %s ! vattencoder model=%s ! vattclassifier name=c ! "
      "text/x-raw ! fakesink name=s sync=false signal-handoffs=true",
      tokeniser, path);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_signal_connect (sink, "handoff", G_CALLBACK (note_time), times);
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_cmpuint (times->len, >=, 2);
  for (guint i = 0; i < times->len && i < report->results->len; i++)
    g_assert_cmpuint (g_array_index (times, GstClockTime, i), ==,
        report_time (report, i) + lead);
}

/* Windows that overlap end later than the next one begins; what carries its
 * end already is not moved. */
static void
test_live (void)
{
  run_live ("", CLASSIFIER_SPAN);
  run_live ("hop=200000000", CLASSIFIER_SPAN);
  run_live ("timestamp-mode=end", 0);
}

/* ---- drawn over pictures ---- */

/* Which pictures are not all black: bit by number, of 32. */
static void
note_drawn (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer data)
{
  GstMapInfo map;
  guint8 brightest = 0;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i < 160 * 120; i++)
    brightest = MAX (brightest, map.data[i]);
  gst_buffer_unmap (buffer, &map);
  guint number = (guint)(GST_BUFFER_PTS (buffer) / (100 * GST_MSECOND));
  if (brightest > 100 && number < 32)
    *(guint32 *)data |= 1u << number;
}

static guint32
draw (const char *model, const char *settings)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc pattern=black num-buffers=30 ! "
      "video/x-raw,format=I420,framerate=10/1,width=160,height=120 ! "
      "tee name=t t. ! queue max-size-time=0 max-size-buffers=0 "
      "max-size-bytes=0 ! textoverlay name=o ! video/x-raw,format=I420 ! "
      "fakesink name=s sync=false signal-handoffs=true "
      "t. ! queue ! vattvideotok ! vattencoder model=%s ! "
      "vattclassifier %s ! o.text_sink",
      model, settings);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  guint32 drawn = 0;
  g_signal_connect (sink, "handoff", G_CALLBACK (note_drawn), &drawn);
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_true (report->eos);
  return drawn;
}

static void
note_first (
    GstElement *sink, GstBuffer *buffer, GstPad *pad, GstClockTime *first)
{
  if (!GST_CLOCK_TIME_IS_VALID (*first))
    *first = gst_element_get_current_running_time (sink);
}

/* A live picture does not wait for labels, not even for the first, which comes
 * later than the queue can wait. */
static void
draw_live (const char *model)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc is-live=true pattern=black num-buffers=40 ! "
      "video/x-raw,format=I420,framerate=10/1,width=160,height=120 ! "
      "tee name=t t. ! queue ! textoverlay name=o ! video/x-raw,format=I420 ! "
      "fakesink name=s sync=true signal-handoffs=true "
      "t. ! queue leaky=downstream ! vattvideotok fps=2/1 hop=500000000 ! "
      "vattencoder model=%s ! vattclassifier ! o.text_sink",
      model);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  guint32 drawn = 0;
  GstClockTime first = GST_CLOCK_TIME_NONE;
  g_signal_connect (sink, "handoff", G_CALLBACK (note_drawn), &drawn);
  g_signal_connect (sink, "handoff", G_CALLBACK (note_first), &first);
  g_autoptr (Report) report = run_bin (pipeline);
  g_assert_cmpstr (report->error, ==, NULL);
  g_assert_true (report->eos);
  g_test_message ("the first picture was seen at %.3f s", 1e-9 * (double)first);
  g_assert_cmpuint (first, <, 1500 * GST_MSECOND);
  /* The window ends at 2 s; a live picture may be a little before its time. */
  const guint32 before = (1u << 19) - 1;
  g_assert_cmphex (drawn & before, ==, 0);
  g_assert_cmphex (drawn & ~before, !=, 0);
}

/* A label is on the pictures of its window, or on those behind it; where no
 * class reaches the threshold there is none, and nobody waits for one. */
static void
test_overlay (void)
{
  g_autoptr (GstElement) overlay =
      gst_element_factory_make ("textoverlay", NULL);
  if (!overlay) {
    g_test_skip ("no textoverlay");
    return;
  }
  gst_object_ref_sink (overlay);
  g_autofree char *path = classifier_write (&random_head);
  const guint32 all = (1u << 30) - 1;
  g_assert_cmphex (draw (path, ""), ==, all);
  g_assert_cmphex (draw (path, "threshold=1"), ==, 0);
  g_assert_cmphex (draw (path, "show=next"), ==, all & ~0xfu);
  draw_live (path);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattclassifier-pipelines/controller", test_controller);
  g_test_add_func ("/vattclassifier-pipelines/preset", test_preset);
  g_test_add_func ("/vattclassifier-pipelines/terminal", test_terminal);
  g_test_add_func ("/vattclassifier-pipelines/seek", test_seek);
  g_test_add_func ("/vattclassifier-pipelines/states", test_states);
  g_test_add_func ("/vattclassifier-pipelines/json-lines", test_json_lines);
  g_test_add_func ("/vattclassifier-pipelines/disk-full", test_disk_full);
  g_test_add_func ("/vattclassifier-pipelines/live", test_live);
  g_test_add_func ("/vattclassifier-pipelines/overlay", test_overlay);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
