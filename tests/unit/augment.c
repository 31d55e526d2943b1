/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is drawn for a clip and what is done to it; colours have a test of their
 * own, and the published code's are in tests/golden. */
#include <math.h>
#include <string.h>

#include <vatt/augment.h>
#include <vatt/resize.h>

#include "rng.h"

static VattAugmentParams
preset (VattAugmentPreset which)
{
  VattAugmentParams params;
  vatt_augment_params_init (&params, which);
  return params;
}

static VattAugmentDraw
draw_clip (const VattAugmentParams *params, guint64 epoch, guint64 clip)
{
  const VattAugmentKey key = { .seed = 5, .epoch = epoch, .clip = clip };
  VattAugmentDraw draw;
  vatt_augment_draw (params, &key, &draw);
  return draw;
}

/* The mean of n numbers uniform about a middle with this half width deviates by
 * half / sqrt (3 n); five times that. */
static void
assert_mean (double sum, guint n, double middle, double half)
{
  g_assert_cmpfloat (fabs (sum / n - middle), <, 5.0 * half / sqrt (3.0 * n));
}

static void
test_draw (void)
{
  const guint n = 20000;
  const VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  double flips = 0, colours = 0, sums[4] = { 0 };
  for (guint i = 0; i < n; i++) {
    VattAugmentDraw draw = draw_clip (&params, i % 7, i);
    flips += draw.flip;
    colours += draw.colour;
    g_assert_cmpfloat (fabs ((double)draw.brightness), <=, 32.0 / 255 + 1e-7);
    g_assert_cmpfloat (fabs ((double)draw.saturation - 1), <=, 0.4 + 1e-7);
    g_assert_cmpfloat (fabs ((double)draw.contrast - 1), <=, 0.4 + 1e-7);
    g_assert_cmpfloat (fabs ((double)draw.hue), <=, 0.2 + 1e-7);
    g_assert_cmpfloat (draw.gain, ==, 1.0f);
    sums[0] += (double)draw.brightness;
    sums[1] += (double)draw.saturation;
    sums[2] += (double)draw.contrast;
    sums[3] += (double)draw.hue;
  }
  g_assert_cmpfloat (fabs (flips / n - 0.5), <, 5 * sqrt (0.25 / n));
  g_assert_cmpfloat (fabs (colours / n - 0.8), <, 5 * sqrt (0.16 / n));
  assert_mean (sums[0], n, 0.0, 32.0 / 255);
  assert_mean (sums[1], n, 1.0, 0.4);
  assert_mean (sums[2], n, 1.0, 0.4);
  assert_mean (sums[3], n, 0.0, 0.2);
}

/* Field by field: there may be padding between them. */
static void
assert_same_draw (const VattAugmentDraw *a, const VattAugmentDraw *b)
{
  g_assert_cmpuint (a->key, ==, b->key);
  g_assert_cmpint (a->flip, ==, b->flip);
  g_assert_cmpint (a->flip_vertical, ==, b->flip_vertical);
  g_assert_cmpint (a->reverse, ==, b->reverse);
  g_assert_cmpint (a->colour, ==, b->colour);
  g_assert_cmpfloat (a->brightness, ==, b->brightness);
  g_assert_cmpfloat (a->saturation, ==, b->saturation);
  g_assert_cmpfloat (a->contrast, ==, b->contrast);
  g_assert_cmpfloat (a->hue, ==, b->hue);
  g_assert_cmpfloat (a->place, ==, b->place);
  g_assert_cmpfloat (a->gain, ==, b->gain);
  g_assert_cmpfloat (a->noise, ==, b->noise);
}

