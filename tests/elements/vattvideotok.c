/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows of video. The front end is the shipped model's: 32 pictures of
 * 64 x 64 at 12.5 a second, 2.56 s; patches 4 x 16 x 16. */
#include "media.h"

#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <math.h>
#include <vatt/resize.h>

#define SPAN (2560 * GST_MSECOND)
#define WINDOW_BYTES (8 * 4 * 4 * 4 * 16 * 16 * 3 * sizeof (float))

/* A harness for grey pictures of 16 x 16 at @fps. */
static GstHarness *
harness_new (const char *settings, guint width, guint height, guint fps)
{
  g_autofree char *line = g_strdup_printf ("vattvideotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  g_autofree char *caps = g_strdup_printf (
      "video/x-raw,format=GRAY8,width=%u,height=%u,framerate=%u/1", width,
      height, fps);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

static GstFlowReturn
push_grey (GstHarness *h, guint width, guint height, guint8 grey,
    GstClockTime time, GstClockTime duration)
{
  gsize size = (gsize)GST_ROUND_UP_4 (width) * height;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  gst_buffer_memset (buffer, 0, grey, size);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = duration;
  return gst_harness_push (h, buffer);
}

/* @count pictures from number @first, grey = number. */
static void
push_run (GstHarness *h, guint fps, guint first, guint count)
{
  for (guint i = first; i < first + count; i++)
    g_assert_cmpint (
        push_grey (h, 16, 16, (guint8)i,
            gst_util_uint64_scale (i, GST_SECOND, fps), GST_SECOND / fps),
        ==, GST_FLOW_OK);
}

static void
assert_window (GstHarness *h, GstClockTime time, guint64 number)
{
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, time);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, SPAN);
  g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, number);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, WINDOW_BYTES);
}

/* Grey level of picture @index of a window: x * 2 / 255 - 1. */
static guint
grey_of (GstBuffer *buffer, guint index)
{
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  const float *values = (const float *)map.data;
  gsize token = (gsize)(index / 4) * 16 * 3072;
  float value = values[token + (index % 4) * 768];
  gst_buffer_unmap (buffer, &map);
  return (guint)((value + 1.0f) * 127.5f + 0.5f);
}

static void
test_windows (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  push_run (h, 25, 0, 140);
  assert_window (h, 0, 0);
  assert_window (h, SPAN, 1);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_push_event (h, gst_event_new_eos ());
  assert_window (h, 2 * SPAN, 2);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}

/* 12.5 pictures a second of 25: every second one. */
static void
test_nearest (void)
{
  static const struct {
    guint fps, count, at5, at31;
  } cases[] = {
    { 25, 64, 10, 62 },
    /* 0.4 s and 2.48 s */
    { 240, 640, 96, 83 },
    { 1, 4, 0, 2 },
    { 50, 128, 20, 124 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness_new ("", 16, 16, cases[i].fps);
    push_run (h, cases[i].fps, 0, cases[i].count);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    g_assert_cmpuint (grey_of (buffer, 0), ==, 0);
    g_assert_cmpuint (grey_of (buffer, 5), ==, cases[i].at5);
    /* Grey levels wrap at 256: 2.48 s of 240 a second is 595 = 83. */
    g_assert_cmpuint (grey_of (buffer, 31), ==, cases[i].at31);
    gst_harness_teardown (h);
  }
}

static void
test_hop (void)
{
  GstHarness *h = harness_new ("hop=640000000", 16, 16, 25);
  push_run (h, 25, 0, 128);
  for (guint k = 0; k < 5; k++) {
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, k * 640 * GST_MSECOND);
    g_assert_cmpuint (grey_of (buffer, 0), ==, k * 16);
    g_assert_cmpuint (grey_of (buffer, 31), ==, k * 16 + 62);
  }
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}

/* One window, and no other in any stream's time. */
static void
test_longest_hop (void)
{
  GstHarness *h = harness_new ("hop=4611686018427387903", 16, 16, 25);
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 10 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_run (h, 25, 250, 128);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 10 * GST_SECOND);
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
    /* 16 of 64 pictures of 25 a second are 2 of 8 rows of patches. */
    { "tail=emit", WINDOW_BYTES / 4 },
    { "drop-rate=0.5 seed=3", WINDOW_BYTES / 2 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = harness_new (cases[i].settings, 16, 16, 25);
    push_run (h, 25, 0, 16);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_cmpuint (
        buffer ? gst_buffer_get_size (buffer) : 0, ==, cases[i].bytes);
    gst_harness_teardown (h);
  }
}

static void
test_gap (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  push_run (h, 25, 0, 20);
  /* Half a second is filled by repeating; minutes end the window. */
  push_run (h, 25, 33, 31);
  {
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 0);
    g_assert_cmpuint (grey_of (buffer, 11), ==, 19);
  }
  push_run (h, 25, 64, 10);
  push_run (h, 25, 10000, 64);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  /* Number 156 of the segment, as if there had been no gap. */
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 156 * SPAN);
  g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, 156);
  g_assert_true (GST_BUFFER_IS_DISCONT (buffer));
  g_assert_cmpuint (gst_harness_buffers_in_queue (h), ==, 0);
  gst_harness_teardown (h);
}

