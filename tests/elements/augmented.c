/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Windows that are changed at random, against the library's own drawing. The
 * front end is the shipped model's: 32 pictures of 64 x 64 at 12.5 a second,
 * 2.56 s, patches 4 x 16 x 16; sound at 16 kHz as log-mel. */
#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <math.h>
#include <vatt/augment.h>
#include <vatt/mel.h>
#include <vatt/resize.h>

#define SPAN (2560 * GST_MSECOND)
#define SIDE 64
#define WIDTH 160
#define HEIGHT 120
#define FRAME (40 * GST_MSECOND)

/* ---- pictures ---- */

static GstHarness *
video_harness (const char *settings)
{
  g_autofree char *line = g_strdup_printf ("vattvideotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  g_autofree char *caps = g_strdup_printf (
      "video/x-raw,format=RGB,width=%u,height=%u,framerate=25/1", WIDTH,
      HEIGHT);
  gst_harness_set_src_caps_str (h, caps);
  return h;
}

/* A picture that says where in it each pixel is, and which it is itself. */
static GBytes *
make_picture (guint width, guint height, guint number)
{
  gsize stride = GST_ROUND_UP_4 (3 * width);
  guint8 *data = g_malloc0 (stride * height);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++) {
      guint8 *pixel = data + y * stride + 3 * x;
      pixel[0] = (guint8)(x * 255 / width);
      pixel[1] = (guint8)(y * 255 / height);
      pixel[2] = (guint8)number;
    }
  return g_bytes_new_take (data, stride * height);
}

static void
push_pictures (GstHarness *h, guint width, guint height, guint first, guint n)
{
  for (guint i = first; i < first + n; i++) {
    g_autoptr (GBytes) picture = make_picture (width, height, i);
    GstBuffer *buffer = gst_buffer_new_wrapped_bytes (picture);
    GST_BUFFER_PTS (buffer) = i * FRAME;
    GST_BUFFER_DURATION (buffer) = FRAME;
    g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
  }
}

/* One of the window's pictures, (SIDE, SIDE, 3), as levels. */
static void
read_picture (GstBuffer *buffer, guint index, float *levels)
{
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_assert_cmpuint (map.size, ==, 8 * 16 * 3072 * sizeof (float));
  const float *values = (const float *)map.data;
  for (guint y = 0; y < SIDE; y++)
    for (guint x = 0; x < SIDE; x++)
      for (guint c = 0; c < 3; c++) {
        gsize token = index / 4 * 16 + y / 16 * 4 + x / 16;
        gsize place = ((index % 4 * 16 + y % 16) * 16 + x % 16) * 3 + c;
        levels[(y * SIDE + x) * 3 + c] =
            (values[token * 3072 + place] + 1.0f) * 127.5f;
      }
  gst_buffer_unmap (buffer, &map);
}

static VattAugmentParams
params_of (VattAugmentPreset preset)
{
  VattAugmentParams params;
  vatt_augment_params_init (&params, preset);
  params.colour = 0.0;
  return params;
}

/* What the library makes of a picture, without colours, in levels. */
static void
expect_picture (const VattAugmentParams *params, const VattAugmentKey *key,
    VattAugmentBox box, guint width, guint height, guint number, float *levels)
{
  VattAugmentDraw draw;
  vatt_augment_draw (params, key, &draw);
  vatt_augment_box (params, &draw, width, height, &box);
  g_autoptr (GBytes) picture = make_picture (width, height, number);
  gsize stride = GST_ROUND_UP_4 (3 * width);
  guint8 small[SIDE * SIDE * 3];
  g_autoptr (VattResize) resize =
      vatt_resize_new (box.width, box.height, SIDE, SIDE, NULL);
  vatt_resize_u8 (resize,
      (const guint8 *)g_bytes_get_data (picture, NULL) + box.y * stride +
          3 * box.x,
      stride, small, 3 * SIDE);
  for (guint i = 0; i < SIDE * SIDE * 3; i++)
    levels[i] = (float)small[i] * VATT_SCALE_SYMMETRIC + VATT_OFFSET_SYMMETRIC;
  vatt_augment_video (&draw, levels, 1, SIDE, SIDE);
  for (guint i = 0; i < SIDE * SIDE * 3; i++)
    levels[i] = (levels[i] + 1.0f) * 127.5f;
}

/* GStreamer's converter rounds what the library cuts off: one level. */
static void
assert_levels (const float *found, const float *expected)
{
  for (guint i = 0; i < SIDE * SIDE * 3; i++)
    g_assert_cmpfloat (fabsf (found[i] - expected[i]), <, 1.01f);
}

/* Windows that overlap, each with a box of its own, the same for all of its
 * pictures. */