/* The same key gives the same numbers, each other key others. */
static void
test_keys (void)
{
  const VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  static const VattAugmentKey keys[] = {
    { .seed = 5, .epoch = 1, .clip = 2, .window = 3 },
    { .seed = 6, .epoch = 1, .clip = 2, .window = 3 },
    { .seed = 5, .epoch = 2, .clip = 2, .window = 3 },
    { .seed = 5, .epoch = 1, .clip = 3, .window = 3 },
    { .seed = 5, .epoch = 1, .clip = 2, .window = 4 },
    { .seed = 5, .epoch = 2, .clip = 1, .window = 3 },
  };
  VattAugmentDraw draws[G_N_ELEMENTS (keys)];
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    VattAugmentDraw again;
    vatt_augment_draw (&params, &keys[i], &draws[i]);
    vatt_augment_draw (&params, &keys[i], &again);
    assert_same_draw (&draws[i], &again);
    for (guint j = 0; j < i; j++) {
      g_assert_cmpuint (draws[i].key, !=, draws[j].key);
      g_assert_cmpfloat (draws[i].brightness, !=, draws[j].brightness);
      g_assert_cmpfloat (vatt_augment_fraction (&keys[i]), !=,
          vatt_augment_fraction (&keys[j]));
    }
  }
  /* One setting does not move the numbers of another. */
  VattAugmentParams fewer = params;
  fewer.brightness = fewer.flip = 0.0;
  VattAugmentDraw draw;
  vatt_augment_draw (&fewer, &keys[0], &draw);
  g_assert_cmpfloat (draw.hue, ==, draws[0].hue);
  g_assert_cmpfloat (draw.contrast, ==, draws[0].contrast);
  g_assert_false (draw.flip);
}

/* Within the picture, the bounds of the shape kept but for what rounding to
 * pixels does, and everything reached. */
static void
check_boxes (guint width, guint height, gboolean all_shapes)
{
  const VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  const guint n = 20000;
  double area_low = 1, area_high = 0, aspect_low = 9, aspect_high = 0;
  double x = 0, y = 0;
  guint whole = 0;
  for (guint i = 0; i < n; i++) {
    VattAugmentDraw draw = draw_clip (&params, 0, i);
    VattAugmentBox box = { 0, 0, width, height }, again = box;
    vatt_augment_box (&params, &draw, width, height, &box);
    vatt_augment_box (&params, &draw, width, height, &again);
    g_assert_cmpmem (&box, sizeof box, &again, sizeof box);
    g_assert_cmpuint (box.width, >, 0);
    g_assert_cmpuint (box.height, >, 0);
    g_assert_cmpuint (box.x + box.width, <=, width);
    g_assert_cmpuint (box.y + box.height, <=, height);
    double area = (double)box.width * box.height / ((double)width * height);
    double aspect = (double)box.width / box.height;
    g_assert_cmpfloat (area, >=, 0.08);
    g_assert_cmpfloat (area, <=, 1.0);
    if (box.width == width && box.height == height) {
      whole++;
      continue;
    }
    g_assert_cmpfloat (aspect, >=, 0.5 - 0.5 / box.height - 1e-9);
    g_assert_cmpfloat (aspect, <=, 2.0 + 0.5 / box.height + 1e-9);
    area_low = MIN (area_low, area);
    area_high = MAX (area_high, area);
    aspect_low = MIN (aspect_low, aspect);
    aspect_high = MAX (aspect_high, aspect);
    x += ((double)box.x + 0.5 * box.width) / width;
    y += ((double)box.y + 0.5 * box.height) / height;
  }
  g_assert_cmpfloat (area_low, <, 0.1);
  g_assert_cmpuint (whole, <, n / 20);
  g_assert_cmpfloat (aspect_high, >, all_shapes ? 1.98 : 1.0);
  g_assert_cmpfloat (aspect_low, <, 0.53);
  if (all_shapes)
    g_assert_cmpfloat (area_high, >, 0.9);
  /* No side is preferred: a centre is within half a picture of the middle. */
  assert_mean (x, n - whole, 0.5, 0.5);
  assert_mean (y, n - whole, 0.5, 0.5);
}

static void
test_boxes (void)
{
  check_boxes (320, 240, TRUE);
  check_boxes (224, 224, TRUE);
  check_boxes (240, 320, TRUE);
}