static void
test_jump_back (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  push_run (h, 25, 100, 40);
  /* A little: known already. Far: a new run. */
  push_run (h, 25, 130, 10);
  push_run (h, 25, 0, 64);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 0);
  g_assert_true (GST_BUFFER_IS_DISCONT (buffer));
  gst_harness_teardown (h);
}

static void
test_variable_rate (void)
{
  GstHarness *h = harness_new ("", 16, 16, 0);
  static const guint ms[] = { 0, 10, 300, 310, 900, 1700, 2300, 2600 };
  for (guint i = 0; i < G_N_ELEMENTS (ms); i++)
    push_grey (h, 16, 16, (guint8)i, ms[i] * GST_MSECOND, GST_CLOCK_TIME_NONE);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (grey_of (buffer, 0), ==, 0);
  /* 0.08 s, 0.64 s, 1.28 s, 2.48 s: nearest of the times above. */
  g_assert_cmpuint (grey_of (buffer, 1), ==, 1);
  g_assert_cmpuint (grey_of (buffer, 8), ==, 4);
  g_assert_cmpuint (grey_of (buffer, 16), ==, 4);
  g_assert_cmpuint (grey_of (buffer, 31), ==, 7);
  gst_harness_teardown (h);
}

static void
test_missing_times (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  for (guint i = 0; i < 64; i++)
    g_assert_cmpint (push_grey (h, 16, 16, (guint8)i, GST_CLOCK_TIME_NONE,
                         GST_CLOCK_TIME_NONE),
        ==, GST_FLOW_OK);
  assert_window (h, 0, 0);
  gst_harness_teardown (h);

  /* Neither times nor a rate: one picture will do, two cannot. */
  h = harness_new ("", 16, 16, 0);
  push_grey (h, 16, 16, 1, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE);
  g_assert_cmpint (
      push_grey (h, 16, 16, 1, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE), ==,
      GST_FLOW_ERROR);
  gst_harness_teardown (h);
}

static void
test_caps_change (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  push_run (h, 25, 0, 30);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=GRAY8,width=32,height=8,framerate=50/1");
  for (guint i = 30; i < 64; i++)
    push_grey (h, 32, 8, (guint8)i, i * 40 * GST_MSECOND, 40 * GST_MSECOND);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (grey_of (buffer, 10), ==, 20);
  g_assert_cmpuint (grey_of (buffer, 25), ==, 50);
  gst_harness_teardown (h);
}

static void
test_flush (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  push_run (h, 25, 0, 80);
  assert_window (h, 0, 0);
  g_assert_true (gst_harness_push_event (h, gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (h, gst_event_new_flush_stop (TRUE)));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 4 * GST_SECOND;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_run (h, 25, 100, 64);
  assert_window (h, 4 * GST_SECOND, 0);
  gst_harness_teardown (h);
}

static void
test_bytes_segment (void)
{
  GstHarness *h = gst_harness_new ("vattvideotok");
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_BYTES);
  gst_harness_push_event (h, gst_event_new_stream_start ("s"));
  g_autoptr (GstCaps) caps = gst_caps_from_string (
      "video/x-raw,format=GRAY8,width=16,height=16,framerate=25/1");
  gst_harness_push_event (h, gst_event_new_caps (caps));
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  g_assert_cmpint (push_grey (h, 16, 16, 0, 0, 1), ==, GST_FLOW_ERROR);
  gst_harness_teardown (h);
}

/* Windows near the end of all time would never end. */
static void
test_time_overflow (void)
{
  GstHarness *h = gst_harness_new ("vattvideotok");
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=4,height=4,framerate=25/1");
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 48, NULL);
  GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE - GST_SECOND;
  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_ERROR);
  gst_harness_teardown (h);
}

static void
test_latency (void)
{
  GstHarness *h = harness_new ("", 16, 16, 25);
  gst_harness_set_upstream_latency (h, 40 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (h), ==, 40 * GST_MSECOND + SPAN);
  gst_harness_teardown (h);
}

/* Sizes, formats and scan modes that are out of the ordinary. */
static void
test_pictures (void)
{
  static const char *const caps[] = {
    "format=I420,width=7,height=5,framerate=25/1",
    "format=RGB,width=4096,height=16,framerate=25/1",
    "format=NV12,width=36,height=64,framerate=25/1",
    "format=I420,width=320,height=240,framerate=25/1,"
    "interlace-mode=interleaved",
    "format=v210,width=64,height=64,framerate=25/1",
    "format=I420,width=32,height=32,framerate=1/1",
    "format=GRAY8,width=1,height=1,framerate=25/1",
  };
  for (guint i = 0; i < G_N_ELEMENTS (caps); i++) {
    g_autofree char *line = g_strdup_printf (
        "videotestsrc num-buffers=5 ! video/x-raw,%s ! vattvideotok ! "
        "vattencoder",
        caps[i]);
    g_autoptr (Report) report = run_pipeline (line);
    g_test_message ("%s", caps[i]);
    g_assert_cmpstr (report->error, ==, NULL);
    g_assert_cmpuint (report->results->len, >=, 1);
  }
}

