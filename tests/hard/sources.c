/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Streams as they come: clocks that do not agree, buffers that are lost,
 * queues that leak, files of every kind, one stream to two encoders. */
#include "line.h"
#include "watchdog.h"

/* ---- clocks ---- */

typedef struct {
  const char *name;
  double rate;         /* of the timestamps against the frames */
  GstClockTimeDiff by; /* from time to time they jump */
  gboolean windows;    /* whether any have to come */
} Drift;

typedef struct {
  const Drift *drift;
  GstClockTimeDiff offset;
  guint count;
} Drifting;

/* As a source would whose clock is not ours. */
static GstPadProbeReturn
drift_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Drifting *state = data;
  GstBuffer *buffer = gst_buffer_make_writable (info->data);
  if (++state->count % 60 == 0)
    state->offset += state->drift->by;
  GstClockTimeDiff time =
      (GstClockTimeDiff)(state->drift->rate * (double)GST_BUFFER_PTS (buffer)) +
      state->offset;
  GST_BUFFER_PTS (buffer) = (GstClockTime)MAX (time, 0);
  info->data = buffer;
  return GST_PAD_PROBE_OK;
}

static void
assert_rising (Line *line)
{
  g_mutex_lock (&line->lock);
  for (guint i = 1; i < line->times->len; i++)
    g_assert_cmpuint (g_array_index (line->times, guint64, i), >,
        g_array_index (line->times, guint64, i - 1));
  g_mutex_unlock (&line->lock);
}

/* Windows of which more than half is missing, and of time that only goes back,
 * are not to come: then it is enough to get to the end. */
static const Drift drifts[] = {
  { "fast", 1.3, 0, TRUE },
  { "slow", 0.7, 0, TRUE },
  { "very fast", 20.0, 0, FALSE },
  { "forward now and then", 1.0, GST_SECOND / 2, TRUE },
  { "far forward now and then", 1.0, 10 * GST_SECOND, FALSE },
  { "back a little", 1.0, -40 * GST_MSECOND, TRUE },
  { "back far", 1.0, -3 * GST_SECOND, FALSE },
  { "backwards", -1.0, 3600 * GST_SECOND, FALSE },
  { "stopped", 0.0, 0, FALSE },
};

static void
run_drift (const Drift *drift, const char *description)
{
  Drifting state = { .drift = drift };
  watchdog_step ("%s", drift->name);
  g_autoptr (Line) line = line_new (description);
  g_autoptr (GstElement) source = line_get (line, "s");
  g_autoptr (GstPad) pad = gst_element_get_static_pad (source, "src");
  gst_pad_add_probe (
      pad, GST_PAD_PROBE_TYPE_BUFFER, drift_buffer, &state, NULL);
  line_set_state (line, GST_STATE_PLAYING);
  line_await_end (line);
  g_test_message ("%s: %u windows", drift->name, line->results);
  g_assert_cmpuint (line->results, >=, drift->windows ? 10 : 0);
  /* Unless time itself goes back, windows do not. */
  if (drift->rate > 0 && drift->by >= -GST_SECOND)
    assert_rising (line);
}

static void
test_clocks (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (drifts); i++) {
    run_drift (&drifts[i],
        "videotestsrc name=s num-buffers=300 ! video/x-raw,width=64,height=64 "
        "! vattvideotok hop=320000000 ! vattencoder");
    run_drift (&drifts[i], "audiotestsrc name=s num-buffers=400 ! "
                           "vattaudiotok hop=320000000 ! vattencoder");
  }
}

/* The pipeline's clock runs at another rate than the machine's. */
static void
test_pipeline_clock (void)
{
  static const double rates[] = { 4.0, 0.5 };
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    g_autoptr (Line) line = line_new (
        "videotestsrc is-live=true ! video/x-raw,width=64,height=64 ! "
        "vattvideotok hop=80000000 timestamp-mode=end ! "
        "vattencoder post-messages=true ! fakesink sync=true");
    g_autoptr (GstClock) clock =
        g_object_new (GST_TYPE_SYSTEM_CLOCK, "name", "odd", NULL);
    GstClockTime now = gst_clock_get_internal_time (clock);
    gst_clock_set_calibration (clock, now, now,
        (GstClockTime)(rates[i] * (double)GST_SECOND), GST_SECOND);
    gst_pipeline_use_clock (GST_PIPELINE (line->pipeline), clock);
    line_set_state (line, GST_STATE_PLAYING);
    line_await_results (line, 3);
    assert_rising (line);
  }
}

/* ---- losses ---- */