/* No box of half the area fits into a line: all of it is taken. */
static void
test_box_that_does_not_fit (void)
{
  VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  params.area_min = 0.5;
  for (guint i = 0; i < 100; i++) {
    VattAugmentDraw draw = draw_clip (&params, 0, i);
    VattAugmentBox box = { 3, 0, 1000, 1 };
    vatt_augment_box (&params, &draw, 2000, 5, &box);
    g_assert_cmpuint (box.x, ==, 3);
    g_assert_cmpuint (box.width, ==, 1000);
    g_assert_cmpuint (box.height, ==, 1);
  }
}

/* The mouth of the recipes: 64 x 48 pixels that move by up to 6, each place as
 * often as the others; at the edge of a picture they stay inside. */
static void
test_shift (void)
{
  const VattAugmentParams params = preset (VATT_AUGMENT_LIGHT);
  const guint n = 13000;
  guint columns[13] = { 0 }, rows[13] = { 0 };
  for (guint i = 0; i < n; i++) {
    VattAugmentDraw draw = draw_clip (&params, 1, i);
    VattAugmentBox box = { 72, 120, 64, 48 }, corner = { 0, 176, 64, 48 };
    vatt_augment_box (&params, &draw, 224, 224, &box);
    g_assert_cmpuint (box.width, ==, 64);
    g_assert_cmpuint (box.height, ==, 48);
    g_assert_true (box.x >= 66 && box.x <= 78);
    g_assert_true (box.y >= 114 && box.y <= 126);
    columns[box.x - 66]++;
    rows[box.y - 114]++;
    vatt_augment_box (&params, &draw, 224, 224, &corner);
    g_assert_cmpuint (corner.x, <=, 6);
    g_assert_true (corner.y >= 170 && corner.y <= 176);
  }
  for (guint i = 0; i < 13; i++) {
    g_assert_cmpfloat (fabs (columns[i] - 1000.0), <, 5 * sqrt (1000));
    g_assert_cmpfloat (fabs (rows[i] - 1000.0), <, 5 * sqrt (1000));
  }
}

/* Nothing is drawn that would change anything. */
static void
test_none (void)
{
  const VattAugmentParams params = preset (VATT_AUGMENT_NONE);
  g_assert_false (vatt_augment_params_affect (&params, VATT_VIDEO));
  g_assert_false (vatt_augment_params_affect (&params, VATT_AUDIO));
  VattAugmentDraw draw = draw_clip (&params, 0, 0);
  g_assert_false (draw.flip);
  g_assert_false (draw.colour);
  VattAugmentBox box = { 1, 2, 3, 4 };
  vatt_augment_box (&params, &draw, 9, 9, &box);
  g_assert_true (box.x == 1 && box.y == 2 && box.width == 3 && box.height == 4);
  float wave[] = { -0.5f, 0.25f, 0.1f };
  const float before[] = { -0.5f, 0.25f, 0.1f };
  vatt_augment_wave (&draw, wave, 3);
  g_assert_cmpmem (wave, sizeof wave, before, sizeof before);
}

static void
test_settings (void)
{
  static const struct {
    const char *name;
    double value;
    const char *words; /* NULL: allowed */
  } cases[] = {
    { "area-min", 0.3, NULL },
    { "hue", 0.5, NULL },
    { "area-min", 0.0, "area-min is 0, expected 0.001 to 1" },
    { "flip", 1.5, "flip is 1.5, expected 0 to 1" },
    { "noise", -1.0, "noise is -1" },
    { "gain", NAN, "gain is nan" },
    { "colors", 0.1, "'colors', expected one of area-min, " },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    VattAugmentParams params = preset (VATT_AUGMENT_NONE);
    g_autoptr (GError) error = NULL;
    gboolean set = vatt_augment_params_set (
        &params, cases[i].name, cases[i].value, &error);
    g_assert_true (set == !cases[i].words);
    if (set)
      continue;
    g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
    g_assert_nonnull (strstr (error->message, cases[i].words));
  }
  VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  g_assert_true (vatt_augment_params_check (&params, NULL));
  g_autoptr (GError) error = NULL;
  g_assert_true (vatt_augment_params_set (&params, "area-max", 0.05, NULL));
  g_assert_false (vatt_augment_params_check (&params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "area-min is 0.08"));
}