static void
test_aspect (void)
{
  static const char *const modes[] = { "crop-center", "letterbox", "stretch" };
  /* Left third white, the rest black: what a 64 x 64 picture has of it. */
  static const double white[] = { 0.0, 0.34, 0.34 };
  for (guint m = 0; m < G_N_ELEMENTS (modes); m++) {
    g_autofree char *settings = g_strdup_printf ("aspect=%s", modes[m]);
    GstHarness *h = harness_new (settings, 192, 64, 25);
    GstBuffer *picture = gst_buffer_new_allocate (NULL, 192 * 64, NULL);
    GstMapInfo map;
    g_assert_true (gst_buffer_map (picture, &map, GST_MAP_WRITE));
    for (guint i = 0; i < 192 * 64; i++)
      map.data[i] = i % 192 < 64 ? 255 : 0;
    gst_buffer_unmap (picture, &map);
    GST_BUFFER_PTS (picture) = 0;
    gst_harness_push (h, picture);
    gst_harness_push_event (h, gst_event_new_eos ());
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
    const float *values = (const float *)map.data;
    double sum = 0;
    for (gsize i = 0; i < map.size / sizeof (float); i++)
      sum += values[i] > 0 ? 1 : 0;
    sum /= (double)(map.size / sizeof (float));
    gst_buffer_unmap (buffer, &map);
    /* Bars take two thirds of the letterbox. */
    double expected = m == 1 ? white[m] / 3 : white[m];
    g_assert_cmpfloat (ABS (sum - expected), <, 0.03);
    gst_harness_teardown (h);
  }
}

/* Crop and scaling against the published rules: the largest central square,
 * half-pixel bilinear. Those cut off, the converter rounds: one level. */
static void
test_scaling (void)
{
  GstHarness *h = gst_harness_new ("vattvideotok");
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=160,height=120,framerate=25/1");
  gsize size = 160 * 120 * 3;
  guint8 *noise = g_malloc (size);
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  for (gsize i = 0; i < size; i++)
    noise[i] = (guint8)g_rand_int_range (random, 0, 256);
  g_autoptr (VattResize) resize = vatt_resize_new (120, 120, 64, 64, NULL);
  guint8 expected[64 * 64 * 3];
  vatt_resize_u8 (resize, noise + 20 * 3, 160 * 3, expected, 64 * 3);

  GstBuffer *picture = gst_buffer_new_wrapped (noise, size);
  GST_BUFFER_PTS (picture) = 0;
  g_assert_cmpint (gst_harness_push (h, picture), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_autoptr (GstBuffer) buffer = gst_harness_pull (h);
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  const float *values = (const float *)map.data;
  for (guint y = 0; y < 64; y++)
    for (guint x = 0; x < 64; x++)
      for (guint c = 0; c < 3; c++) {
        gsize token = (gsize)(y / 16) * 4 + x / 16;
        gsize place = ((y % 16) * 16 + x % 16) * 3 + c;
        float level = (values[token * 3072 + place] + 1.0f) * 127.5f;
        g_assert_cmpfloat (
            fabsf (level - expected[(y * 64 + x) * 3 + c]), <, 1.01);
      }
  gst_buffer_unmap (buffer, &map);
  gst_harness_teardown (h);
}

/* Properties come before the model's front end. */
static void
test_override (void)
{
  GstHarness *h =
      harness_new ("frames=8 width=32 height=48 fps=25/1", 16, 16, 25);
  push_run (h, 25, 0, 8);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (
      gst_buffer_get_size (buffer), ==, 2 * 3 * 2 * 3072 * sizeof (float));
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, 320 * GST_MSECOND);
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vattvideotok/windows", test_windows);
  g_test_add_func ("/vattvideotok/nearest", test_nearest);
  g_test_add_func ("/vattvideotok/hop", test_hop);
  g_test_add_func ("/vattvideotok/longest-hop", test_longest_hop);
  g_test_add_func ("/vattvideotok/tail", test_tail);
  g_test_add_func ("/vattvideotok/gap", test_gap);
  g_test_add_func ("/vattvideotok/jump-back", test_jump_back);
  g_test_add_func ("/vattvideotok/variable-rate", test_variable_rate);
  g_test_add_func ("/vattvideotok/missing-times", test_missing_times);
  g_test_add_func ("/vattvideotok/caps-change", test_caps_change);
  g_test_add_func ("/vattvideotok/flush", test_flush);
  g_test_add_func ("/vattvideotok/bytes-segment", test_bytes_segment);
  g_test_add_func ("/vattvideotok/time-overflow", test_time_overflow);
  g_test_add_func ("/vattvideotok/latency", test_latency);
  g_test_add_func ("/vattvideotok/pictures", test_pictures);
  g_test_add_func ("/vattvideotok/aspect", test_aspect);
  g_test_add_func ("/vattvideotok/scaling", test_scaling);
  g_test_add_func ("/vattvideotok/override", test_override);
  int failures = g_test_run ();
  media_clear ();
  gst_deinit ();
  return failures;
}
