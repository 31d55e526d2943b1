/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows of sound. The front end is the shipped model's: 2.56 s at 16 kHz as
 * a log-mel spectrogram of 256 x 80, patches of 4 x 80. */
#include "media.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <math.h>
#include <string.h>

#define SPAN (2560 * GST_MSECOND)
#define WINDOW_SAMPLES 40960u
#define WINDOW_BYTES (64 * 320 * sizeof (float))

static GstHarness *
line_new (const char *line, guint rate)
{
  GstHarness *h = gst_harness_new_parse (line);
  g_autofree char *caps =
      g_strdup_printf ("audio/x-raw,format=" GST_AUDIO_NE (
                           F32) ",layout=interleaved,channels=1,rate=%u",
          rate);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

static GstHarness *
harness_new (const char *settings, guint rate)
{
  g_autofree char *line = g_strdup_printf ("vattaudiotok %s", settings);
  return line_new (line, rate);
}

/* A buffer of a tone whose phase follows from @first. */
static GstBuffer *
tone (guint rate, guint64 first, guint count)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, count * 4, NULL);
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  float *samples = (float *)map.data;
  for (guint i = 0; i < count; i++)
    samples[i] =
        (float)(0.5 * sin (2.0 * G_PI * 440.0 * (double)(first + i) / rate +
                           1e-5 * (double)(first + i)));
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (first, GST_SECOND, rate);
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (count, GST_SECOND, rate);
  return buffer;
}

static void
push_tone (GstHarness *h, guint rate, guint64 first, guint64 count, guint step)
{
  for (guint64 at = first; at < first + count; at += step)
    g_assert_cmpint (
        gst_harness_push (
            h, tone (rate, at, (guint)MIN (step, first + count - at))),
        ==, GST_FLOW_OK);
}

static GBytes *
pull_bytes (GstHarness *h, GstClockTime time)
{
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, time);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, SPAN);
  gpointer data;
  gsize size;
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  g_assert_cmpuint (size, ==, WINDOW_BYTES);
  return g_bytes_new_take (data, size);
}

/* How the stream is cut into buffers must not show. */
static void
test_splits (void)
{
  static const guint steps[] = { 1024, 480, 16001, 81920 };
  g_autoptr (GBytes) first = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    GstHarness *h = harness_new ("", 16000);
    push_tone (h, 16000, 0, 2 * WINDOW_SAMPLES, steps[i]);
    g_autoptr (GBytes) window0 = pull_bytes (h, 0);
    g_autoptr (GBytes) window1 = pull_bytes (h, SPAN);
    g_assert_cmpint (g_bytes_compare (window0, window1), !=, 0);
    if (!first)
      first = g_bytes_ref (window1);
    g_assert_cmpint (g_bytes_compare (first, window1), ==, 0);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_assert_null (gst_harness_try_pull (h));
    gst_harness_teardown (h);
  }
}

/* Resampled sound loses nothing at the end. */
static void
test_resampled_end (void)
{
  static const guint rates[] = { 8000, 44100, 48000, 96000 };
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    GstHarness *h = harness_new ("tail=drop", rates[i]);
    guint64 samples = (guint64)rates[i] * 256 / 100;
    push_tone (h, rates[i], 0, samples, 1000);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_autoptr (GBytes) window = pull_bytes (h, 0);
    gst_harness_teardown (h);
  }
}

/* Tokens of three seconds of noise, which has all frequencies. */
static GBytes *
tokens_of_noise (const char *line)
{
  enum { RATE = 48000 };
  GstHarness *h = line_new (line, RATE);
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 3 * RATE * 4, NULL);
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < 3 * RATE; i++)
    ((float *)map.data)[i] = (float)g_rand_double_range (random, -0.5, 0.5);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 0;
  GST_BUFFER_DURATION (buffer) = 3 * GST_SECOND;
  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  GBytes *tokens = pull_bytes (h, 0);
  gst_harness_teardown (h);
  return tokens;
}

/* Who resamples must not show, up to the highest band: what is learnt from
 * sound resampled before is asked about sound that is not. Levels are 0 to 1
 * in a window. */
static void
test_resampled_before (void)
{
  g_autoptr (GBytes) here = tokens_of_noise ("vattaudiotok");
  g_autoptr (GBytes) before =
      tokens_of_noise ("audioresample ! audio/x-raw,rate=16000 ! vattaudiotok");
  const float *a = g_bytes_get_data (here, NULL);
  const float *b = g_bytes_get_data (before, NULL);
  for (guint i = 0; i < WINDOW_BYTES / sizeof (float); i++)
    g_assert_cmpfloat_with_epsilon (a[i], b[i], 1e-3f);
}

static void
test_hop (void)
{
  GstHarness *h = harness_new ("hop=500000000", 16000);
  push_tone (h, 16000, 0, 16000 * 5, 1600);
  for (guint k = 0; k < 5; k++) {
    g_autoptr (GBytes) window = pull_bytes (h, k * 500 * GST_MSECOND);
  }
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}