static void
test_boxes (void)
{
  static const guint frames[] = { 0, 1, 17, 31 };
  const VattAugmentParams params = params_of (VATT_AUGMENT_PAPER);
  GstHarness *h = video_harness (
      "augment=paper augment-settings=a,colour=0 seed=11 hop=640000000");
  push_pictures (h, WIDTH, HEIGHT, 0, 128);
  for (guint k = 0; k < 5; k++) {
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, k * 640 * GST_MSECOND);
    const VattAugmentKey key = { .seed = 11, .window = k };
    for (guint f = 0; f < G_N_ELEMENTS (frames); f++) {
      float found[SIDE * SIDE * 3], expected[SIDE * SIDE * 3];
      const VattAugmentBox whole = { 0, 0, WIDTH, HEIGHT };
      read_picture (buffer, frames[f], found);
      expect_picture (&params, &key, whole, WIDTH, HEIGHT,
          k * 16 + 2 * frames[f], expected);
      assert_levels (found, expected);
    }
  }
  gst_harness_teardown (h);
}

/* The fixed box of a mouth, moved a little. */
static void
test_crop_box (void)
{
  static const struct {
    const char *settings;
    VattAugmentPreset preset;
  } cases[] = {
    { "crop-box=<40,60,48,36>", VATT_AUGMENT_NONE },
    { "augment=light crop-box=<40,60,48,36> augment-settings=a,colour=0.0",
        VATT_AUGMENT_LIGHT },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const VattAugmentParams params = params_of (cases[i].preset);
    const VattAugmentBox box = { 40, 60, 48, 36 };
    const VattAugmentKey key = { .window = 0 };
    float found[SIDE * SIDE * 3], expected[SIDE * SIDE * 3];
    GstHarness *h = video_harness (cases[i].settings);
    push_pictures (h, WIDTH, HEIGHT, 0, 64);
    g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
    g_assert_nonnull (buffer);
    read_picture (buffer, 31, found);
    expect_picture (&params, &key, box, WIDTH, HEIGHT, 62, expected);
    assert_levels (found, expected);
    gst_harness_teardown (h);
  }
}

/* In the middle of a window pictures get another size: the same part of them,
 * but for rounding to pixels, and the picture before is still converted by its
 * own caps. */
static void
test_caps_change (void)
{
  const VattAugmentParams params = params_of (VATT_AUGMENT_PAPER);
  const VattAugmentKey key = { .seed = 3 };
  float found[SIDE * SIDE * 3], expected[SIDE * SIDE * 3];
  GstHarness *h =
      video_harness ("augment=paper augment-settings=a,colour=0 seed=3");
  push_pictures (h, WIDTH, HEIGHT, 0, 33);
  gst_harness_set_src_caps_str (
      h, "video/x-raw,format=RGB,width=80,height=60,framerate=25/1");
  push_pictures (h, 80, 60, 33, 31);
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  const VattAugmentBox large = { 0, 0, WIDTH, HEIGHT },
                       small = { 0, 0, 80, 60 };
  read_picture (buffer, 16, found);
  expect_picture (&params, &key, large, WIDTH, HEIGHT, 32, expected);
  assert_levels (found, expected);
  read_picture (buffer, 17, found);
  expect_picture (&params, &key, small, 80, 60, 34, expected);
  assert_levels (found, expected);
  gst_harness_teardown (h);
}

/* One picture, for ever: whatever is done to it is done 32 times. */
static void
test_still (void)
{
  GstHarness *h = video_harness ("augment=paper augment-settings=a,colour=1");
  push_pictures (h, WIDTH, HEIGHT, 200, 1);
  gst_harness_push_event (h, gst_event_new_eos ());
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  float first[SIDE * SIDE * 3], other[SIDE * SIDE * 3];
  read_picture (buffer, 0, first);
  for (guint i = 1; i < 32; i++) {
    read_picture (buffer, i, other);
    g_assert_cmpmem (first, sizeof first, other, sizeof other);
  }
  gst_harness_teardown (h);
}

/* ---- numbers of clips ---- */

static void
begin_clip (GstHarness *h, guint64 base, guint64 epoch, guint64 clip)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.stop = SPAN;
  segment.base = base;
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  gst_harness_push_event (
      h, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM_STICKY,
             gst_structure_new ("vatt-clip", "clip", G_TYPE_UINT64, clip,
                 "epoch", G_TYPE_UINT64, epoch, NULL)));
}

static GBytes *
pull_bytes (GstHarness *h)
{
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  gpointer data;
  gsize size;
  gst_buffer_extract_dup (
      buffer, 0, gst_buffer_get_size (buffer), &data, &size);
  return g_bytes_new_take (data, size);
}

