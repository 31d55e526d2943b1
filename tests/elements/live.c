/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Live streams: overload, lateness, latency. The model is slow, and how slow
 * on this machine is measured first; all times follow from that. */
#include "media.h"
#include "sizedmodel.h"

#include <gst/check/gstharness.h>

#define N_COMPUTED 10 /* windows, of some 40 */

static char *slow_path;       /* owned; the model's file */
static GstClockTime slow_for; /* what a window takes */

static guint64
report_number (const Report *report, guint index, const char *field)
{
  guint64 number = 0;
  g_assert_true (gst_structure_get_uint64 (
      g_ptr_array_index (report->results, index), field, &number));
  return number;
}

static GstClockTime
measure (void)
{
  g_autofree char *line = g_strdup_printf (
      "videotestsrc num-buffers=200 ! video/x-raw,framerate=25/1,width=64,"
      "height=64 ! vattvideotok ! vattencoder model=%s",
      slow_path);
  g_autoptr (Report) report = run_pipeline (line);
  g_assert_cmpstr (report->error, ==, NULL);
  guint n = report->results->len;
  g_assert_cmpuint (n, >, 6);
  /* Whatever else the machine does only adds to it. */
  GstClockTime least = GST_CLOCK_TIME_NONE;
  for (guint i = 1; i < n; i++)
    least = MIN (least, report_number (report, i, "processing-time"));
  return least;
}

/* So many layers that a window takes much longer than a picture. */
static void
make_it_slow (void)
{
  ModelShape shape = { .frames = 16, .size = 192, .layers = 4, .width = 256 };
  slow_path = sized_model ("slow.safetensors", &shape);
  slow_for = measure ();
  if (slow_for < 150 * GST_MSECOND) {
    shape.layers =
        (gint)(4 * 150 * GST_MSECOND / MAX (slow_for, GST_MSECOND)) + 1;
    g_free (slow_path);
    slow_path = sized_model ("slow.safetensors", &shape);
    slow_for = measure ();
  }
  g_test_message ("a window takes %.1f ms", (double)slow_for / GST_MSECOND);
}

/* ---- a live stream that is too fast ---- */

typedef struct {
  GHashTable *computed, *dropped; /* times of windows */
  GstClockTime lag;               /* of the source, behind the clock, at last */
  guint gaps;                     /* GAP events that left the encoder */
  GstStructure *stats;
  guint enough; /* computed windows that end the source; 0: it ends itself */
} Live;

static void
live_clear (Live *live)
{
  g_hash_table_unref (live->computed);
  g_hash_table_unref (live->dropped);
  gst_structure_free (live->stats);
}

static GstPadProbeReturn
watch_source (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Live *live = data;
  g_autoptr (GstElement) source = gst_pad_get_parent_element (pad);
  GstClockTime now = gst_element_get_current_running_time (source);
  GstClockTime time = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
  live->lag = now > time ? now - time : 0;
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
watch_gaps (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Live *live = data;
  live->gaps += GST_EVENT_TYPE (info->data) == GST_EVENT_GAP;
  return GST_PAD_PROBE_OK;
}

static void
add_probe (GstElement *pipeline, const char *name, GstPadProbeType type,
    GstPadProbeCallback function, Live *live)
{
  g_autoptr (GstElement) element =
      gst_bin_get_by_name (GST_BIN (pipeline), name);
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, "src");
  gst_pad_add_probe (pad, type, function, live, NULL);
}

static void
note_time (GHashTable *times, guint64 time)
{
  /* No window is reported twice. */
  g_assert_true (g_hash_table_add (times, g_memdup2 (&time, sizeof time)));
}

