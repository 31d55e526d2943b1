/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is missing in a window: that it is seen and told. */
#include "streams.h"

static void
assert_marked (
    GstHarness *h, GstClockTime time, GstClockTime gap, gboolean news)
{
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, time);
  g_assert_cmpuint (gap_of (buffer), ==, gap);
  g_assert_cmpint (GST_BUFFER_IS_DISCONT (buffer), ==, news);
}

/* 25 a second from number @first on. */
static void
push_run (GstHarness *h, guint first, guint count)
{
  for (guint n = first; n < first + count; n++)
    push_picture (h, n, n * 40 * GST_MSECOND, 40 * GST_MSECOND);
}

static void
test_lost_pictures (void)
{
  GstHarness *h = video_new ("hop=1280000000");
  push_run (h, 0, 40);
  push_run (h, 45, 200);
  /* The hole from 1.6 s to 1.8 s is in two windows, and news in one. */
  assert_marked (h, 0, 200 * GST_MSECOND, TRUE);
  assert_marked (h, SPAN / 2, 200 * GST_MSECOND, FALSE);
  assert_marked (h, SPAN, 0, FALSE);
  gst_harness_teardown (h);

  /* What jitters is not lost, nor what begins late by less than a window. */
  h = video_new ("");
  for (guint n = 10; n < 80; n++)
    push_picture (h, n, (n * 40 + n % 3 * 6) * GST_MSECOND, 40 * GST_MSECOND);
  assert_marked (h, 0, 406 * GST_MSECOND, TRUE);
  gst_harness_teardown (h);
}

/* Returns: the number of GAP events, with the time of the first. */
static guint
count_gaps (GstHarness *h, GstClockTime *time, GstClockTime *duration)
{
  guint gaps = 0;
  GstEvent *event;
  while ((event = gst_harness_try_pull_event (h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP && gaps++ == 0)
      gst_event_parse_gap (event, time, duration);
    gst_event_unref (event);
  }
  return gaps;
}

/* Fewer pictures than the durations say: that is a slow camera, not a loss. */
static void
test_slow_camera (void)
{
  GstHarness *h = video_new ("");
  for (guint n = 0; n < 80; n++)
    push_picture (h, n, n * 100 * GST_MSECOND, 33 * GST_MSECOND);
  assert_marked (h, 0, 67 * GST_MSECOND, TRUE);
  assert_marked (h, SPAN, 0, FALSE);
  /* But what is announced is one. */
  GstBuffer *buffer = picture (80, 8 * GST_SECOND, 33 * GST_MSECOND);
  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  gst_harness_push_event (h, gst_event_new_eos ());
  assert_marked (h, 2 * SPAN, 0, FALSE);
  assert_marked (
      h, 3 * SPAN, 67 * GST_MSECOND + 4 * SPAN - 8033 * GST_MSECOND, TRUE);
  gst_harness_teardown (h);
}

/* A stream that begins late has the numbers of the others. */
static void
test_late_start (void)
{
  GstClockTime time = 0, duration = 0;
  GstHarness *h = video_new ("");
  push_run (h, 200, 100);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 3 * SPAN);
  g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, 3);
  g_assert_cmpuint (gap_of (buffer), ==, 8 * GST_SECOND - 3 * SPAN);
  g_assert_cmpuint (count_gaps (h, &time, &duration), ==, 1);
  g_assert_cmpuint (time, ==, 0);
  g_assert_cmpuint (duration, ==, 3 * SPAN);
  gst_harness_teardown (h);
}

