/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Augmentation that changes the order of things: pictures mirrored either way,
 * clips that run backwards, sound anywhere in its window. */
#include <math.h>
#include <string.h>

#include <vatt/augment.h>
#include <vatt/resize.h>

enum { FRAMES = 5, HEIGHT = 19, WIDTH = 21 }; /* one of each fills no patch */
static const guint patch[3] = { 2, 6, 5 };
static const guint grid[3] = { 2, 3, 4 };
#define TOKEN (2 * 6 * 5 * 3)

static guint8
pixel (guint t, guint y, guint x, guint c)
{
  return (guint8)(t * 67 + y * 29 + x * 11 + c * 3);
}

static VattClip *
new_clip (void)
{
  g_autoptr (GError) error = NULL;
  VattClip *clip = vatt_clip_new (VATT_VIDEO, 1, grid, TOKEN, &error);
  g_assert_no_error (error);
  return clip;
}

/* What is written of each picture as it comes is what the clip is of pictures
 * that were put in that order before. */
static void
test_pictures (void)
{
  for (guint bits = 0; bits < 8; bits++) {
    const VattAugmentDraw draw = {
      .flip = bits & 1, .flip_vertical = bits >> 1 & 1, .reverse = bits >> 2 & 1
    };
    g_autoptr (VattClip) found = new_clip ();
    g_autoptr (VattClip) expected = new_clip ();
    guint8 picture[HEIGHT][WIDTH][3], other[HEIGHT][WIDTH][3];
    for (guint t = 0; t < FRAMES; t++) {
      /* Four pictures make patches. */
      guint from = draw.reverse && t < 4 ? 3 - t : t;
      for (guint y = 0; y < HEIGHT; y++)
        for (guint x = 0; x < WIDTH; x++)
          for (guint c = 0; c < 3; c++) {
            picture[y][x][c] = pixel (t, y, x, c);
            other[y][x][c] =
                pixel (from, draw.flip_vertical ? HEIGHT - 1 - y : y,
                    draw.flip ? WIDTH - 1 - x : x, c);
          }
      g_assert_true (vatt_augment_fill_frame_u8 (&draw, found, 0, t,
          &picture[0][0][0], 3 * WIDTH, patch, HEIGHT, WIDTH, NULL));
      g_assert_true (vatt_clip_fill_frame_u8 (expected, 0, t, &other[0][0][0],
          3 * WIDTH, patch, HEIGHT, WIDTH, VATT_SCALE_SYMMETRIC,
          VATT_OFFSET_SYMMETRIC, NULL));
    }
    gsize size = 2 * 3 * 4 * TOKEN * sizeof (float);
    g_assert_cmpmem (
        vatt_clip_values (found), size, vatt_clip_values (expected), size);
  }
}

static void
test_video (void)
{
  const VattAugmentDraw draw = { .flip_vertical = TRUE, .reverse = TRUE };
  float video[FRAMES][HEIGHT][WIDTH][3];
  for (guint i = 0; i < FRAMES * HEIGHT * WIDTH * 3; i++)
    (&video[0][0][0][0])[i] = (float)i;
  vatt_augment_video (&draw, &video[0][0][0][0], FRAMES, HEIGHT, WIDTH);
  for (guint t = 0; t < FRAMES; t++)
    for (guint y = 0; y < HEIGHT; y++)
      for (guint i = 0; i < WIDTH * 3; i++)
        g_assert_cmpfloat ((&video[t][y][0][0])[i], ==,
            (float)(((FRAMES - 1 - t) * HEIGHT + HEIGHT - 1 - y) * WIDTH * 3 +
                    i));
}

/* Colours are those of the picture, wherever it goes. */
static void
test_colours (void)
{
  VattAugmentDraw draw = { .colour = TRUE,
    .brightness = 0.05f,
    .saturation = 1.2f,
    .contrast = 1.3f,
    .hue = 0.1f };
  guint8 picture[HEIGHT][WIDTH][3];
  g_autoptr (VattClip) plain = new_clip ();
  g_autoptr (VattClip) reversed = new_clip ();
  for (guint t = 0; t < 4; t++) {
    for (guint y = 0; y < HEIGHT; y++)
      for (guint x = 0; x < WIDTH; x++)
        for (guint c = 0; c < 3; c++)
          picture[y][x][c] = pixel (t, y, x, c);
    for (guint i = 0; i < 2; i++) {
      draw.reverse = i == 1;
      g_assert_true (vatt_augment_fill_frame_u8 (&draw, i ? reversed : plain, 0,
          t, &picture[0][0][0], 3 * WIDTH, patch, HEIGHT, WIDTH, NULL));
    }
  }
  const gsize slice = TOKEN / 2;
  for (guint t = 0; t < 4; t++)
    for (guint k = 0; k < 12; k++) {
      guint u = 3 - t;
      g_assert_cmpmem (
          vatt_clip_values (plain) + (t / 2 * 12 + k) * TOKEN + t % 2 * slice,
          slice * sizeof (float),
          vatt_clip_values (reversed) + (u / 2 * 12 + k) * TOKEN +
              u % 2 * slice,
          slice * sizeof (float));
    }
}