static void
test_tail (void)
{
  static const struct {
    const char *settings;
    gsize bytes;
  } cases[] = {
    { "tail=pad", WINDOW_BYTES },
    { "tail=drop", 0 },
    { "tail=emit", WINDOW_BYTES / 4 },
    { "drop-rate=0.75", WINDOW_BYTES / 4 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness_new (cases[i].settings, 16000);
    push_tone (h, 16000, 0, WINDOW_SAMPLES / 4, 1024);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_cmpuint (
        buffer ? gst_buffer_get_size (buffer) : 0, ==, cases[i].bytes);
    gst_harness_teardown (h);
  }
}

/* A short gap is silence, a long one begins anew, an overlap is left out. */
static void
test_gaps (void)
{
  GstHarness *h = harness_new ("", 16000);
  push_tone (h, 16000, 0, 16000, 1600);
  push_tone (h, 16000, 16000 + 8000, WINDOW_SAMPLES - 24000, 1600);
  g_autoptr (GBytes) window = pull_bytes (h, 0);

  push_tone (h, 16000, WINDOW_SAMPLES, 1600, 1600);
  push_tone (h, 16000, 16000 * 300, WINDOW_SAMPLES, 4096);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  /* Number 117 of the segment, as if there had been no gap. */
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 117 * SPAN);
  g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, 117);
  g_assert_true (GST_BUFFER_IS_DISCONT (buffer));

  push_tone (h, 16000, 16000 * 300 + WINDOW_SAMPLES - 8000, 8000, 1600);
  guint64 first = 16000 * 300 + WINDOW_SAMPLES;
  push_tone (h, 16000, first, 119 * WINDOW_SAMPLES - 1 - first, 4096);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}

static void
test_not_a_number (void)
{
  static const float bad[] = { NAN, INFINITY };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    GstHarness *h = harness_new ("", 16000);
    GstBuffer *buffer = tone (16000, 0, 1000);
    gst_buffer_fill (buffer, 400, &bad[i], sizeof bad[i]);
    GstElement *tok = gst_harness_find_element (h, "vattaudiotok");
    g_autoptr (GstBus) bus = gst_bus_new ();
    gst_element_set_bus (tok, bus);
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_ERROR);
    g_autoptr (GstMessage) message =
        gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
    g_autoptr (GError) error = NULL;
    g_assert_nonnull (message);
    gst_message_parse_error (message, &error, NULL);
    /* Value 100, of 16000 a second. */
    g_assert_nonnull (strstr (error->message, "0.006 s behind the start"));
    gst_element_set_bus (tok, NULL);
    gst_object_unref (tok);
    gst_harness_teardown (h);
  }
}

static void
test_caps_change (void)
{
  GstHarness *h = harness_new ("", 16000);
  push_tone (h, 16000, 0, 16000, 1600);
  gst_harness_set_src_caps_str (
      h, "audio/x-raw,format=" GST_AUDIO_NE (
             F32) ",layout=interleaved,channels=1,rate=48000");
  push_tone (h, 48000, 48000, 48000 * 2, 4800);
  g_autoptr (GBytes) window = pull_bytes (h, 0);
  gst_harness_teardown (h);
}

static void
test_flush (void)
{
  GstHarness *h = harness_new ("", 16000);
  push_tone (h, 16000, 0, 30000, 1600);
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 10 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_tone (h, 16000, 160000, WINDOW_SAMPLES, 1600);
  g_autoptr (GBytes) window = pull_bytes (h, 10 * GST_SECOND);
  gst_harness_teardown (h);
}

/* What came before must not show: the same sound, each time in a segment of
 * its own, of a rate and length that leave a resampler between two samples. */
static void
test_segments (void)
{
  enum { IN = 44100, N_SAMPLES = IN * 256 / 100 + 1017, N_SEGMENTS = 4 };
  GstHarness *h = harness_new ("tail=drop", IN);
  g_autoptr (GBytes) first = NULL;
  for (guint i = 0; i < N_SEGMENTS; i++) {
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    segment.base = i * 10 * GST_SECOND;
    if (i == 2) {
      gst_harness_push_event (h, gst_event_new_flush_start ());
      gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
    }
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_tone (h, IN, 0, N_SAMPLES, 1001);
    g_autoptr (GBytes) window = pull_bytes (h, 0);
    if (!first)
      first = g_bytes_ref (window);
    g_assert_cmpint (g_bytes_compare (first, window), ==, 0);
  }
  gst_harness_teardown (h);
}