static gboolean
note_message (Live *live, GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure (message);
  guint64 time;
  switch (GST_MESSAGE_TYPE (message)) {
  case GST_MESSAGE_ELEMENT:
    if (gst_structure_has_name (structure, "vatt-embedding") &&
        gst_structure_get_uint64 (structure, "timestamp", &time))
      note_time (live->computed, time);
    return TRUE;
  case GST_MESSAGE_QOS:
    gst_message_parse_qos (message, NULL, NULL, NULL, &time, NULL);
    note_time (live->dropped, time);
    return TRUE;
  case GST_MESSAGE_ERROR:
  case GST_MESSAGE_EOS:
    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
    return FALSE;
  default:
    return TRUE;
  }
}

/* Plays a pipeline with a source `s` and an encoder `e` to its end. */
static void
play (const char *line, guint enough, Live *live)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  *live = (Live){
    .enough = enough,
    .computed =
        g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
    .dropped =
        g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL),
  };
  add_probe (pipeline, "s", GST_PAD_PROBE_TYPE_BUFFER, watch_source, live);
  add_probe (
      pipeline, "e", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, watch_gaps, live);
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (gboolean more = TRUE; more;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop (bus, 60 * GST_SECOND);
    g_assert_nonnull (message);
    more = note_message (live, message);
    if (live->enough && g_hash_table_size (live->computed) >= live->enough) {
      gst_element_send_event (pipeline, gst_event_new_eos ());
      live->enough = 0;
    }
  }
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (pipeline), "e");
  g_object_get (encoder, "stats", &live->stats, NULL);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static guint64
stat_of (const Live *live, const char *field)
{
  guint64 number = 0;
  g_assert_true (gst_structure_get_uint64 (live->stats, field, &number));
  return number;
}

/* Windows come four times as fast as they can be computed. */
static void
play_overload (const char *overload, Live *live)
{
  GstClockTime hop = slow_for / 4;
  g_autofree char *line = g_strdup_printf (
      "videotestsrc name=s is-live=true ! video/x-raw,"
      "framerate=25/1,width=64,height=64 ! vattvideotok qos=false tail=drop "
      "hop=%" G_GUINT64_FORMAT " ! vattencoder name=e post-messages=true "
      "model=%s overload=%s ! fakesink",
      hop, slow_path, overload);
  play (line, N_COMPUTED, live);
  g_autofree char *stats = gst_structure_to_string (live->stats);
  g_test_message (
      "%s: lag %.0f ms, %s", overload, (double)live->lag / GST_MSECOND, stats);
  /* Each window is computed or reported, and no other is. */
  guint computed = g_hash_table_size (live->computed);
  guint dropped = g_hash_table_size (live->dropped);
  g_assert_cmpuint (computed, >=, N_COMPUTED);
  for (guint64 i = 0; i < computed + dropped; i++) {
    guint64 time = i * hop;
    g_assert_true (g_hash_table_contains (live->computed, &time) !=
                   g_hash_table_contains (live->dropped, &time));
  }
  g_assert_cmpuint (stat_of (live, "windows"), ==, computed);
  g_assert_cmpuint (stat_of (live, "dropped"), ==, dropped);
  g_assert_cmpuint (stat_of (live, "latency"), >=, slow_for / 10);
}

static void
test_wait (void)
{
  Live live;
  play_overload ("wait", &live);
  g_assert_cmpuint (stat_of (&live, "dropped"), ==, 0);
  g_assert_cmpuint (stat_of (&live, "thinned"), ==, 0);
  /* What came last had to wait for most of the others. */
  g_assert_cmpuint (stat_of (&live, "last-delay"), >, 3 * slow_for);
  live_clear (&live);
}

static void
test_skip (void)
{
  Live live;
  play_overload ("skip", &live);
  g_assert_cmpuint (stat_of (&live, "skipped"), >, 2);
  g_assert_cmpuint (stat_of (&live, "thinned"), ==, 0);
  g_assert_cmpuint (live.gaps, >, 0);
  g_assert_cmpuint (live.lag, <, 3 * stat_of (&live, "max-processing-time"));
  /* One window before it, and its own; the rest is the machine's. */
  g_assert_cmpuint (stat_of (&live, "last-delay"), <,
      4 * stat_of (&live, "max-processing-time"));
  live_clear (&live);
}

