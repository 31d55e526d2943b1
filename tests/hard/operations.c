/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * States, seeks, flushes and caps in random order, most of them before what
 * came before is done. Afterwards a line must still play what a new one plays:
 * the same windows at the same times. */
#include "../elements/media.h"
#include "line.h"
#include "watchdog.h"

#define LENGTH (4 * GST_SECOND)

static char *
make_av (void)
{
  return media_make ("hard.webm",
      "videotestsrc num-buffers=100 ! "
      "video/x-raw,width=64,height=64,framerate=25/1 ! "
      "vp8enc deadline=1 keyframe-max-dist=10 ! webmmux name=m "
      "audiotestsrc num-buffers=172 ! audio/x-raw,rate=44100 ! vorbisenc ! m. "
      "m.");
}

/* A nap of up to @most ms; none half of the time. */
static void
nap (GRand *rand, gint most)
{
  if (g_rand_boolean (rand))
    g_usleep ((gulong)g_rand_int_range (rand, 0, most * 1000));
}

static GstState
random_state (GRand *rand)
{
  static const GstState states[] = { GST_STATE_NULL, GST_STATE_READY,
    GST_STATE_PAUSED, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PLAYING,
    GST_STATE_PLAYING };
  return states[g_rand_int_range (rand, 0, G_N_ELEMENTS (states))];
}

/* Seeks are refused in some states, so that there is nothing to assert. They
 * all flush: in PAUSED another kind waits for a flow that is held. */
static void
random_seek (Line *line, GRand *rand)
{
  static const GstSeekFlags flags[] = { GST_SEEK_FLAG_NONE,
    GST_SEEK_FLAG_ACCURATE, GST_SEEK_FLAG_KEY_UNIT,
    GST_SEEK_FLAG_KEY_UNIT | GST_SEEK_FLAG_SNAP_BEFORE, GST_SEEK_FLAG_TRICKMODE,
    GST_SEEK_FLAG_SEGMENT };
  static const double rates[] = { 1.0, 1.0, 1.0, 0.5, 2.0, 16.0, -1.0, -4.0 };
  GstSeekFlags chosen = flags[g_rand_int_range (rand, 0, G_N_ELEMENTS (flags))];
  double rate = rates[g_rand_int_range (rand, 0, G_N_ELEMENTS (rates))];
  gint64 start = (gint64)(g_rand_double (rand) * LENGTH);
  gint64 stop = g_rand_boolean (rand)
                    ? -1
                    : start + (gint64)(g_rand_double (rand) * LENGTH);
  watchdog_step ("%s: seek rate %g, flags %x, from %" G_GINT64_FORMAT
                 " to %" G_GINT64_FORMAT,
      GST_ELEMENT_NAME (line->pipeline), rate, chosen, start, stop);
  gst_element_seek (line->pipeline, rate, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | chosen, GST_SEEK_TYPE_SET, start, GST_SEEK_TYPE_SET,
      stop);
}

/* What an application asks meanwhile. */
static void
random_question (Line *line, GRand *rand)
{
  g_autoptr (GstElement) encoder = line_get (line, "e");
  g_autoptr (GstStructure) stats = NULL;
  g_autoptr (GstQuery) latency = gst_query_new_latency ();
  gint64 position;
  watchdog_step ("%s: questions", GST_ELEMENT_NAME (line->pipeline));
  g_object_get (encoder, "stats", &stats, NULL);
  g_assert_nonnull (stats);
  g_object_set (encoder, "normalize", g_rand_boolean (rand), NULL);
  gst_element_query_position (line->pipeline, GST_FORMAT_TIME, &position);
  gst_element_query (line->pipeline, latency);
  gst_bin_recalculate_latency (GST_BIN (line->pipeline));
}

static void
random_operation (Line *line, GRand *rand)
{
  switch (g_rand_int_range (rand, 0, 8)) {
  case 0:
  case 1:
  case 2:
    line_set_state (line, random_state (rand));
    break;
  case 3:
    random_question (line, rand);
    break;
  default:
    random_seek (line, rand);
  }
  nap (rand, 20);
}

/* Plays to the end from where it is; returns the times of the results. */
static GArray *
play_to_end (Line *line)
{
  line_set_state (line, GST_STATE_PLAYING);
  line_await_end (line);
  g_mutex_lock (&line->lock);
  GArray *times = g_array_copy (line->times);
  g_mutex_unlock (&line->lock);
  return times;
}

static void
assert_same_times (const GArray *found, const GArray *expected)
{
  g_assert_cmpuint (found->len, ==, expected->len);
  for (guint i = 0; i < found->len; i++)
    g_assert_cmpuint (g_array_index (found, guint64, i), ==,
        g_array_index (expected, guint64, i));
}

