/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Clocks that are wrong, seeks of all kinds, and downstream that does not
 * move. */
#include "media.h"

#include <gst/check/gstharness.h>

#define SPAN (2560 * GST_MSECOND)
#define WAIT (20 * GST_SECOND)

/* ---- clocks ---- */

static gint alive;

static void
count_death (gpointer unused, GstMiniObject *object)
{
  g_atomic_int_add (&alive, -1);
}

/* Two bytes or four are a pixel or a sample: both are pushed the same. */
static GstFlowReturn
push (GstHarness *h, GstClockTime time, GstClockTime duration)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 640 * 4, NULL);
  gst_buffer_memset (buffer, 0, 0, 640 * 4);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = duration;
  g_atomic_int_inc (&alive);
  gst_mini_object_weak_ref (GST_MINI_OBJECT (buffer), count_death, NULL);
  return gst_harness_push (h, buffer);
}

/* Buffers of 40 ms: grey pictures of 64 x 40, or 640 samples of 16 kHz. */
static GstHarness *
clock_new (gboolean video)
{
  GstHarness *h = gst_harness_new (video ? "vattvideotok" : "vattaudiotok");
  gst_harness_set_src_caps_str (
      h, video ? "video/x-raw,format=GRAY8,width=64,height=40,framerate=25/1"
               : "audio/x-raw,format=F32LE,layout=interleaved,channels=1,"
                 "rate=16000");
  return h;
}

static guint
pull_windows (GstHarness *h, GstClockTime *last)
{
  guint windows = 0;
  GstBuffer *buffer;
  while ((buffer = gst_harness_try_pull (h))) {
    *last = GST_BUFFER_PTS (buffer);
    g_assert_cmpuint (*last % SPAN, ==, 0);
    gst_buffer_unref (buffer);
    windows++;
  }
  return windows;
}

/* Timestamps that run at another pace than the durations say: windows are cut
 * by timestamps, and nothing piles up. */
static void
test_drift (void)
{
  /* Per mille of the true pace. */
  static const guint paces[] = { 500, 900, 990, 999, 1001, 1010, 1100, 1400 };
  for (guint video = 0; video < 2; video++)
    for (guint i = 0; i < G_N_ELEMENTS (paces); i++) {
      GstHarness *h = clock_new ((gboolean)video);
      GstClockTime last = 0, time = 0;
      gint most = 0;
      guint windows = 0;
      for (guint n = 0; n < 2000; n++) {
        time = n * (40 * GST_MSECOND / 1000) * paces[i];
        g_assert_cmpint (push (h, time, 40 * GST_MSECOND), ==, GST_FLOW_OK);
        windows += pull_windows (h, &last);
        most = MAX (most, g_atomic_int_get (&alive));
      }
      g_test_message ("%s at %u: %u windows, last %" GST_TIME_FORMAT
                      " of %" GST_TIME_FORMAT ", %d buffers",
          video ? "video" : "sound", paces[i], windows, GST_TIME_ARGS (last),
          GST_TIME_ARGS (time), most);
      g_assert_cmpuint (windows, ==, last / SPAN + 1);
      g_assert_cmpuint (last + 2 * SPAN, >, time);
      g_assert_cmpint (most, <, 80);
      gst_harness_teardown (h);
      g_assert_cmpint (g_atomic_int_get (&alive), ==, 0);
    }
}

/* A clock that runs backwards gives nothing, and one that is right again gives
 * windows again. */
static void
test_backwards (void)
{
  for (guint video = 0; video < 2; video++) {
    GstHarness *h = clock_new ((gboolean)video);
    GstClockTime last = 0;
    gint most = 0;
    for (guint n = 0; n < 2000; n++) {
      g_assert_cmpint (
          push (h, (4000 - n) * 40 * GST_MSECOND, 40 * GST_MSECOND), ==,
          GST_FLOW_OK);
      most = MAX (most, g_atomic_int_get (&alive));
    }
    g_assert_cmpuint (pull_windows (h, &last), ==, 0);
    g_assert_cmpint (most, <, 80);
    for (guint n = 0; n < 2 * 64; n++)
      push (h, n * 40 * GST_MSECOND, 40 * GST_MSECOND);
    g_assert_cmpuint (pull_windows (h, &last), ==, 2);
    g_assert_cmpuint (last, ==, SPAN);
    gst_harness_teardown (h);
  }
}

