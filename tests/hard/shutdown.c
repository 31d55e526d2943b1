/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ends: in every state, while a window is computed, without a beginning, and
 * of parts of a pipeline that goes on. */
#include "line.h"
#include "watchdog.h"

#include <string.h>

static GstPadProbeReturn
count_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  g_atomic_int_inc ((gint *)data);
  return GST_PAD_PROBE_OK;
}

static void
await_count (gint *count, gint wanted)
{
  watchdog_step ("await buffer %d", wanted);
  while (g_atomic_int_get (count) < wanted)
    g_usleep (1000);
}

static void
test_every_state (void)
{
  static const char *const lines[] = {
    "videotestsrc num-buffers=100 ! vattvideotok ! vattencoder",
    "videotestsrc num-buffers=100 ! vattvideotok ! vattencoder ! fakesink",
    "audiotestsrc ! vattaudiotok ! vattencoder",
    "videotestsrc is-live=true ! vattvideotok hop=40000000 ! vattencoder ! "
    "fakesink sync=true",
    "videotestsrc ! vattvideotok ! fakesink",
    "audiotestsrc ! vattaudiotok ! fakesink",
  };
  for (guint l = 0; l < G_N_ELEMENTS (lines); l++)
    for (guint i = 0; i < 4 * line_times (2); i++) {
      g_autoptr (Line) line = line_new (lines[l]);
      line_set_state (line, (GstState)(GST_STATE_NULL + i % 4));
      if (i % 2)
        g_usleep (i * 3000);
    }
}

/* Nobody starts them. */
static void
test_unstarted (void)
{
  static const char *const names[] = { "vattvideotok", "vattaudiotok",
    "vatttexttok", "vattencoder", "vattclassifier", "vattdatasetsrc" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    watchdog_step ("%s alone", names[i]);
    g_autoptr (GstElement) element = gst_element_factory_make (names[i], NULL);
    gst_object_ref_sink (element);
    g_assert_cmpint (GST_OBJECT_REFCOUNT_VALUE (element), ==, 1);
  }
  g_autoptr (GstElement) encoder =
      gst_element_factory_make ("vattencoder", NULL);
  gst_object_ref_sink (encoder);
  g_autoptr (GstPad) kept =
      gst_element_request_pad_simple (encoder, "video_%u");
  GstPad *released = gst_element_request_pad_simple (encoder, "audio_%u");
  g_assert_true (kept && released);
  gst_element_release_request_pad (encoder, released);
  gst_object_unref (released);
  g_autoptr (Line) line = line_new (
      "videotestsrc ! vattvideotok ! vattencoder name=e audiotestsrc ! "
      "vattaudiotok ! e.");
}

static Line *
new_slow_line (const char *rest, gint *count)
{
  g_autofree char *description = g_strdup_printf (
      "videotestsrc pattern=ball ! video/x-raw,width=64,height=64 ! "
      "vattvideotok name=t hop=80000000 ! vattencoder name=e threads=1 "
      "model=%s %s",
      g_getenv ("VATT_HARD_SLOW_MODEL"), rest);
  Line *line = line_new (description);
  g_autoptr (GstElement) encoder = line_get (line, "e");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (encoder, "video_0");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_buffer, count, NULL);
  return line;
}

/* The window is given up; how soon is in response.c. */
static void
test_computing (void)
{
  static const char *const rests[] = { "", "! fakesink", "! queue ! fakesink" };
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY };
  for (guint i = 0; i < line_times (6); i++) {
    gint count = 0;
    g_autoptr (Line) line = new_slow_line (rests[i % 3], &count);
    line_set_state (line, i % 2 ? GST_STATE_PAUSED : GST_STATE_PLAYING);
    await_count (&count, 1);
    g_usleep (i % 3 * 50000);
    line_set_state (line, states[i / 3 % 2]);
    if (i % 2) {
      /* And once more from there. */
      await_count (&count, 1);
      line_set_state (line, GST_STATE_PLAYING);
      await_count (&count, 2);
    }
    line_assert_no_error (line);
  }
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;
  while (dir && g_dir_read_name (dir))
    n++;
  return n;
}

/* Threads that nobody joins are still going for a moment. */
static void
assert_at_most (const char *path, guint limit)
{
  for (guint i = 0; i < 500 && count_entries (path) > limit; i++)
    g_usleep (10000);
  g_assert_cmpuint (count_entries (path), <=, limit);
}

static void
test_streams (void)
{
  guint files = 0, threads = 0;
  guint n = line_times (100);
  for (guint i = 0; i < n; i++) {
    g_autoptr (Line) line =
        line_new (i % 2 ? "audiotestsrc ! vattaudiotok ! vattencoder"
                        : "videotestsrc ! video/x-raw,width=64,height=64 ! "
                          "vattvideotok ! vattencoder");
    line_set_state (line, GST_STATE_PLAYING);
    line_await_results (line, 1);
    line_set_state (line, GST_STATE_NULL);
    if (i == MIN (10, n - 1)) {
      files = count_entries ("/proc/self/fd");
      threads = count_entries ("/proc/self/task");
    }
  }
  g_test_message ("%u files and %u threads open", files, threads);
  assert_at_most ("/proc/self/fd", files);
  assert_at_most ("/proc/self/task", threads);
}