/* A sink that waits for the clock would take as long as the clip. */
static void
set_sync (Line *line, gboolean sync)
{
  g_autoptr (GstElement) sink =
      gst_bin_get_by_name (GST_BIN (line->pipeline), "k");
  if (sink)
    g_object_set (sink, "sync", sync, NULL);
}

/* As new from NULL, and after a seek to the start. */
static void
check_as_new (Line *line, const GArray *expected)
{
  line_set_state (line, GST_STATE_NULL);
  line_forget (line);
  g_autoptr (GArray) again = play_to_end (line);
  assert_same_times (again, expected);
  line_set_state (line, GST_STATE_PAUSED);
  line_await_state (line);
  watchdog_step ("seek to the start");
  g_assert_true (gst_element_seek (line->pipeline, 1.0, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET, 0,
      GST_SEEK_TYPE_NONE, -1));
  line_forget (line);
  g_autoptr (GArray) sought = play_to_end (line);
  assert_same_times (sought, expected);
}

/* gst_parse links what decodebin brings only the first time. */
static void
link_pad (GstElement *decodebin, GstPad *pad, gpointer data)
{
  Line *line = data;
  g_autoptr (GstCaps) caps = gst_pad_query_caps (pad, NULL);
  const char *media = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  g_autoptr (GstElement) wanted = gst_bin_get_by_name (
      GST_BIN (line->pipeline), g_str_has_prefix (media, "video") ? "v" : "a");
  g_autoptr (GstPad) sink =
      wanted ? gst_element_get_static_pad (wanted, "sink") : NULL;
  if (sink && !gst_pad_is_linked (sink))
    gst_pad_link (pad, sink);
}

static Line *
new_file_line (const char *rest)
{
  g_autofree char *av = make_av ();
  g_autofree char *description =
      g_strdup_printf ("filesrc location=%s ! decodebin name=d %s", av, rest);
  Line *line = line_new (description);
  g_autoptr (GstElement) decodebin = line_get (line, "d");
  g_signal_connect (decodebin, "pad-added", G_CALLBACK (link_pad), line);
  return line;
}

static void
test_file (gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (line_seed ());
  g_autoptr (Line) line = new_file_line (data);
  g_autoptr (GArray) expected = play_to_end (line);
  g_assert_cmpuint (expected->len, >=, 4);
  for (guint round = line_times (2); round > 0; round--) {
    set_sync (line, TRUE);
    for (guint i = 0; i < 40; i++)
      random_operation (line, rand);
    set_sync (line, FALSE);
    check_as_new (line, expected);
  }
}

/* ---- sources that never end ---- */

static void
random_flush (Line *line, GRand *rand)
{
  g_autoptr (GstElement) source = line_get (line, "s");
  gboolean reset = g_rand_boolean (rand);
  watchdog_step ("%s: flush", GST_ELEMENT_NAME (line->pipeline));
  gst_element_send_event (source, gst_event_new_flush_start ());
  nap (rand, 4);
  gst_element_send_event (source, gst_event_new_flush_stop (reset));
}

static char *
random_video_caps (GRand *rand)
{
  static const char *const formats[] = { "I420", "NV12", "YUY2", "BGRx", "RGB",
    "GRAY8", "I420_10LE", "AYUV64" };
  static const char *const rates[] = { "25/1", "30000/1001", "12/1", "60/1" };
  return g_strdup_printf (
      "video/x-raw,format=%s,width=%d,height=%d,framerate=%s",
      formats[g_rand_int_range (rand, 0, G_N_ELEMENTS (formats))],
      g_rand_int_range (rand, 1, 200), g_rand_int_range (rand, 1, 200),
      rates[g_rand_int_range (rand, 0, G_N_ELEMENTS (rates))]);
}

static char *
random_audio_caps (GRand *rand)
{
  static const char *const formats[] = { "S16LE", "F32LE", "S24LE", "U8",
    "F64LE" };
  static const gint rates[] = { 8000, 16000, 44100, 48000, 96000 };
  return g_strdup_printf ("audio/x-raw,format=%s,rate=%d,channels=%d",
      formats[g_rand_int_range (rand, 0, G_N_ELEMENTS (formats))],
      rates[g_rand_int_range (rand, 0, G_N_ELEMENTS (rates))],
      g_rand_int_range (rand, 1, 3));
}

static void
random_caps (Line *line, GRand *rand)
{
  g_autoptr (GstElement) filter = line_get (line, "c");
  g_autoptr (GstElement) source = line_get (line, "s");
  gboolean video = g_str_equal (G_OBJECT_TYPE_NAME (source), "GstVideoTestSrc");
  g_autofree char *text =
      video ? random_video_caps (rand) : random_audio_caps (rand);
  g_autoptr (GstCaps) caps = gst_caps_from_string (text);
  watchdog_step ("%s: %s", GST_ELEMENT_NAME (line->pipeline), text);
  g_object_set (filter, "caps", caps, NULL);
}