static void
test_thin (void)
{
  Live live;
  play_overload ("thin", &live);
  g_assert_cmpuint (stat_of (&live, "thinned"), >, 2);
  g_assert_cmpuint (live.lag, <, 3 * stat_of (&live, "max-processing-time"));
  live_clear (&live);
}

/* That what is behind the encoder is slow is no time that a window takes. */
static void
test_held_up (void)
{
  Live live;
  play ("videotestsrc name=s is-live=true ! video/x-raw,framerate=25/1,"
        "width=64,height=64 ! vattvideotok fps=25/1 frames=8 hop=100000000 ! "
        "vattencoder name=e post-messages=true overload=wait ! "
        "identity sleep-time=700000 ! fakesink sync=false",
      4, &live);
  g_assert_cmpuint (stat_of (&live, "last-delay"), <, 700 * GST_MSECOND);
  g_assert_cmpuint (stat_of (&live, "latency"), <, 700 * GST_MSECOND);
  live_clear (&live);
}

/* A file is computed whole, whatever the strategy. */
static void
test_not_live (void)
{
  static const char *const strategies[] = { "wait", "skip", "thin" };
  for (guint i = 0; i < G_N_ELEMENTS (strategies); i++) {
    g_autofree char *line = g_strdup_printf (
        "videotestsrc name=s num-buffers=60 ! video/x-raw,framerate=25/1,"
        "width=64,height=64 ! vattvideotok hop=100000000 tail=drop ! "
        "vattencoder name=e post-messages=true overload=%s ! fakesink",
        strategies[i]);
    Live live;
    play (line, 0, &live);
    g_assert_cmpuint (stat_of (&live, "dropped"), ==, 0);
    g_assert_cmpuint (stat_of (&live, "thinned"), ==, 0);
    live_clear (&live);
  }
}

/* A source that runs at half the speed of the clock, which begins to count when
 * the sink has the first window. */
static void
test_lateness (void)
{
  static const struct {
    const char *settings;
    gboolean late;
  } cases[] = { { "max-lateness=0", TRUE },
    { "max-lateness=0 overload=wait", FALSE }, { "max-lateness=-1", FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=40 ! video/x-raw,framerate=25/1,width=64,"
        "height=64 ! identity name=s sleep-time=80000 ! vattvideotok tail=drop "
        "fps=25/1 frames=8 hop=100000000 ! vattencoder name=e "
        "post-messages=true %s ! fakesink",
        cases[i].settings);
    Live live;
    play (line, 0, &live);
    guint64 late = stat_of (&live, "late");
    g_test_message ("%s: %u late", cases[i].settings, (guint)late);
    if (cases[i].late)
      g_assert_cmpuint (late, >, 2);
    else
      g_assert_cmpuint (late, ==, 0);
    g_assert_cmpuint (stat_of (&live, "skipped"), ==, 0);
    live_clear (&live);
  }
}

/* A sink that says at the first result: nothing before five seconds. */
static GstPadProbeReturn
ask_for_later (GstPad *pad, GstPadProbeInfo *info, gpointer unused)
{
  gst_pad_send_event (
      pad, gst_event_new_qos (GST_QOS_TYPE_UNDERFLOW, 1.0, 1, 5 * GST_SECOND));
  return GST_PAD_PROBE_REMOVE;
}