/* ---- pictures ---- */

static guint8 *
noise_picture (guint width, guint height, guint64 stream)
{
  guint8 *rgb = g_new (guint8, (gsize)width * height * 3);
  for (gsize i = 0; i < (gsize)width * height * 3; i++)
    rgb[i] = (guint8)vatt_rng_u32 (1, stream, i);
  return rgb;
}

/* A frame that is mirrored on its way into a clip is the mirrored frame, also
 * where columns are left over. */
static void
test_mirrored (void)
{
  const guint width = 37, height = 18;
  const guint patch[3] = { 2, 8, 16 }, grid[3] = { 1, 2, 2 };
  g_autofree guint8 *rgb = noise_picture (width, height, 0);
  g_autofree guint8 *mirrored = g_new (guint8, width * height * 3);
  for (guint y = 0; y < height; y++)
    for (guint x = 0; x < width; x++)
      memcpy (mirrored + (y * width + width - 1 - x) * 3,
          rgb + (y * width + x) * 3, 3);
  g_autoptr (VattClip) found = vatt_clip_new (VATT_VIDEO, 1, grid, 768, NULL);
  g_autoptr (VattClip) expected =
      vatt_clip_new (VATT_VIDEO, 1, grid, 768, NULL);
  const VattAugmentDraw draw = { .flip = TRUE };
  g_assert_true (vatt_augment_fill_frame_u8 (
      &draw, found, 0, 1, rgb, width * 3, patch, height, width, NULL));
  g_assert_true (vatt_clip_fill_frame_u8 (expected, 0, 1, mirrored, width * 3,
      patch, height, width, VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, NULL));
  g_assert_cmpmem (vatt_clip_values (found), 4 * 768 * sizeof (float),
      vatt_clip_values (expected), 4 * 768 * sizeof (float));
}

/* One frame after the other into patches, or all pictures before: the same. The
 * mean colour is summed in another order: a rounding. */
static void
test_frames_and_video (void)
{
  const guint side = 32, frames = 4;
  const guint patch[3] = { 2, 16, 16 }, grid[3] = { 2, 2, 2 };
  const gsize picture = (gsize)side * side * 3, n = frames * picture;
  const VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  for (guint i = 0; i < 8; i++) {
    VattAugmentDraw draw = draw_clip (&params, 0, i);
    g_autoptr (VattClip) found =
        vatt_clip_new (VATT_VIDEO, 2, grid, 1536, NULL);
    g_autoptr (VattClip) expected =
        vatt_clip_new (VATT_VIDEO, 2, grid, 1536, NULL);
    g_autofree float *video = g_new (float, n);
    for (guint t = 0; t < frames; t++) {
      g_autofree guint8 *rgb = noise_picture (side, side, t);
      g_assert_true (vatt_augment_fill_frame_u8 (
          &draw, found, 1, t, rgb, side * 3, patch, side, side, NULL));
      for (gsize k = 0; k < picture; k++)
        video[t * picture + k] =
            (float)rgb[k] * VATT_SCALE_SYMMETRIC + VATT_OFFSET_SYMMETRIC;
    }
    vatt_augment_video (&draw, video, frames, side, side);
    g_assert_true (vatt_clip_fill_video (
        expected, 1, video, frames, side, side, patch, NULL));
    const float *a = vatt_clip_values (found);
    const float *b = vatt_clip_values (expected);
    for (gsize k = 0; k < 2 * n; k++) {
      g_assert_cmpfloat (fabs ((double)a[k] - (double)b[k]), <=, 1e-6);
      g_assert_cmpfloat (fabs ((double)a[k]), <=, 1.0);
    }
  }
}

