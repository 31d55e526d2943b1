/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Scaling and crops; the published code's pictures are in tests/golden. */
#include <vatt/resize.h>

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
  g_test_add_func ("/resize/geometry", test_geometry);
  g_test_add_func ("/resize/identity", test_identity);
  g_test_add_func ("/resize/errors", test_errors);
  return g_test_run ();
}
