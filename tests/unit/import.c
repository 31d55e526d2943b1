/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checkpoints that must not be imported; the sound ones are tests/golden. */
#include "bundlewriter.h"

#include <vatt/vatt.h>
#include <glib/gstdio.h>

/* A checkpoint of the golden numbers, copied, or FALSE when there is none. */
static gboolean
copy_checkpoint (void)
{
  static const char *const suffixes[] = { "index", "data-00000-of-00001" };
  const char *golden = g_getenv ("VATT_GOLDEN_DIR");
  const char *shared = g_getenv ("VATT_SHARED_DATA");
  g_autofree char *root =
      golden ? g_strdup (golden)
             : g_build_filename (shared ? shared : "", "golden", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *name = g_strconcat ("ckpt-0.", suffixes[i], NULL);
    g_autofree char *path = g_build_filename (root, "tx-fac", name, NULL);
    g_autofree char *data = NULL;
    gsize size;
    if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
      g_autofree char *why = g_strdup_printf ("no %s", path);
      g_test_skip (why);
      return FALSE;
    }
    g_file_get_contents (path, &data, &size, &error);
    g_assert_no_error (error);
    tempdir_write (i ? data_path : index_path, data, size);
  }
  return TRUE;
}

static VattModel *
import (guint head_width, GError **error)
{
  const VattImportParams params = { .head_width = {
                                        head_width, head_width, head_width } };
  return vatt_model_import (prefix, &params, error);
}

static void
assert_refused (guint head_width, GQuark domain, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = import (head_width, &error);
  g_assert_null (model);
  g_assert_error (error, domain, code);
  if (!strstr (error->message, prefix) || !strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
}

/* Attention has 48 channels in heads of 8. */
static void
test_head_width (void)
{
  if (!copy_checkpoint ())
    return;
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = import (8, &error);
  g_assert_no_error (error);
  g_assert_true (vatt_model_is_trained (model));
  assert_refused (0, VATT_ERROR, VATT_ERROR_WEIGHTS, "a head width of 64");
  assert_refused (7, VATT_ERROR, VATT_ERROR_WEIGHTS, "a head width of 7");
  assert_refused (64, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "the video tower has 48 attention channels");
}

static void
test_labels (void)
{
  if (!copy_checkpoint ())
    return;
  static const char *const labels[] = { "a", "b", NULL };
  const VattImportParams params = { .head_width = { 8, 8, 8 },
    .labels = labels };
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_model_import (prefix, &params, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "2 labels, expected 0"));
}

static void
test_missing_files (void)
{
  if (!copy_checkpoint ())
    return;
  g_assert_cmpint (g_remove (data_path), ==, 0);
  assert_refused (8, G_FILE_ERROR, G_FILE_ERROR_NOENT, "data-00000-of-00001");
  g_assert_cmpint (g_remove (index_path), ==, 0);
  assert_refused (8, G_FILE_ERROR, G_FILE_ERROR_NOENT, "index");
}

/* Any byte of any tensor, for a sum covers each. */
static void
test_flipped_byte (void)
{
  if (!copy_checkpoint ())
    return;
  g_autofree char *data = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (data_path, &data, &size, NULL));
  for (gsize at = 11; at < size; at += size / 16) {
    data[at] ^= 4;
    tempdir_write (data_path, data, size);
    g_autoptr (GError) error = NULL;
    g_autoptr (VattModel) model = import (8, &error);
    g_assert_null (model);
    g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
    data[at] ^= 4;
  }
  tempdir_write (data_path, data, size - 1);
  assert_refused (8, VATT_ERROR, VATT_ERROR_WEIGHTS, "");
}

static void
test_no_tower (void)
{
  const float values[] = { 1.0f, 2.0f };
  TableWriter table = table_begin (FALSE);
  const EntryParams entry = { .dtype = 1,
    .size = sizeof values,
    .sum = vatt_crc32c_mask (vatt_crc32c_extend (0, values, sizeof values)),
    .rank = 1,
    .shape = { 2 } };
  table_add (&table, "", make_header (1, 0));
  table_add (&table, "model/dense/bias/.ATTRIBUTES/VARIABLE_VALUE",
      make_entry (&entry));
  table_finish (&table, index_path);
  tempdir_write (data_path, values, sizeof values);
  assert_refused (0, VATT_ERROR, VATT_ERROR_WEIGHTS, "holds no VATT model");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  checkpoint_begin ();
  g_test_add_func ("/import/head-width", test_head_width);
  g_test_add_func ("/import/labels", test_labels);
  g_test_add_func ("/import/missing-files", test_missing_files);
  g_test_add_func ("/import/flipped-byte", test_flipped_byte);
  g_test_add_func ("/import/no-tower", test_no_tower);
  int result = g_test_run ();
  checkpoint_end ();
  return result;
}