/* A clip of one picture is a clip of one picture afterwards. */
static void
test_all_frames_alike (void)
{
  const guint patch[3] = { 2, 16, 16 }, grid[3] = { 2, 1, 1 };
  const VattAugmentParams params = preset (VATT_AUGMENT_PAPER);
  VattAugmentDraw draw = draw_clip (&params, 0, 1);
  draw.colour = draw.flip = TRUE;
  g_autofree guint8 *rgb = noise_picture (16, 16, 0);
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_VIDEO, 1, grid, 1536, NULL);
  for (guint t = 0; t < 4; t++)
    g_assert_true (vatt_augment_fill_frame_u8 (
        &draw, clip, 0, t, rgb, 48, patch, 16, 16, NULL));
  const float *values = vatt_clip_values (clip);
  for (guint t = 1; t < 4; t++)
    g_assert_cmpmem (
        values, 768 * sizeof (float), values + t * 768, 768 * sizeof (float));
}

static void
test_wrong_frame (void)
{
  const guint patch[3] = { 2, 16, 16 }, grid[3] = { 2, 1, 1 };
  const VattAugmentDraw draw = { .flip = TRUE };
  g_autofree guint8 *rgb = noise_picture (32, 16, 0);
  g_autoptr (VattClip) clip = vatt_clip_new (VATT_VIDEO, 1, grid, 1536, NULL);
  g_autoptr (GError) error = NULL;
  g_assert_false (vatt_augment_fill_frame_u8 (
      &draw, clip, 0, 0, rgb, 96, patch, 16, 32, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
}

/* ---- sound ---- */

static void
test_wave (void)
{
  const gsize n = 10001;
  VattAugmentParams params = preset (VATT_AUGMENT_LIGHT);
  params.noise = 0.01;
  g_assert_true (vatt_augment_params_affect (&params, VATT_AUDIO));
  VattAugmentDraw draw = draw_clip (&params, 2, 9);
  g_assert_cmpfloat (draw.gain, !=, 1.0f);
  g_assert_cmpfloat (fabsf (logf (draw.gain)), <=, 0.5f + 1e-6f);
  g_autofree float *wave = g_new (float, n);
  g_autofree float *again = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    wave[i] = again[i] = sinf (0.1f * (float)i);
  vatt_augment_wave (&draw, wave, n);
  vatt_augment_wave (&draw, again, n);
  g_assert_cmpmem (wave, n * sizeof *wave, again, n * sizeof *wave);
  double sum = 0.0, squares = 0.0, neighbours = 0.0, before = 0.0;
  for (gsize i = 0; i < n; i++) {
    double noise =
        (double)wave[i] / (double)draw.gain - (double)sinf (0.1f * (float)i);
    sum += noise;
    squares += noise * noise;
    neighbours += noise * before;
    before = noise;
  }
  const double size = (double)n, level = 0.01;
  g_assert_cmpfloat (fabs (sum / size), <, 5 * level / sqrt (size));
  g_assert_cmpfloat (fabs (squares / size / (level * level) - 1), <,
      5 * sqrt (2 / size) + 1e-3);
  g_assert_cmpfloat (
      fabs (neighbours / size), <, 5 * level * level / sqrt (size));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augment/draw", test_draw);
  g_test_add_func ("/augment/keys", test_keys);
  g_test_add_func ("/augment/boxes", test_boxes);
  g_test_add_func (
      "/augment/box-that-does-not-fit", test_box_that_does_not_fit);
  g_test_add_func ("/augment/shift", test_shift);
  g_test_add_func ("/augment/none", test_none);
  g_test_add_func ("/augment/settings", test_settings);
  g_test_add_func ("/augment/mirrored", test_mirrored);
  g_test_add_func ("/augment/frames-and-video", test_frames_and_video);
  g_test_add_func ("/augment/all-frames-alike", test_all_frames_alike);
  g_test_add_func ("/augment/wrong-frame", test_wrong_frame);
  g_test_add_func ("/augment/wave", test_wave);
  return g_test_run ();
}