static void
test_sound (void)
{
  enum { N = 100, SOUND = 30 };
  float wave[N] = { 0.0f };
  for (guint i = 0; i < SOUND; i++)
    wave[i] = (float)(i + 1);
  const VattAugmentDraw draw = { .place = 0.5f, .gain = 2.0f, .reverse = TRUE };
  vatt_augment_place (&draw, wave, N, SOUND);
  for (guint i = 0; i < N; i++)
    g_assert_cmpfloat (
        wave[i], ==, i >= 35 && i < 35 + SOUND ? (float)(i - 34) : 0.0f);
  vatt_augment_wave (&draw, wave, N);
  for (guint i = 0; i < N; i++) {
    guint j = N - 1 - i;
    g_assert_cmpfloat (
        wave[i], ==, j >= 35 && j < 35 + SOUND ? 2.0f * (float)(j - 34) : 0.0f);
  }
  vatt_augment_place (&draw, wave, N, N);
  vatt_augment_place (&draw, NULL, 0, 0);
}

/* Chances, and that the settings leave what else is drawn alone. */
static void
test_draw (void)
{
  enum { TIMES = 4000 };
  VattAugmentParams params, other;
  double times[2] = { 0.0 }, place = 0.0;
  g_autoptr (GError) error = NULL;
  vatt_augment_params_init (&params, VATT_AUGMENT_PAPER);
  other = params;
  g_assert_true (
      vatt_augment_params_set (&params, "flip-vertical", 0.3, &error));
  g_assert_true (vatt_augment_params_set (&params, "reverse", 0.6, &error));
  g_assert_true (vatt_augment_params_set (&params, "place", 0.8, &error));
  g_assert_true (vatt_augment_params_affect (&params, VATT_AUDIO));
  g_assert_false (vatt_augment_params_affect (&other, VATT_AUDIO));
  for (guint i = 0; i < TIMES; i++) {
    const VattAugmentKey key = { .seed = 1, .clip = i };
    VattAugmentDraw draw, without;
    vatt_augment_draw (&params, &key, &draw);
    vatt_augment_draw (&other, &key, &without);
    g_assert_false (without.flip_vertical || without.reverse);
    g_assert_cmpfloat (without.place, ==, 0.0f);
    g_assert_true (draw.place >= 0.0f && draw.place <= 0.8f);
    times[0] += draw.flip_vertical;
    times[1] += draw.reverse;
    place += (double)draw.place;
    g_assert_cmpuint (draw.key, ==, without.key);
    g_assert_cmpint (draw.flip, ==, without.flip);
    g_assert_cmpint (draw.colour, ==, without.colour);
    g_assert_cmpfloat (draw.brightness, ==, without.brightness);
    g_assert_cmpfloat (draw.hue, ==, without.hue);
    g_assert_cmpfloat (draw.gain, ==, without.gain);
  }
  /* Five standard deviations. */
  g_assert_cmpfloat_with_epsilon (
      times[0] / TIMES, 0.3, 5.0 * sqrt (0.3 * 0.7 / TIMES));
  g_assert_cmpfloat_with_epsilon (
      times[1] / TIMES, 0.6, 5.0 * sqrt (0.6 * 0.4 / TIMES));
  g_assert_cmpfloat_with_epsilon (
      place / TIMES, 0.4, 5.0 * 0.8 / sqrt (12.0 * TIMES));
  g_assert_false (vatt_augment_params_set (&params, "place", 1.5, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/augmentorder/pictures", test_pictures);
  g_test_add_func ("/augmentorder/video", test_video);
  g_test_add_func ("/augmentorder/colours", test_colours);
  g_test_add_func ("/augmentorder/sound", test_sound);
  g_test_add_func ("/augmentorder/draw", test_draw);
  return g_test_run ();
}