static void
test_qos_events (void)
{
  static const struct {
    const char *settings;
    guint late;
  } cases[] = { { "", 1 }, { "qos=false", 0 }, { "overload=wait", 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=200 ! vattvideotok ! vattencoder name=e "
        "post-messages=true %s ! fakesink",
        cases[i].settings);
    GstElement *pipeline = gst_parse_launch (line, NULL);
    g_autoptr (GstElement) encoder =
        gst_bin_get_by_name (GST_BIN (pipeline), "e");
    g_autoptr (GstPad) pad = gst_element_get_static_pad (encoder, "src");
    gst_pad_add_probe (
        pad, GST_PAD_PROBE_TYPE_BUFFER, ask_for_later, NULL, NULL);
    g_autoptr (Report) report = run_bin (pipeline);
    g_assert_cmpstr (report->error, ==, NULL);
    /* At 0, 2.56 and 5.12 s. */
    g_assert_cmpuint (report->results->len, ==, 3 - cases[i].late);
    g_assert_cmpuint (report_time (report, 0), ==, 0);
  }
}

/* What a window takes is known before there was one. */
static void
test_first_latency (void)
{
  g_autoptr (GstElement) pipeline = gst_parse_launch (
      "videotestsrc is-live=true ! video/x-raw,framerate=25/1 ! vattvideotok ! "
      "vattencoder name=e ! fakesink",
      NULL);
  g_autoptr (GstElement) encoder =
      gst_bin_get_by_name (GST_BIN (pipeline), "e");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  guint64 latency = 0, windows = 0;
  for (guint i = 0; i < 3000 && latency == 0 && windows == 0; i++) {
    g_autoptr (GstStructure) stats = NULL;
    g_usleep (10000);
    g_object_get (encoder, "stats", &stats, NULL);
    gst_structure_get_uint64 (stats, "latency", &latency);
    gst_structure_get_uint64 (stats, "windows", &windows);
  }
  g_assert_cmpuint (windows, ==, 0);
  g_assert_cmpuint (latency, >, 0);
  g_autoptr (GstQuery) query = gst_query_new_latency ();
  GstClockTime least;
  gboolean live;
  g_autoptr (GstPad) pad = gst_element_get_static_pad (encoder, "src");
  g_assert_true (gst_pad_query (pad, query));
  gst_query_parse_latency (query, &live, &least, NULL);
  g_assert_true (live);
  g_assert_cmpuint (least, >=, 2560 * GST_MSECOND + latency);
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

static gboolean
awaits_caps (GstHarness *h)
{
  gboolean told = FALSE;
  for (guint i = 0; i < 50 && !told; i++) {
    GstEvent *event;
    while ((event = gst_harness_try_pull_event (h))) {
      told |= GST_EVENT_TYPE (event) == GST_EVENT_CAPS;
      gst_event_unref (event);
    }
    g_usleep (10000);
  }
  return told;
}

/* What is behind a live stream knows its caps before a window has come, but of
 * what is refused there are none. */
static void
test_opening (void)
{
  for (guint fits = 0; fits < 2; fits++) {
    GstHarness *h =
        gst_harness_new_with_padnames ("vattencoder", "video_0", "src");
    g_autoptr (GstCaps) wanted = gst_pad_peer_query_caps (h->srcpad, NULL);
    GstCaps *caps = gst_caps_fixate (gst_caps_copy_nth (wanted, 0));
    if (!fits)
      gst_caps_set_simple (caps, "patch-t", G_TYPE_INT, 3, NULL);
    gst_harness_set_src_caps (h, caps);
    g_assert_cmpuint (awaits_caps (h), ==, fits);
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  make_it_slow ();
  g_test_add_func ("/live/wait", test_wait);
  g_test_add_func ("/live/skip", test_skip);
  g_test_add_func ("/live/thin", test_thin);
  g_test_add_func ("/live/held-up", test_held_up);
  g_test_add_func ("/live/not-live", test_not_live);
  g_test_add_func ("/live/lateness", test_lateness);
  g_test_add_func ("/live/qos-events", test_qos_events);
  g_test_add_func ("/live/first-latency", test_first_latency);
  g_test_add_func ("/live/opening", test_opening);
  int failures = g_test_run ();
  g_free (slow_path);
  media_clear ();
  gst_deinit ();
  return failures;
}