/* A second stream comes to an encoder that plays, and goes again. */
static void
come_and_go (Line *line, GstElement *encoder, guint round)
{
  gint count = 0;
  const gboolean video = round % 2 == 0;
  watchdog_step ("stream %u comes", round);
  GstElement *source = gst_parse_bin_from_description (
      video ? "videotestsrc ! video/x-raw,width=64,height=64 ! "
              "vattvideotok hop=320000000"
            : "audiotestsrc ! vattaudiotok hop=320000000",
      TRUE, NULL);
  gst_bin_add (GST_BIN (line->pipeline), gst_object_ref (source));
  GstPad *sink =
      gst_element_request_pad_simple (encoder, video ? "video_%u" : "audio_%u");
  g_assert_nonnull (sink);
  gst_pad_add_probe (
      sink, GST_PAD_PROBE_TYPE_BUFFER, count_buffer, &count, NULL);
  g_autoptr (GstPad) src = gst_element_get_static_pad (source, "src");
  g_assert_cmpint (gst_pad_link (src, sink), ==, GST_PAD_LINK_OK);
  g_assert_true (gst_element_sync_state_with_parent (source));
  await_count (&count, 1 + (gint)round % 3);
  watchdog_step ("stream %u goes", round);
  if (round % 4 < 2) {
    gst_element_set_state (source, GST_STATE_NULL);
    gst_pad_unlink (src, sink);
    gst_element_release_request_pad (encoder, sink);
  } else {
    /* The pad first: the source is told that nobody is there. */
    gst_element_set_locked_state (source, TRUE);
    gst_element_release_request_pad (encoder, sink);
    gst_element_set_state (source, GST_STATE_NULL);
  }
  gst_bin_remove (GST_BIN (line->pipeline), source);
  gst_object_unref (sink);
  gst_object_unref (source);
}

static void
test_request_pads (void)
{
  g_autoptr (Line) line =
      line_new ("videotestsrc ! video/x-raw,width=64,height=64 ! "
                "vattvideotok hop=80000000 ! vattencoder name=e");
  g_autoptr (GstElement) encoder = line_get (line, "e");
  line_set_state (line, GST_STATE_PLAYING);
  for (guint round = 0; round < line_times (24); round++) {
    come_and_go (line, encoder, round);
    /* A source whose pad goes away may complain; the encoder may not. */
    if (line->errors)
      g_assert_null (strstr (line->error, "vattencoder"));
    line_forget (line);
    line_await_results (line, 3);
  }
  g_assert_cmpuint (GST_ELEMENT (encoder)->numsinkpads, ==, 1);
}

static void
test_in_a_bin (void)
{
  for (guint i = 0; i < line_times (6); i++) {
    g_autoptr (Line) line = line_new (
        "videotestsrc num-buffers=200 ! bin.( vattvideotok hop=320000000 ! "
        "vattencoder name=e post-messages=true ) ! fakesink");
    line_set_state (line, GST_STATE_PAUSED);
    if (i % 2)
      line_await_state (line);
    line_set_state (line, GST_STATE_PLAYING);
    line_await_end (line);
    /* 6.67 s: every third of a second one begins, the last ones filled up. */
    g_assert_cmpuint (line->results, >=, 13);
    line_set_state (line, GST_STATE_READY);
  }
}

static gpointer
play_again_and_again (gpointer data)
{
  for (guint i = 0; i < line_times (12); i++) {
    g_autoptr (Line) line = line_new (data);
    line_set_state (line, GST_STATE_PLAYING);
    if (i % 3 == 0)
      line_await_end (line);
    else
      g_usleep (i * 2000);
    if (i % 3 == 1)
      line_set_state (line, GST_STATE_PAUSED);
    line_assert_no_error (line);
  }
  return NULL;
}

/* One model, one device, no other ties. */
static void
test_two_threads (void)
{
  GThread *other = g_thread_new ("other", play_again_and_again,
      "audiotestsrc num-buffers=300 ! vattaudiotok hop=320000000 ! "
      "vattencoder space=va");
  play_again_and_again (
      "videotestsrc num-buffers=100 ! video/x-raw,width=64,height=64 ! "
      "vattvideotok hop=320000000 ! vattencoder space=va");
  g_thread_join (other);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  watchdog_start ();
  g_test_add_func ("/shutdown/every-state", test_every_state);
  g_test_add_func ("/shutdown/unstarted", test_unstarted);
  g_test_add_func ("/shutdown/computing", test_computing);
  g_test_add_func ("/shutdown/streams", test_streams);
  g_test_add_func ("/shutdown/request-pads", test_request_pads);
  g_test_add_func ("/shutdown/in-a-bin", test_in_a_bin);
  g_test_add_func ("/shutdown/two-threads", test_two_threads);
  int failures = g_test_run ();
  watchdog_stop ();
  gst_deinit ();
  return failures;
}