static void
test_endless (gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (line_seed ());
  g_autoptr (Line) line = line_new (data);
  line_set_state (line, GST_STATE_PLAYING);
  for (guint i = line_times (80); i > 0; i--) {
    switch (g_rand_int_range (rand, 0, 4)) {
    case 0:
      line_set_state (line, random_state (rand));
      break;
    case 1:
      random_flush (line, rand);
      break;
    case 2:
      random_question (line, rand);
      break;
    default:
      random_caps (line, rand);
    }
    nap (rand, 20);
  }
  /* Everything still flows, from wherever it is. */
  line_set_state (line, GST_STATE_PLAYING);
  g_mutex_lock (&line->lock);
  guint before = line->results;
  g_mutex_unlock (&line->lock);
  line_await_results (line, before + 3);
}

/* An application waits for ASYNC_DONE after a seek that flushes, whatever the
 * last element is, playing or not. */
static void
test_seek_settles (gconstpointer description)
{
  static const GstState states[] = { GST_STATE_PAUSED, GST_STATE_PLAYING };
  for (guint i = 0; i < 6; i++) {
    g_autoptr (Line) line = line_new (description);
    line_set_state (line, states[i % 2]);
    line_await_state (line);
    line_forget (line);
    g_assert_true (gst_element_seek_simple (
        line->pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, i * GST_SECOND));
    watchdog_step ("await ASYNC_DONE");
    g_mutex_lock (&line->lock);
    while (!line->settled)
      g_cond_wait (&line->cond, &line->lock);
    g_mutex_unlock (&line->lock);
    line_await_state (line);
    g_assert_cmpint (GST_STATE (line->pipeline), ==, states[i % 2]);
    line_set_state (line, GST_STATE_PLAYING);
    line_await_results (line, 2);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  watchdog_start ();
  g_test_add_data_func ("/operations/video",
      "vattvideotok name=v hop=320000000 ! vattencoder name=e", test_file);
  /* Clips so large that one waits for the other. */
  g_test_add_data_func ("/operations/large",
      "vattvideotok name=v width=128 height=128 hop=500000000 ! "
      "vattencoder name=e",
      test_file);
  g_test_add_data_func ("/operations/audio",
      "vattaudiotok name=a hop=320000000 ! vattencoder name=e", test_file);
  g_test_add_data_func ("/operations/both",
      "vattencoder name=e space=va "
      "queue name=v ! vattvideotok hop=500000000 ! e. "
      "queue name=a ! vattaudiotok hop=500000000 ! e.",
      test_file);
  g_test_add_data_func ("/operations/sink",
      "vattvideotok name=v hop=320000000 ! vattencoder name=e "
      "post-messages=true ! fakesink name=k",
      test_file);
  g_test_add_data_func ("/operations/queues",
      "queue name=v ! vattvideotok hop=320000000 ! queue ! vattencoder name=e "
      "post-messages=true ! queue ! fakesink",
      test_file);
  g_test_add_data_func ("/operations/training",
      "vattencoder name=e space=va "
      "queue name=v ! vattvideotok hop=500000000 augment=paper "
      "start-jitter=300000000 ! e. "
      "queue name=a ! vattaudiotok hop=500000000 augment=light "
      "start-jitter=300000000 ! e.",
      test_file);
  g_test_add_data_func ("/operations/augmented-pictures",
      "videotestsrc name=s ! capsfilter name=c caps-change-mode=delayed ! "
      "vattvideotok hop=320000000 augment=paper ! vattencoder name=e",
      test_endless);
  g_test_add_data_func ("/operations/pictures",
      "videotestsrc name=s ! capsfilter name=c caps-change-mode=delayed ! vattvideotok hop=320000000 ! "
      "vattencoder name=e",
      test_endless);
  g_test_add_data_func ("/operations/sound",
      "audiotestsrc name=s ! capsfilter name=c caps-change-mode=delayed ! vattaudiotok hop=320000000 ! "
      "vattencoder name=e",
      test_endless);
  g_test_add_data_func ("/operations/live",
      "videotestsrc name=s is-live=true ! capsfilter name=c caps-change-mode=delayed ! queue ! "
      "vattvideotok hop=40000000 ! vattencoder name=e post-messages=true ! "
      "fakesink sync=true",
      test_endless);
  g_test_add_data_func ("/operations/seek-settles-last",
      "videotestsrc ! vattvideotok ! vattencoder", test_seek_settles);
  g_test_add_data_func ("/operations/seek-settles-tokens",
      "videotestsrc ! tee name=t ! queue ! vattvideotok "
      "t. ! queue ! vattvideotok ! vattencoder",
      test_seek_settles);
  g_test_add_data_func ("/operations/seek-settles-sink",
      "videotestsrc ! vattvideotok ! vattencoder post-messages=true ! fakesink",
      test_seek_settles);
  int failures = g_test_run ();
  watchdog_stop ();
  media_clear ();
  gst_deinit ();
  return failures;
}