/* The windows of these clips, one each, of one run. */
static void
run_clips (
    const char *settings, const guint64 (*clips)[2], guint n, GBytes **windows)
{
  GstHarness *h = video_harness (settings);
  for (guint i = 0; i < n; i++) {
    begin_clip (h, i * SPAN, clips[i][0], clips[i][1]);
    push_pictures (h, WIDTH, HEIGHT, 0, 64);
    windows[i] = pull_bytes (h);
  }
  gst_harness_teardown (h);
}

/* A run that begins with a later clip sees of it what the whole run has seen,
 * with the same tokens kept; another epoch shows it otherwise. */
static void
test_resumed (void)
{
  static const guint64 whole[][2] = { { 0, 7 }, { 0, 8 }, { 1, 8 }, { 1, 9 } };
  static const char settings[] = "augment=paper drop-rate=0.5 seed=2";
  GBytes *first[4], *second[2];
  run_clips (settings, whole, 4, first);
  run_clips (settings, whole + 2, 2, second);
  g_assert_cmpint (g_bytes_compare (first[2], second[0]), ==, 0);
  g_assert_cmpint (g_bytes_compare (first[3], second[1]), ==, 0);
  for (guint i = 0; i < 4; i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpint (g_bytes_compare (first[i], first[j]), !=, 0);
  for (guint i = 0; i < 4; i++)
    g_bytes_unref (first[i]);
  g_bytes_unref (second[0]);
  g_bytes_unref (second[1]);
}

static void
expect_window (GstHarness *h, const VattAugmentKey *key, GstClockTime start,
    guint index, guint number)
{
  const VattAugmentParams params = params_of (VATT_AUGMENT_PAPER);
  const VattAugmentBox whole = { 0, 0, WIDTH, HEIGHT };
  float found[SIDE * SIDE * 3], expected[SIDE * SIDE * 3];
  g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, start);
  read_picture (buffer, index, found);
  expect_picture (&params, key, whole, WIDTH, HEIGHT, number, expected);
  assert_levels (found, expected);
}

/* The event within a segment ends a clip: what is there of its window is filled
 * up, and windows are counted anew. As it comes again, it says nothing. After a
 * flush the clip is still the same. */
static void
test_event_in_segment (void)
{
  GstHarness *h = video_harness ("augment=paper augment-settings=a,colour=0");
  begin_clip (h, 0, 2, 4);
  push_pictures (h, WIDTH, HEIGHT, 0, 40);
  GstEvent *event = gst_pad_get_sticky_event (
      h->srcpad, GST_EVENT_CUSTOM_DOWNSTREAM_STICKY, 0);
  gst_harness_push_event (h, event);
  /* Nor do the events of others. */
  gst_harness_push_event (
      h, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, NULL));
  gst_harness_push_event (h, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
                                 gst_structure_new_empty ("vatt-clip")));
  g_assert_cmpuint (gst_harness_buffers_in_queue (h), ==, 0);
  gst_harness_push_event (h, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
                                 gst_structure_new ("vatt-clip", "clip",
                                     G_TYPE_UINT64, (guint64)5, NULL)));
  const VattAugmentKey first = { .epoch = 2, .clip = 4 };
  const VattAugmentKey second = { .clip = 5 };
  expect_window (h, &first, 0, 31, 39);

  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_pictures (h, WIDTH, HEIGHT, 0, 64);
  expect_window (h, &second, 0, 9, 18);
  gst_harness_push_event (h, gst_event_new_flush_start ());
  gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (h, gst_event_new_segment (&segment));
  push_pictures (h, WIDTH, HEIGHT, 0, 64);
  expect_window (h, &second, 0, 31, 62);
  gst_harness_teardown (h);
}

/* Without such an event each segment is a clip, and windows are counted in
 * it. */
static void
test_segments (void)
{
  const VattAugmentParams params = params_of (VATT_AUGMENT_LIGHT);
  const VattAugmentBox square = { 20, 0, 120, 120 };
  GstHarness *h =
      video_harness ("augment=light augment-settings=a,colour=0,flip=1");
  for (guint s = 0; s < 2; s++) {
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    segment.base = s * 2 * SPAN;
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    push_pictures (h, WIDTH, HEIGHT, 0, 128);
    for (guint k = 0; k < 2; k++) {
      g_autoptr (GstBuffer) buffer = gst_harness_try_pull (h);
      g_assert_nonnull (buffer);
      const VattAugmentKey key = { .clip = s, .window = k };
      VattAugmentParams mirrored = params;
      float found[SIDE * SIDE * 3], expected[SIDE * SIDE * 3];
      mirrored.flip = 1.0;
      read_picture (buffer, 3, found);
      expect_picture (
          &mirrored, &key, square, WIDTH, HEIGHT, k * 64 + 6, expected);
      assert_levels (found, expected);
    }
  }
  gst_harness_teardown (h);
}

