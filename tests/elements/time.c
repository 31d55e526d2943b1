/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows are a matter of time alone: not of frame rates, buffer sizes, or
 * where a stream was cut. */
#include "streams.h"

#include "gstvattmeta.h"

#include <math.h>

static gint64
distance (GstClockTime a, GstClockTime b)
{
  return ABS (GST_CLOCK_DIFF (a, b));
}

/* Each picture of the window at @start is the nearest to its instant. */
static void
assert_nearest (GstBuffer *buffer, GstClockTime start,
    const GstClockTime *times, guint n_times)
{
  for (guint i = 0; i < PICTURES; i++) {
    GstClockTime instant = start + i * INSTANT;
    guint8 grey = grey_of (buffer, i);
    gint64 best = G_MAXINT64, found = G_MAXINT64;
    for (guint n = 0; n < n_times; n++) {
      best = MIN (best, distance (times[n], instant));
      if ((guint8)n == grey)
        found = MIN (found, distance (times[n], instant));
    }
    /* Two may be as near, but for the rounding of a nanosecond. */
    g_assert_cmpint (found, <=, best + 1);
  }
}

/* Times of pictures of 10 s at @n / @d a second; 0: of no regular rate. */
static guint
make_times (guint n, guint d, GstClockTime *times)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (5);
  guint count = 0;
  for (GstClockTime time = 0; time < 10 * GST_SECOND; count++) {
    times[count] = time;
    time = n ? gst_util_uint64_scale (count + 1, (guint64)d * GST_SECOND, n)
             : time + (GstClockTime)g_rand_int_range (
                          random, 2 * GST_MSECOND, 150 * GST_MSECOND);
  }
  return count;
}

/* Whatever the rate, the instants are the same; windows closer together than
 * their span, further apart, and in no relation to anything. */
static void
test_instants (void)
{
  static const guint rates[][2] = { { 10, 1 }, { 25, 1 }, { 30000, 1001 },
    { 60, 1 }, { 0, 1 } };
  static const GstClockTime hops[] = { SPAN, 500 * GST_MSECOND, 333333333,
    3300 * GST_MSECOND, 1230 * GST_MSECOND + 7 };
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++) {
    GstClockTime times[1024];
    guint count = make_times (rates[r][0], rates[r][1], times);
    for (guint i = 0; i < G_N_ELEMENTS (hops); i++) {
      g_autofree char *settings =
          g_strdup_printf ("tail=drop hop=%" G_GUINT64_FORMAT, hops[i]);
      GstHarness *h = video_new (settings);
      for (guint n = 0; n < count; n++)
        push_picture (h, n, times[n],
            rates[r][0] ? GST_SECOND * rates[r][1] / rates[r][0]
                        : GST_CLOCK_TIME_NONE);
      guint windows = 0;
      for (GstClockTime start = 0; start + SPAN <= 9800 * GST_MSECOND;
           start += hops[i]) {
        g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
        g_assert_nonnull (buffer);
        g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, start);
        g_assert_cmpuint (GST_BUFFER_OFFSET (buffer), ==, windows);
        g_assert_cmpuint (gap_of (buffer), ==, 0);
        assert_nearest (buffer, start, times, count);
        windows++;
      }
      gst_harness_teardown (h);
    }
  }
}

static void
test_samples (void)
{
  static const GstClockTime hops[] = { SPAN, 500 * GST_MSECOND, 333333333,
    3300 * GST_MSECOND };
  for (guint i = 0; i < G_N_ELEMENTS (hops); i++) {
    g_autofree char *settings =
        g_strdup_printf ("tail=drop hop=%" G_GUINT64_FORMAT, hops[i]);
    GstHarness *h = wave_new (settings, RATE);
    push_numbers (h, 0, 20 * RATE);
    for (guint64 k = 0; k * hops[i] + SPAN <= 20 * GST_SECOND; k++) {
      g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
      g_assert_nonnull (buffer);
      g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, k * hops[i]);
      guint64 first =
          gst_util_uint64_scale_round (k * hops[i], RATE, GST_SECOND);
      g_assert_cmpfloat (sample_of (buffer, 0), ==, (float)first);
      g_assert_cmpfloat (
          sample_of (buffer, SAMPLES - 1), ==, (float)(first + SAMPLES - 1));
    }
    g_assert_null (gst_harness_try_pull (h));
    gst_harness_teardown (h);
  }
}

/* ---- both ---- */

#define MINUTES 3
#define EVENT_EVERY (7300 * GST_MSECOND)

/* Sound of 44.1 kHz with a click of one sample at every event. */
static void
push_clicks (GstHarness *h)
{
  guint64 every = gst_util_uint64_scale (EVENT_EVERY, 44100, GST_SECOND);
  for (guint64 at = 0; at < (guint64)44100 * 60 * MINUTES; at += 1024) {
    float *samples = g_new0 (float, 1024);
    for (guint i = 0; i < 1024; i++)
      if (at + i > 0 && (at + i) % every == 0)
        samples[i] = 1.0f;
    GstBuffer *buffer = gst_buffer_new_wrapped (samples, 1024 * 4);
    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (at, GST_SECOND, 44100);
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  }
}