/* GAP events: short ones add up, a long one ends the window. */
static void
test_gap_events (void)
{
  GstHarness *h = harness_new ("", 16000);
  push_tone (h, 16000, 0, 16000, 1600);
  gst_harness_push_event (h, gst_event_new_gap (GST_SECOND, GST_SECOND / 2));
  push_tone (h, 16000, 24000, WINDOW_SAMPLES - 24000, 1600);
  g_autoptr (GBytes) window = pull_bytes (h, 0);
  gst_harness_push_event (h, gst_event_new_gap (SPAN, 60 * GST_SECOND));
  push_tone (h, 16000, 25 * WINDOW_SAMPLES, WINDOW_SAMPLES, 1600);
  g_autoptr (GBytes) next = pull_bytes (h, 25 * SPAN);
  gst_harness_teardown (h);
}

/* Sound that is out of the ordinary. */
static void
test_formats (void)
{
  static const char *const sources[] = {
    "audiotestsrc num-buffers=30 ! audio/x-raw,rate=8000,channels=1",
    "audiotestsrc num-buffers=200 ! "
    "audio/x-raw,rate=96000,channels=8,channel-mask=(bitmask)0xc3f",
    "audiotestsrc num-buffers=30 ! "
    "audio/x-raw,rate=16000,channels=5,channel-mask=(bitmask)0",
    "audiotestsrc num-buffers=30 wave=silence",
    "audiotestsrc num-buffers=30 wave=white-noise volume=1",
    "audiotestsrc num-buffers=30 ! audio/x-raw,format=S8,channels=2",
    "audiotestsrc num-buffers=30 ! "
    "audio/x-raw,format=F64LE,channels=2,layout=non-interleaved",
    "audiotestsrc num-buffers=1 samplesperbuffer=100",
  };
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++) {
    g_autofree char *line =
        g_strdup_printf ("%s ! vattaudiotok ! vattencoder", sources[i]);
    g_test_message ("%s", sources[i]);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_cmpuint (report->results->len, >=, 1);
    g_assert_cmpstr (report_string (report, 0, "modality"), ==, "audio");
  }
}

/* More than GStreamer's converter takes is an error, told once. */
static void
test_too_much (void)
{
  static const char *const caps[] = {
    "rate=8000,channels=64,channel-mask=(bitmask)0",
    "rate=2147483647,channels=1",
  };
  for (guint i = 0; i < G_N_ELEMENTS (caps); i++) {
    g_autofree char *line = g_strdup_printf (
        "audiotestsrc ! audio/x-raw,%s ! vattaudiotok ! vattencoder", caps[i]);
    g_autoptr (Report) report = run_pipeline (line);
    g_assert_nonnull (strstr (report->error, "expected up to 63"));
  }
  g_autoptr (GstBus) bus = gst_bus_new ();
  GstHarness *h = gst_harness_new ("vattaudiotok");
  gst_element_set_bus (h->element, bus);
  gst_harness_set_src_caps_str (h,
      "audio/x-raw,format=F32LE,layout=interleaved,rate=8000,channels=64,"
      "channel-mask=(bitmask)0");
  for (guint i = 0; i < 3; i++)
    gst_harness_push (h, gst_buffer_new_allocate (NULL, 64 * 4, NULL));
  guint errors = 0;
  GstMessage *message;
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR))) {
    errors++;
    gst_message_unref (message);
  }
  g_assert_cmpuint (errors, ==, 1);
  gst_element_set_bus (h->element, NULL);
  gst_harness_teardown (h);
}

static gboolean
knows_lead (GstHarness *h)
{
  g_autoptr (GstQuery) query = gst_query_new_custom (
      GST_QUERY_CUSTOM, gst_structure_new_empty ("vatt-lead"));
  return gst_pad_peer_query (h->sinkpad, query);
}

static void
test_latency (void)
{
  GstHarness *h = harness_new ("", 16000);
  gst_harness_set_upstream_latency (h, 10 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (h), ==, 10 * GST_MSECOND + SPAN);
  g_assert_true (knows_lead (h));
  /* Nothing of it outlives a stop. */
  gst_element_set_state (h->element, GST_STATE_READY);
  g_assert_cmpuint (gst_harness_query_latency (h), ==, 10 * GST_MSECOND);
  g_assert_false (knows_lead (h));
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattaudiotok/splits", test_splits);
  g_test_add_func ("/vattaudiotok/resampled-end", test_resampled_end);
  g_test_add_func ("/vattaudiotok/resampled-before", test_resampled_before);
  g_test_add_func ("/vattaudiotok/hop", test_hop);
  g_test_add_func ("/vattaudiotok/tail", test_tail);
  g_test_add_func ("/vattaudiotok/gaps", test_gaps);
  g_test_add_func ("/vattaudiotok/not-a-number", test_not_a_number);
  g_test_add_func ("/vattaudiotok/caps-change", test_caps_change);
  g_test_add_func ("/vattaudiotok/flush", test_flush);
  g_test_add_func ("/vattaudiotok/segments", test_segments);
  g_test_add_func ("/vattaudiotok/gap-events", test_gap_events);
  g_test_add_func ("/vattaudiotok/formats", test_formats);
  g_test_add_func ("/vattaudiotok/too-much", test_too_much);
  g_test_add_func ("/vattaudiotok/latency", test_latency);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