static void
test_lost_buffers (void)
{
  static const char *const losses[] = { "0.2", "0.95" };
  for (guint i = 0; i < line_times (2); i++) {
    g_autofree char *description = g_strdup_printf (
        "vattencoder name=e post-messages=true ! fakesink sync=true "
        "videotestsrc is-live=true ! video/x-raw,width=64,height=64 ! "
        "identity drop-probability=%s ! queue ! "
        "vattvideotok hop=160000000 ! e. "
        "audiotestsrc is-live=true samplesperbuffer=441 ! "
        "identity drop-probability=%s ! queue ! "
        "vattaudiotok hop=160000000 ! e.",
        losses[i % 2], losses[i % 2]);
    g_autoptr (Line) line = line_new (description);
    line_set_state (line, GST_STATE_PLAYING);
    /* Where most is lost no window comes, but the end does. */
    if (i % 2 == 0)
      line_await_results (line, 4);
    else
      g_usleep (G_USEC_PER_SEC);
    g_assert_true (
        gst_element_send_event (line->pipeline, gst_event_new_eos ()));
    line_await_end (line);
  }
}

/* Behind the source, and behind the tokeniser. */
static void
test_leaky_queues (void)
{
  static const char *const kinds[] = { "upstream", "downstream" };
  for (guint i = 0; i < 2 * G_N_ELEMENTS (kinds); i++) {
    g_autofree char *leaky = g_strdup_printf (
        "queue leaky=%s max-size-buffers=%u", kinds[i % 2], 1 + i * 3);
    g_autofree char *description = g_strdup_printf (
        "videotestsrc num-buffers=2000 ! video/x-raw,width=64,height=64 ! %s ! "
        "vattvideotok hop=80000000 ! %s ! vattencoder",
        i < 2 ? leaky : "identity", i < 2 ? "identity" : leaky);
    g_autoptr (Line) line = line_new (description);
    line_set_state (line, GST_STATE_PLAYING);
    line_await_end (line);
    /* Of windows that lost more than half of their pictures none comes. */
    g_assert_cmpuint (line->results, >=, i < 2 ? 0 : 1);
    assert_rising (line);
  }
}

/* ---- one stream, two encoders ---- */

static void
test_tee (void)
{
  g_autoptr (Line) line = line_new (
      "videotestsrc num-buffers=150 ! video/x-raw,width=64,height=64 ! "
      "tee name=t "
      "t. ! queue ! vattvideotok hop=320000000 ! vattencoder "
      "t. ! queue ! vattvideotok hop=320000000 ! vattencoder space=va ! "
      "fakesink");
  line_set_state (line, GST_STATE_PLAYING);
  line_await_end (line);
  /* 5 s, a hop of 0.32 s: the ninth window holds the end. */
  g_assert_cmpuint (line->results, ==, 9);
  g_autoptr (Line) shared = line_new (
      "videotestsrc num-buffers=150 ! video/x-raw,width=64,height=64 ! "
      "vattvideotok hop=320000000 ! tee name=t "
      "t. ! queue ! vattencoder t. ! queue ! vattencoder space=va ");
  line_set_state (shared, GST_STATE_PLAYING);
  line_await_end (shared);
  g_assert_cmpuint (shared->results, ==, 18);
}

/* ---- real files ---- */

static void
play_file (const char *path)
{
  g_autofree char *description = g_strdup_printf (
      "filesrc location=\"%s\" ! decodebin ! vattvideotok ! vattencoder", path);
  g_autoptr (Line) line = line_new (description);
  line_set_state (line, GST_STATE_PLAYING);
  line_await_results (line, 1);
  watchdog_step ("seek in %s", path);
  gst_element_seek_simple (line->pipeline, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, GST_SECOND);
  line_await_results (line, line->results + 1);
}

static void
test_files (void)
{
  const char *data = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *folder =
      g_build_filename (data ? data : "", "data", "captioned-clips", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  if (!dir) {
    g_test_skip ("no folder of clips");
    return;
  }
  const char *name;
  guint left = line_times (4);
  while (left > 0 && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".webm") || g_str_has_suffix (name, ".mp4")) {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      play_file (path);
      left--;
    }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  watchdog_start ();
  g_test_add_func ("/sources/clocks", test_clocks);
  g_test_add_func ("/sources/pipeline-clock", test_pipeline_clock);
  g_test_add_func ("/sources/lost-buffers", test_lost_buffers);
  g_test_add_func ("/sources/leaky-queues", test_leaky_queues);
  g_test_add_func ("/sources/tee", test_tee);
  g_test_add_func ("/sources/files", test_files);
  int failures = g_test_run ();
  watchdog_stop ();
  gst_deinit ();
  return failures;
}
