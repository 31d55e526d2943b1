/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The bytes of .npy files, and what a failure leaves behind. */
#include <vatt/npy.h>

#include "tempdir.h"

#include <string.h>

static char *folder;

static void
test_bytes (void)
{
  const float data[6] = { 1, 2, 3, 4, 5, 6 };
  g_autofree char *path = g_build_filename (folder, "a.npy", NULL);
  g_autofree char *contents = NULL;
  gsize size;

  g_assert_true (vatt_npy_write (path, data, 3, 2, NULL));
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size, ==, 128 + sizeof (data));
  g_assert_cmpmem (contents, 10, "\x93NUMPY\x01\x00\x76\x00", 10);
  const char *text =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }";
  g_assert_cmpmem (contents + 10, strlen (text), text, strlen (text));
  g_assert_cmpint (contents[127], ==, '\n');
  g_assert_cmpmem (contents + 128, size - 128, data, sizeof (data));
}

static void
test_empty (void)
{
  g_autofree char *path = g_build_filename (folder, "empty.npy", NULL);
  g_autofree char *contents = NULL;
  gsize size;

  g_assert_true (vatt_npy_write (path, NULL, 0, 512, NULL));
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size % 64, ==, 0);
  g_assert_nonnull (strstr (contents + 10, "(0, 512)"));
}

static void
test_failures (void)
{
  const float data = 1;
  g_autofree char *path = g_build_filename (folder, "no", "a.npy", NULL);
  g_autoptr (GError) error = NULL;
  guint n_files = tempdir_count (folder);

  g_assert_false (vatt_npy_write (path, &data, 1, 1, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);
  g_assert_false (vatt_npy_write (folder, &data, 1, 1, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
  g_clear_error (&error);
  g_assert_false (vatt_npy_write (path, &data, G_MAXSIZE, 2, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_SHAPE);
  g_assert_cmpuint (tempdir_count (folder), ==, n_files);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-npy-XXXXXX", NULL);
  g_test_add_func ("/npy/bytes", test_bytes);
  g_test_add_func ("/npy/empty", test_empty);
  g_test_add_func ("/npy/failures", test_failures);
  int status = g_test_run ();
  tempdir_remove (folder);
  g_free (folder);
  return status;
}