/* Lost sound: a flag makes 10 ms count; 100 ms count by themselves. */
static void
test_lost_sound (void)
{
  static const struct {
    guint lost;
    gboolean flagged;
  } cases[] = { { 160, TRUE }, { 1600, FALSE }, { 1600, TRUE } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = wave_new ("", RATE);
    push_numbers (h, 0, 10000);
    guint64 next = 10000 + cases[i].lost;
    GstBuffer *buffer = numbers (next, 1000);
    if (cases[i].flagged)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
    push_numbers (h, next + 1000, 2 * SAMPLES);
    g_autoptr (GstBuffer) window = gst_harness_try_pull (h);
    g_assert_nonnull (window);
    g_assert_cmpuint (gap_of (window), ==, cases[i].lost * GST_SECOND / RATE);
    g_assert_cmpfloat (sample_of (window, 9999), ==, 9999.0f);
    g_assert_cmpfloat (sample_of (window, 10000), ==, 0.0f);
    g_assert_cmpfloat (sample_of (window, (guint)next - 1), ==, 0.0f);
    g_assert_cmpfloat (sample_of (window, (guint)next), ==, (float)next);
    g_assert_cmpfloat (sample_of (window, 40000), ==, 40000.0f);
    assert_marked (h, SPAN, 0, FALSE);
    gst_harness_teardown (h);
  }
}

/* Less than half a window is no window, but its time is told. */
static void
test_hollow (void)
{
  GstClockTime time, duration;
  GstHarness *h = video_new ("max-gap=5000000000");
  push_run (h, 0, 70);
  push_run (h, 105, 100);
  assert_marked (h, 0, 0, TRUE);
  assert_marked (h, 2 * SPAN, 0, TRUE);
  g_assert_cmpuint (count_gaps (h, &time, &duration), ==, 1);
  g_assert_cmpuint (time, ==, SPAN);
  g_assert_cmpuint (duration, ==, SPAN);
  gst_harness_teardown (h);

  h = wave_new ("max-gap=5000000000", RATE);
  push_numbers (h, 0, SAMPLES + 10000);
  g_assert_true (gst_harness_push_event (
      h, gst_event_new_gap (SPAN + 625 * GST_MSECOND, 1500 * GST_MSECOND)));
  push_numbers (h, SAMPLES + 34000, 2 * SAMPLES);
  assert_marked (h, 0, 0, TRUE);
  assert_marked (h, 2 * SPAN, 0, TRUE);
  g_assert_cmpuint (count_gaps (h, &time, &duration), ==, 1);
  g_assert_cmpuint (time, ==, SPAN);
  gst_harness_teardown (h);
}

/* A stream that breaks off: what was more than half there is sent. */
static void
test_break (void)
{
  GstHarness *h = video_new ("");
  push_run (h, 0, 50);
  push_run (h, 640, 64);
  assert_marked (h, 0, 560 * GST_MSECOND, TRUE);
  assert_marked (h, 10 * SPAN, 0, TRUE);
  gst_harness_teardown (h);
}

static void
test_tail (void)
{
  GstHarness *h = video_new ("");
  push_run (h, 0, 80);
  gst_harness_push_event (h, gst_event_new_eos ());
  assert_marked (h, 0, 0, TRUE);
  assert_marked (h, SPAN, SPAN - 640 * GST_MSECOND, FALSE);
  gst_harness_teardown (h);
}

/* A picture of which nobody says how long it lasts fills its window. */
static void
test_still (void)
{
  GstHarness *h = video_new ("");
  push_picture (h, 77, 0, GST_CLOCK_TIME_NONE);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  for (guint i = 0; i < PICTURES; i++)
    g_assert_cmpuint (grey_of (buffer, i), ==, 77);
  g_assert_cmpuint (gap_of (buffer), ==, 0);
  g_assert_null (gst_harness_try_pull (h));
  gst_harness_teardown (h);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gaps/lost-pictures", test_lost_pictures);
  g_test_add_func ("/gaps/slow-camera", test_slow_camera);
  g_test_add_func ("/gaps/late-start", test_late_start);
  g_test_add_func ("/gaps/lost-sound", test_lost_sound);
  g_test_add_func ("/gaps/hollow", test_hollow);
  g_test_add_func ("/gaps/break", test_break);
  g_test_add_func ("/gaps/tail", test_tail);
  g_test_add_func ("/gaps/still", test_still);
  int failures = g_test_run ();
  gst_deinit ();
  return failures;
}
