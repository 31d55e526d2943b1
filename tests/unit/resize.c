/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scaling and crops against the published code's pictures, to the last bit. */
#include <string.h>

#include <vatt/clip.h>
#include <vatt/resize.h>

#include "golden.h"

enum { FRAMES = 2, HEIGHT = 37, WIDTH = 53, SHORT = 24, LONG = 34, CROP = 20 };

static VattResize *
golden_resize (void)
{
  guint width, height;
  vatt_resize_shortest (WIDTH, HEIGHT, SHORT, &width, &height);
  g_assert_cmpuint (width, ==, LONG);
  g_assert_cmpuint (height, ==, SHORT);
  g_autoptr (GError) error = NULL;
  VattResize *resize = vatt_resize_new (WIDTH, HEIGHT, width, height, &error);
  g_assert_no_error (error);
  return resize;
}

static void
test_golden_u8 (void)
{
  gsize n, count;
  g_autofree guint8 *frames = golden_u8 ("resize:frames", &n);
  g_autofree guint8 *expected = golden_u8 ("resize:resize_smallest_24", &count);
  if (frames == NULL || expected == NULL)
    return;
  g_assert_cmpuint (count, ==, FRAMES * SHORT * LONG * 3);
  g_autoptr (VattResize) resize = golden_resize ();
  /* Strides of both sides are longer than their rows. */
  enum { IN = WIDTH * 3 + 5, OUT = LONG * 3 + 2 };
  guint8 in[HEIGHT * IN], out[SHORT * OUT];
  for (guint t = 0; t < FRAMES; t++) {
    memset (out, 0xee, sizeof out);
    for (guint y = 0; y < HEIGHT; y++)
      memcpy (in + y * IN, frames + (t * HEIGHT + y) * WIDTH * 3, WIDTH * 3);
    vatt_resize_u8 (resize, in, IN, out, OUT);
    for (guint y = 0; y < SHORT; y++) {
      g_assert_cmpmem (out + y * OUT, LONG * 3,
          expected + (t * SHORT + y) * LONG * 3, LONG * 3);
      g_assert_cmphex (out[y * OUT + LONG * 3], ==, 0xee);
    }
  }
}

/* The float form, cut off, is the 8-bit form. */
static void
test_golden_float (void)
{
  gsize n, count;
  g_autofree guint8 *frames = golden_u8 ("resize:frames", &n);
  g_autofree guint8 *expected = golden_u8 ("resize:resize_smallest_24", &count);
  if (frames == NULL || expected == NULL)
    return;
  g_autoptr (VattResize) resize = golden_resize ();
  float in[HEIGHT * WIDTH * 3], out[SHORT * LONG * 3];
  for (guint t = 0; t < FRAMES; t++) {
    for (guint i = 0; i < G_N_ELEMENTS (in); i++)
      in[i] = frames[t * G_N_ELEMENTS (in) + i];
    vatt_resize_float (resize, in, out);
    for (guint i = 0; i < G_N_ELEMENTS (out); i++)
      g_assert_cmpuint (
          (guint8)out[i], ==, expected[t * G_N_ELEMENTS (out) + i]);
  }
}

static void
check_crop (const guint8 *small, guint x, guint y, const guint8 *expected)
{
  for (guint row = 0; row < CROP; row++)
    g_assert_cmpmem (small + ((y + row) * LONG + x) * 3, CROP * 3,
        expected + row * CROP * 3, CROP * 3);
}

/* Three crops take the shorter side of the picture whole, so that here its
 * offset is that of the file: 0. Crops come before frames. */
static void
test_golden_crops (void)
{
  gsize n;
  g_autofree guint8 *small = golden_u8 ("resize:resize_smallest_24", &n);
  g_autofree guint8 *central = golden_u8 ("resize:central_crop_20", &n);
  g_autofree guint8 *three = golden_u8 ("resize:multi_crop_20", &n);
  if (small == NULL || central == NULL || three == NULL)
    return;
  guint offsets[3];
  vatt_crop_three (LONG, CROP, offsets);
  for (guint t = 0; t < FRAMES; t++) {
    const guint8 *picture = small + t * SHORT * LONG * 3;
    check_crop (picture, vatt_crop_central (LONG, CROP),
        vatt_crop_central (SHORT, CROP), central + t * CROP * CROP * 3);
    for (guint c = 0; c < 3; c++)
      check_crop (
          picture, offsets[c], 0, three + (c * FRAMES + t) * CROP * CROP * 3);
  }
}