/* Anything at all. */
static void
test_random_times (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  for (guint video = 0; video < 2; video++) {
    GstHarness *h = clock_new ((gboolean)video);
    GstClockTime last, at = 0;
    for (guint n = 0; n < 1500; n++) {
      guint kind = (guint)g_rand_int_range (random, 0, 20);
      at = kind == 0 ? (GstClockTime)g_rand_int_range (random, 0, 1 << 30) * 64
           : kind == 1 ? at + (GstClockTime)g_rand_int (random)
                       : at + 40 * GST_MSECOND;
      GstClockTime duration = kind == 2   ? GST_CLOCK_TIME_NONE
                              : kind == 3 ? 0
                              : kind == 4 ? 3600 * GST_SECOND
                                          : 40 * GST_MSECOND;
      g_assert_cmpint (push (h, kind == 5 ? GST_CLOCK_TIME_NONE : at, duration),
          ==, GST_FLOW_OK);
      if (kind == 6)
        gst_harness_push_event (
            h, gst_event_new_gap (at, (GstClockTime)g_rand_int (random)));
      pull_windows (h, &last);
      g_assert_cmpint (g_atomic_int_get (&alive), <, 100);
    }
    gst_harness_push_event (h, gst_event_new_eos ());
    gst_harness_teardown (h);
    g_assert_cmpint (g_atomic_int_get (&alive), ==, 0);
  }
}

/* ---- seeks ---- */

static GstElement *
source_new (const char *line, GstBus **bus)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (line, &error);
  g_assert_no_error (error);
  *bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  g_autoptr (GstMessage) first =
      gst_bus_timed_pop_filtered (*bus, WAIT, GST_MESSAGE_ELEMENT);
  g_assert_nonnull (first);
  return gst_object_ref_sink (pipeline);
}

static gboolean
seek (GstElement *pipeline, double rate, GstSeekFlags flags, GstClockTime start,
    GstClockTime stop)
{
  return gst_element_seek (pipeline, rate, GST_FORMAT_TIME,
      flags | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET, (gint64)start,
      GST_SEEK_TYPE_SET, (gint64)stop);
}

/* Plays to the end of the stream or segment; windows and where the first was.
 */
static guint
play (GstElement *pipeline, GstBus *bus, GstMessageType end,
    GstClockTime *first, GstClockTime *running)
{
  guint windows = 0;
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
        bus, WAIT, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR | end);
    g_assert_nonnull (message);
    g_assert_cmpint (GST_MESSAGE_TYPE (message), !=, GST_MESSAGE_ERROR);
    if (GST_MESSAGE_TYPE (message) == end)
      return windows;
    const GstStructure *told = gst_message_get_structure (message);
    if (!gst_structure_has_name (told, "vatt-tokens"))
      continue;
    if (windows++ == 0)
      gst_structure_get_uint64 (told, "stream-time", first);
    gst_structure_get_uint64 (told, "running-time", running);
  }
}

#define TESTSRC                                                                \
  "videotestsrc num-buffers=2000 ! video/x-raw,width=32,height=32,"            \
  "framerate=25/1 ! vattvideotok"
#define TESTSOUND                                                              \
  "audiotestsrc num-buffers=2000 samplesperbuffer=640 ! "                      \
  "audio/x-raw,rate=16000 ! vattaudiotok"

static void
test_rates (void)
{
  static const char *const lines[] = { TESTSRC, TESTSOUND };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    GstBus *bus;
    GstElement *pipeline = source_new (lines[i], &bus);
    GstClockTime first = 0, running = 0;
    /* Twice as fast: the same windows in half the running time. */
    g_assert_true (seek (pipeline, 2.0, GST_SEEK_FLAG_FLUSH, 10 * GST_SECOND,
        10 * GST_SECOND + 4 * SPAN));
    g_assert_cmpuint (
        play (pipeline, bus, GST_MESSAGE_EOS, &first, &running), ==, 4);
    g_assert_cmpuint (first, ==, 10 * GST_SECOND);
    g_assert_cmpuint (running, ==, 3 * SPAN / 2);
    /* Backwards: none, but an end. */
    g_assert_true (
        seek (pipeline, -1.0, GST_SEEK_FLAG_FLUSH, 0, 5 * GST_SECOND));
    g_assert_cmpuint (
        play (pipeline, bus, GST_MESSAGE_EOS, &first, &running), ==, 0);
    /* And forwards again. */
    g_assert_true (seek (
        pipeline, 1.0, GST_SEEK_FLAG_FLUSH, GST_SECOND, GST_SECOND + SPAN));
    g_assert_cmpuint (
        play (pipeline, bus, GST_MESSAGE_EOS, &first, &running), ==, 1);
    g_assert_cmpuint (first, ==, GST_SECOND);
    gst_element_set_state (pipeline, GST_STATE_NULL);
    gst_object_unref (pipeline);
    gst_object_unref (bus);
  }
}

/* Loops without a flush: each pass ends with its own last window. A source
 * tells of the end of a segment before those behind it have seen it. */