/* The loudest sample's number in the window, or SAMPLES. */
static guint
find_click (GstBuffer *buffer)
{
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  const float *samples = (const float *)map.data;
  guint best = SAMPLES;
  for (guint i = 0; i < SAMPLES; i++)
    if (samples[i] > 0.1f && (best == SAMPLES || samples[i] > samples[best]))
      best = i;
  gst_buffer_unmap (buffer, &map);
  return best;
}

/* The picture at 29.97 a second that is nearest to the event is white. */
static void
push_flashes (GstHarness *h)
{
  for (guint64 n = 0;; n++) {
    GstClockTime time = gst_util_uint64_scale (n, 1001 * GST_SECOND, 30000);
    if (time >= MINUTES * 60 * GST_SECOND)
      break;
    guint64 events = (time + EVENT_EVERY / 2) / EVENT_EVERY;
    gboolean flash = events > 0 && distance (time, events * EVENT_EVERY) <
                                       1001 * GST_SECOND / 60000;
    push_picture (h, flash ? 255 : 0, time, 1001 * GST_SECOND / 30000);
  }
}

/* A click and a flash at the same times, over minutes, at rates that fit into
 * no nanoseconds: every window of both has the same start and number, the click
 * is at its sample, and the flash at its picture. */
static void
test_click_and_flash (void)
{
  GstHarness *sound = wave_new ("tail=drop hop=500000000", 44100);
  GstHarness *video = video_new ("tail=drop hop=500000000");
  push_clicks (sound);
  push_flashes (video);
  guint64 windows = (MINUTES * 60 * GST_SECOND - SPAN) / (GST_SECOND / 2);
  guint clicks = 0, flashes = 0;
  for (guint64 k = 0; k < windows; k++) {
    g_autoptr (GstBuffer) heard = gst_harness_try_pull (sound);
    g_autoptr (GstBuffer) seen = gst_harness_try_pull (video);
    g_assert_nonnull (heard);
    g_assert_nonnull (seen);
    GstClockTime start = k * (GST_SECOND / 2);
    g_assert_cmpuint (GST_BUFFER_PTS (heard), ==, start);
    g_assert_cmpuint (GST_BUFFER_PTS (seen), ==, start);
    g_assert_cmpuint (GST_BUFFER_OFFSET (heard), ==, GST_BUFFER_OFFSET (seen));
    guint click = find_click (heard);
    if (click < SAMPLES) {
      guint64 sample = start / GST_USECOND * RATE / 1000000 + click;
      g_assert_cmpuint (
          sample % (EVENT_EVERY / GST_MSECOND * RATE / 1000), ==, 0);
      clicks++;
    }
    for (guint i = 0; i < PICTURES; i++)
      if (grey_of (seen, i) == 255) {
        GstClockTime time = start + i * INSTANT;
        guint64 events = (time + EVENT_EVERY / 2) / EVENT_EVERY;
        /* Half an interval of pictures each way, twice. */
        g_assert_cmpint (distance (time, events * EVENT_EVERY), <=,
            1001 * GST_SECOND / 30000);
        flashes++;
      }
  }
  g_assert_cmpuint (clicks, >, 100);
  g_assert_cmpuint (flashes, >, 20);
  gst_harness_teardown (sound);
  gst_harness_teardown (video);
}

/* Caps tell the distance of windows as it is, not as it was asked for. */
static void
test_least_hop (void)
{
  GstHarness *h = video_new ("hop=1");
  push_picture (h, 0, 0, 40 * GST_MSECOND);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (h->sinkpad);
  gint n = 0, d = 0;
  g_assert_true (gst_structure_get_fraction (
      gst_caps_get_structure (caps, 0), "framerate", &n, &d));
  g_assert_cmpint (n, ==, 1000);
  g_assert_cmpint (d, ==, 1);
  gst_harness_teardown (h);
}

/* The time of day of a window's start, from a picture within it. */
static void
test_time_of_day (void)
{
  static const struct {
    const char *clock;
    guint64 epoch;
  } cases[] = { { "timestamp/x-unix", 0 }, { "timestamp/x-ntp", 2208988800 } };
  const guint64 day = 1700000000 * GST_SECOND;
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstHarness *h = video_new ("");
    g_autoptr (GstCaps) caps = gst_caps_new_empty_simple (cases[i].clock);
    for (guint n = 0; n < 3; n++) {
      GstClockTime time = n * GST_SECOND;
      GstBuffer *buffer = picture (n, time, GST_SECOND);
      if (n == 1)
        gst_buffer_add_reference_timestamp_meta (buffer, caps,
            day + time + cases[i].epoch * GST_SECOND, GST_CLOCK_TIME_NONE);
      g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
    }
    gst_harness_push_event (h, gst_event_new_eos ());
    for (guint w = 0; w < 2; w++) {
      g_autoptr (GstBuffer) window = gst_harness_pull (h);
      const GstVattMeta *meta = (const GstVattMeta *)gst_buffer_get_meta (
          window, g_type_from_name ("GstVattMetaAPI"));
      g_assert_cmpuint (meta->utc, ==, day + w * SPAN);
    }
    gst_harness_teardown (h);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/time/instants", test_instants);
  g_test_add_func ("/time/samples", test_samples);
  g_test_add_func ("/time/least-hop", test_least_hop);
  g_test_add_func ("/time/time-of-day", test_time_of_day);
  g_test_add_func ("/time/click-and-flash", test_click_and_flash);
  int failures = g_test_run ();
  gst_deinit ();
  return failures;
}