static void
test_golden_scale (void)
{
  gsize n, count;
  g_autofree guint8 *small = golden_u8 ("resize:resize_smallest_24", &n);
  g_autofree float *expected = golden_f32 ("resize:normalised", &count);
  if (small == NULL || expected == NULL)
    return;
  const guint grid[3] = { FRAMES, 1, 1 };
  const guint patch[3] = { 1, SHORT, LONG };
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_VIDEO, 1, grid, SHORT * LONG * 3, NULL);
  g_assert_nonnull (clip);
  for (guint t = 0; t < FRAMES; t++)
    g_assert_true (vatt_clip_fill_frame_u8 (clip, 0, t,
        small + t * SHORT * LONG * 3, LONG * 3, patch, SHORT, LONG,
        VATT_SCALE_SYMMETRIC, VATT_OFFSET_SYMMETRIC, NULL));
  g_assert_cmpmem (vatt_clip_values (clip), n * sizeof (float), expected,
      count * sizeof (float));
}

static void
check_three (guint length, guint size, guint middle)
{
  guint offsets[3];
  vatt_crop_three (length, size, offsets);
  g_assert_cmpuint (offsets[0], ==, 0);
  g_assert_cmpuint (offsets[1], ==, middle);
  g_assert_cmpuint (offsets[2], ==, length - size);
}

static void
test_geometry (void)
{
  guint width, height;
  vatt_resize_shortest (1920, 1080, 224, &width, &height);
  g_assert_cmpuint (width, ==, 398);
  g_assert_cmpuint (height, ==, 224);
  vatt_resize_shortest (3, 7, 224, &width, &height);
  g_assert_cmpuint (width, ==, 224);
  g_assert_cmpuint (height, ==, 522);
  vatt_resize_shortest (G_MAXUINT, 1, 224, &width, &height);
  g_assert_cmpuint (width, ==, G_MAXUINT);
  check_three (224, 224, 0);
  check_three (225, 224, 0);  /* 112.5 - 112 = 0.5 */
  check_three (227, 224, 2);  /* 113.5 - 112 = 1.5 */
  check_three (229, 224, 2);  /* 2.5 */
  check_three (7, 7, 0);      /* 3.5 - 3 */
  check_three (398, 224, 87); /* 199 - 112 */
}

/* The same size leaves every pixel as it is; one pixel fills all. */
static void
test_identity (void)
{
  guint8 in[5 * 7 * 3], out[5 * 7 * 3];
  for (guint i = 0; i < sizeof in; i++)
    in[i] = (guint8)(i * 37);
  g_autoptr (VattResize) same = vatt_resize_new (7, 5, 7, 5, NULL);
  vatt_resize_u8 (same, in, 7 * 3, out, 7 * 3);
  g_assert_cmpmem (in, sizeof in, out, sizeof out);
  g_autoptr (VattResize) spread = vatt_resize_new (1, 1, 7, 5, NULL);
  vatt_resize_u8 (spread, in, 3, out, 7 * 3);
  for (guint i = 0; i < sizeof out; i++)
    g_assert_cmpuint (out[i], ==, in[i % 3]);
}

static void
test_errors (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_resize_new (0, 5, 7, 5, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_clear_error (&error);
  g_assert_null (vatt_resize_new (7, 5, 7, 32769, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/resize/golden-u8", test_golden_u8);
  g_test_add_func ("/resize/golden-float", test_golden_float);
  g_test_add_func ("/resize/golden-crops", test_golden_crops);
  g_test_add_func ("/resize/golden-scale", test_golden_scale);
  g_test_add_func ("/resize/geometry", test_geometry);
  g_test_add_func ("/resize/identity", test_identity);
  g_test_add_func ("/resize/errors", test_errors);
  return g_test_run ();
}