static void
test_segments (void)
{
  GstBus *bus;
  GstElement *pipeline = source_new (TESTSRC, &bus);
  g_assert_true (seek (pipeline, 1.0,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_SEGMENT, GST_SECOND, 5 * GST_SECOND));
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint pass = 0; pass < 3; pass++) {
    guint windows = 0, ends = 0;
    while (windows < 2 || ends < 1) {
      g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
          bus, WAIT, GST_MESSAGE_ELEMENT | GST_MESSAGE_SEGMENT_DONE);
      g_assert_nonnull (message);
      if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_SEGMENT_DONE) {
        ends++;
        continue;
      }
      const GstStructure *told = gst_message_get_structure (message);
      guint64 time = 0, running = 0;
      gst_structure_get_uint64 (told, "stream-time", &time);
      gst_structure_get_uint64 (told, "running-time", &running);
      g_assert_cmpuint (time, ==, GST_SECOND + windows * SPAN);
      g_assert_cmpuint (running, ==, pass * 4 * GST_SECOND + windows * SPAN);
      windows++;
    }
    g_assert_true (seek (
        pipeline, 1.0, GST_SEEK_FLAG_SEGMENT, GST_SECOND, 5 * GST_SECOND));
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  gst_object_unref (bus);
}

/* Forward and back, while it plays, in a file. */
static void
test_file_seeks (void)
{
  g_autofree char *path = media_make ("seek.webm",
      "videotestsrc num-buffers=500 ! "
      "video/x-raw,width=64,height=48,framerate=25/1 ! "
      "vp8enc deadline=1 keyframe-max-dist=25 ! webmmux");
  g_autofree char *line =
      g_strdup_printf ("filesrc location=%s ! decodebin ! vattvideotok", path);
  static const guint places[] = { 12, 3, 17, 0, 9 };
  GstBus *bus;
  GstElement *pipeline = source_new (line, &bus);
  g_assert_cmpint (gst_element_get_state (pipeline, NULL, NULL, WAIT), ==,
      GST_STATE_CHANGE_SUCCESS);
  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    GstClockTime first = 0, running = 0;
    GstClockTime start = places[i] * GST_SECOND;
    g_assert_true (
        seek (pipeline, 1.0, GST_SEEK_FLAG_FLUSH, start, start + GST_SECOND));
    g_assert_cmpuint (
        play (pipeline, bus, GST_MESSAGE_EOS, &first, &running), ==, 1);
    g_assert_cmpuint (first, ==, start);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  gst_object_unref (bus);
}

/* ---- downstream that does not move ---- */

static GstPadProbeReturn
hold (GstPad *pad, GstPadProbeInfo *info, gpointer blocked)
{
  g_atomic_int_set ((gint *)blocked, 1);
  return GST_PAD_PROBE_OK;
}

static void
test_blocked (void)
{
  g_autoptr (GstElement) pipeline = gst_object_ref_sink (
      gst_parse_launch (TESTSRC " name=t ! fakesink async=false name=s", NULL));
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (sink, "sink");
  for (guint i = 0; i < 6; i++) {
    gint blocked = 0;
    gulong probe = gst_pad_add_probe (pad,
        GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, hold, &blocked,
        NULL);
    gst_element_set_state (pipeline, GST_STATE_PLAYING);
    for (guint ms = 0; !g_atomic_int_get (&blocked) && ms < 20000; ms++)
      g_usleep (1000);
    g_assert_true (g_atomic_int_get (&blocked));
    gint64 before = g_get_monotonic_time ();
    if (i % 3 == 1)
      g_assert_true (gst_element_seek_simple (
          pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SECOND));
    if (i % 3 == 2)
      g_assert_cmpint (gst_element_set_state (pipeline, GST_STATE_PAUSED), !=,
          GST_STATE_CHANGE_FAILURE);
    g_assert_cmpint (gst_element_set_state (
                         pipeline, i % 2 ? GST_STATE_READY : GST_STATE_NULL),
        ==, GST_STATE_CHANGE_SUCCESS);
    /* Milliseconds, but for what else the machine does. */
    g_assert_cmpint (
        g_get_monotonic_time () - before, <, 3 * G_TIME_SPAN_SECOND);
    gst_pad_remove_probe (pad, probe);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/trick/drift", test_drift);
  g_test_add_func ("/trick/backwards", test_backwards);
  g_test_add_func ("/trick/random-times", test_random_times);
  g_test_add_func ("/trick/rates", test_rates);
  g_test_add_func ("/trick/segments", test_segments);
  g_test_add_func ("/trick/file-seeks", test_file_seeks);
  g_test_add_func ("/trick/blocked", test_blocked);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