/* ---- where windows begin ---- */

static void
push_sound (GstHarness *h, guint n_samples)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, n_samples * 4, NULL);
  GstMapInfo map;
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (guint i = 0; i < n_samples; i++)
    ((float *)map.data)[i] = 0.5f * sinf (0.2f * (float)i);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 0;
  g_assert_cmpint (gst_harness_push (h, buffer), ==, GST_FLOW_OK);
}

static GstHarness *
audio_harness (const char *settings)
{
  g_autofree char *line = g_strdup_printf ("vattaudiotok %s", settings);
  GstHarness *h = gst_harness_new_parse (line);
  gst_harness_set_src_caps_str (
      h, "audio/x-raw,format=" GST_AUDIO_NE (
             F32) ",layout=interleaved,channels=1,rate=16000");
  return h;
}

/* Pictures and sound of a clip begin at the same random time; where the end of
 * the clip is known, so early that a window still fits. */
static void
test_start_jitter (void)
{
  static const char settings[] = "start-jitter=2000000000 seed=5 tail=drop";
  GstHarness *v = video_harness (settings), *a = audio_harness (settings);
  GstClockTime before = GST_CLOCK_TIME_NONE, latest = 0;
  for (guint64 clip = 0; clip < 12; clip++) {
    /* 3 s: 0.44 s to choose from. */
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    segment.stop = 3 * GST_SECOND;
    segment.base = clip * 3 * GST_SECOND;
    gst_harness_push_event (v, gst_event_new_segment (&segment));
    gst_harness_push_event (a, gst_event_new_segment (&segment));
    push_pictures (v, WIDTH, HEIGHT, 0, 75);
    push_sound (a, 48000);
    g_autoptr (GstBuffer) seen = gst_harness_try_pull (v);
    g_autoptr (GstBuffer) heard = gst_harness_try_pull (a);
    g_assert_nonnull (seen);
    g_assert_nonnull (heard);
    GstClockTime start = GST_BUFFER_PTS (seen);
    g_assert_cmpuint (start, ==, GST_BUFFER_PTS (heard));
    g_assert_cmpuint (start, <=, 440 * GST_MSECOND);
    g_assert_cmpuint (start, !=, before);
    before = start;
    latest = MAX (latest, start);
  }
  g_assert_cmpuint (latest, >, 220 * GST_MSECOND);
  gst_harness_teardown (v);
  gst_harness_teardown (a);
}

/* ---- sound ---- */

/* The window's samples, changed as the library does, to log-mel. */
static void
test_sound (void)
{
  GstHarness *h =
      audio_harness ("augment=light augment-settings=\"a,noise=0.02\" seed=9");
  push_sound (h, 40960);
  g_autoptr (GBytes) found = pull_bytes (h);
  gst_harness_teardown (h);

  VattAugmentParams params = params_of (VATT_AUGMENT_LIGHT);
  params.noise = 0.02;
  const VattAugmentKey key = { .seed = 9 };
  VattAugmentDraw draw;
  g_autofree float *wave = g_new (float, 40960);
  for (guint i = 0; i < 40960; i++)
    wave[i] = 0.5f * sinf (0.2f * (float)i);
  vatt_augment_draw (&params, &key, &draw);
  vatt_augment_wave (&draw, wave, 40960);
  VattMelParams sizes;
  vatt_mel_params_init (&sizes, 16000);
  sizes.frame = 400;
  sizes.hop = 160;
  g_autoptr (VattMel) mel = vatt_mel_new (&sizes, NULL);
  g_autofree float *expected = g_new (float, 256 * 80);
  vatt_mel_compute (mel, wave, 40960, 256, expected);
  gsize size;
  const float *values = g_bytes_get_data (found, &size);
  g_assert_cmpuint (size, ==, 256 * 80 * sizeof (float));
  /* Patches of 4 x 80 are rows of the spectrogram one after the other. */
  for (guint i = 0; i < 256 * 80; i++)
    g_assert_cmpfloat (fabsf (values[i] - expected[i]), <, 1e-5f);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augmented/boxes", test_boxes);
  g_test_add_func ("/augmented/crop-box", test_crop_box);
  g_test_add_func ("/augmented/caps-change", test_caps_change);
  g_test_add_func ("/augmented/still", test_still);
  g_test_add_func ("/augmented/resumed", test_resumed);
  g_test_add_func ("/augmented/event-in-segment", test_event_in_segment);
  g_test_add_func ("/augmented/segments", test_segments);
  g_test_add_func ("/augmented/start-jitter", test_start_jitter);
  g_test_add_func ("/augmented/sound", test_sound);
  int failures = g_test_run ();
  gst_deinit ();
  return failures;
}
