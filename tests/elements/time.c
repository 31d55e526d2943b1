/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows are a matter of time alone: not of frame rates, buffer sizes, what is
 * lost, or whose clock it was. Video is the shipped model's, 32 pictures
 * at 12.5 a second; sound is a plain waveform, so that samples can be told
 * apart. */
#include "gstvattmeta.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <math.h>

#define SPAN (2560 * GST_MSECOND)
#define INSTANT (80 * GST_MSECOND)
#define PICTURES 32
#define RATE 16000
#define SAMPLES 40960u /* of a window */

/* ---- video: a picture's grey is its number ---- */

static GstHarness *
video_new (const char *settings)
{
  g_autofree char *line = g_strdup_printf ("vattvideotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=GRAY8,width=16,height=16,framerate=0/1");
  return h;
}

static GstBuffer *
picture (guint number, GstClockTime time, GstClockTime duration)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 256, NULL);
  gst_buffer_memset (buffer, 0, (guint8)number, 256);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DURATION (buffer) = duration;
  return buffer;
}

static void
push_picture (
    GstHarness *h, guint number, GstClockTime time, GstClockTime duration)
{
  g_assert_cmpint (
      gst_harness_push (h, picture (number, time, duration)), ==, GST_FLOW_OK);
}

static guint8
grey_of (GstBuffer *buffer, guint index)
{
  float value = 0;
  gsize place = (gsize)(index / 4) * 16 * 3072 + (gsize)(index % 4) * 768;
  gst_buffer_extract (buffer, place * sizeof value, &value, sizeof value);
  return (guint8)((value + 1.0f) * 127.5f + 0.5f);
}

static GstClockTime
gap_of (GstBuffer *buffer)
{
  const GstVattMeta *meta = (const GstVattMeta *)gst_buffer_get_meta (
      buffer, g_type_from_name ("GstVattMetaAPI"));
  g_assert_nonnull (meta);
  return meta->gap;
}

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

/* ---- sound: a sample's value is its number ---- */

#define WAVE_CAPS                                                              \
  "application/x-vatt-tokens,modality=audio,format=F32LE,layout=patches,"      \
  "input=wave,tokens=320,token-size=128,patch-t=128,patch-h=1,patch-w=1,"      \
  "grid-t=320,grid-h=1,grid-w=1,samples=40960,sample-rate=16000/1,"            \
  "scaling=range"

static GstHarness *
wave_new (const char *settings, guint rate)
{
  g_autofree char *line = g_strdup_printf ("vattaudiotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_sink_caps_str (h, WAVE_CAPS);
  g_autofree char *caps =
      g_strdup_printf ("audio/x-raw,format=" GST_AUDIO_NE (
                           F32) ",layout=interleaved,channels=1,rate=%u",
          rate);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

/* @count samples whose values are their numbers from @first on. */
static GstBuffer *
numbers (guint64 first, guint count)
{
  float *samples = g_new (float, count);
  for (guint i = 0; i < count; i++)
    samples[i] = (float)(first + i);
  GstBuffer *buffer = gst_buffer_new_wrapped (samples, count * sizeof *samples);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (first, GST_SECOND, RATE);
  return buffer;
}

static void
push_numbers (GstHarness *h, guint64 first, guint64 count)
{
  for (guint64 at = first; at < first + count; at += 1000)
    g_assert_cmpint (gst_harness_push (h,
                         numbers (at, (guint)MIN (1000, first + count - at))),
        ==, GST_FLOW_OK);
}

static float
sample_of (GstBuffer *buffer, guint index)
{
  float value = -1;
  gst_buffer_extract (buffer, index * sizeof value, &value, sizeof value);
  return value;
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

/* ---- what is missing ---- */

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
  g_test_add_func ("/time/instants", test_instants);
  g_test_add_func ("/time/samples", test_samples);
  g_test_add_func ("/time/click-and-flash", test_click_and_flash);
  g_test_add_func ("/time/lost-pictures", test_lost_pictures);
  g_test_add_func ("/time/lost-sound", test_lost_sound);
  g_test_add_func ("/time/hollow", test_hollow);
  g_test_add_func ("/time/break", test_break);
  g_test_add_func ("/time/tail", test_tail);
  g_test_add_func ("/time/still", test_still);
  int failures = g_test_run ();
  gst_deinit ();
  return failures;
}
