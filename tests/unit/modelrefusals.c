/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of models that are damaged, or that others wrote: what is refused, and
 * why, whichever way they are read. */
#include "modelfile.h"

#include <math.h>
#include <unistd.h>

static void
assert_copy_refused (GQuark domain, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = vatt_model_load_copy (path, NULL, &error);
  g_assert_null (model);
  g_assert_error (error, domain, code);
  if (!strstr (error->message, path) || !strstr (error->message, text))
    g_error ("'%s' does not say '%s'", error->message, text);
}

/* Both ways, for the same reason. */
static void
assert_refused (GQuark domain, gint code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = vatt_model_load (path, &error);
  g_assert_null (model);
  g_assert_error (error, domain, code);
  assert_copy_refused (domain, code, error->message);
  assert_copy_refused (domain, code, text);
}

/* ---- damaged files ---- */

static void
test_truncated (void)
{
  g_autoptr (VattModel) model = tiny_model ();
  save (model);
  GStatBuf status;
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, >, 4 * 1991488);
  for (goffset size = (status.st_size - 1) / 4096 * 4096; size >= 0;
       size -= 4096) {
    g_assert_cmpint (truncate (path, size), ==, 0);
    assert_refused (VATT_ERROR, VATT_ERROR_WEIGHTS, "");
  }
}

/* ---- files that others wrote ---- */

typedef struct {
  VattTensorInfo tensor[16];
  guint n;
  GHashTable *metadata;
} Contents;

/* What the file of a small model holds, to be changed. */
static Contents
contents_of (VattTensorFile *file)
{
  Contents contents = { .n = (guint)vatt_tensor_file_get_n_tensors (file) };
  g_assert_cmpuint (contents.n, <, 16);
  for (guint i = 0; i < contents.n; i++)
    contents.tensor[i] = *vatt_tensor_file_get_tensor (file, i);
  contents.metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  GHashTableIter entry;
  gpointer key, value;
  g_hash_table_iter_init (&entry, vatt_tensor_file_get_metadata_table (file));
  while (g_hash_table_iter_next (&entry, &key, &value))
    g_hash_table_insert (contents.metadata, g_strdup (key), g_strdup (value));
  return contents;
}

static guint
place_of (const Contents *contents, const char *name)
{
  for (guint i = 0; i < contents->n; i++)
    if (strcmp (contents->tensor[i].name, name) == 0)
      return i;
  g_error ("there is no '%s'", name);
}

typedef void (*Change) (Contents *contents);

static void
drop_tensor (Contents *contents)
{
  contents->tensor[place_of (contents, "text.pre.bias")] =
      contents->tensor[--contents->n];
}

static void
add_tensor (Contents *contents)
{
  contents->tensor[contents->n] = contents->tensor[0];
  contents->tensor[contents->n++].name = "video.patch.weight";
}

static void
turn_tensor (Contents *contents)
{
  static const guint64 shape[] = { 6, 4 };
  contents->tensor[place_of (contents, "text.pre.weight")].shape = shape;
}

static void
flatten_tensor (Contents *contents)
{
  static const guint64 shape[] = { 24 };
  VattTensorInfo *info =
      &contents->tensor[place_of (contents, "text.pre.weight")];
  info->shape = shape;
  info->rank = 1;
}

static void
make_integers (Contents *contents)
{
  contents->tensor[place_of (contents, "text.pre.weight")].dtype =
      VATT_DTYPE_I32;
}

static void
drop_config (Contents *contents)
{
  g_hash_table_remove (contents->metadata, "vatt.config");
}

static void
change_text (Contents *contents, const char *key, const char *text)
{
  g_hash_table_insert (contents->metadata, g_strdup (key), g_strdup (text));
}

static void
break_config (Contents *contents)
{
  change_text (contents, "vatt.config", "[text]\ninput=sounds\n");
}

static void
widen_config (Contents *contents)
{
  g_auto (GStrv) parts = g_strsplit (small_text, "vocabulary=9", 2);
  g_autofree char *text =
      g_strjoin ("vocabulary=16777216", parts[0], parts[1], NULL);
  change_text (contents, "vatt.config", text);
}

static void
add_labels (Contents *contents)
{
  change_text (contents, "vatt.labels", "a\nb\nc\n");
}

static void
break_label (Contents *contents)
{
  change_text (contents, "vatt.labels", "a\nb\nc\\\\\\\nx\ne\nf\ng\n");
}

static void
break_label_bytes (Contents *contents)
{
  change_text (contents, "vatt.labels", "a\nb\nc\nx\ne\nf\n\\377\n");
}

static void
break_words (Contents *contents)
{
  change_text (contents, "vatt.vocabulary", "<pad>\n<pad>\n");
}

static void
add_words (Contents *contents)
{
  change_text (contents, "vatt.vocabulary",
      "<pad>\n<bos>\n<eos>\n<unk>\na\nb\nc\nx\ne\nf\n");
}

static void
change_nothing (Contents *contents)
{
}

/* Writes the file of a small model with a change. */
static void
write_changed (Change change)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = small_model (1);
  save (model);
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, &error);
  g_assert_no_error (error);
  Contents contents = contents_of (file);
  change (&contents);
  vatt_tensor_file_write (
      path, contents.tensor, contents.n, contents.metadata, &error);
  g_assert_no_error (error);
  g_hash_table_unref (contents.metadata);
}

static void
test_other_contents (void)
{
  static const struct {
    Change change;
    VattError code;
    const char *text;
  } changes[] = {
    { drop_tensor, VATT_ERROR_WEIGHTS, "no tensor 'text.pre.bias'" },
    { add_tensor, VATT_ERROR_WEIGHTS,
        "'video.patch.weight' is not part of variant 'small'" },
    { turn_tensor, VATT_ERROR_WEIGHTS,
        "'text.pre.weight' is 6x4 of F32, variant 'small' expects 4x6" },
    { flatten_tensor, VATT_ERROR_WEIGHTS, "'text.pre.weight' is 24 of F32" },
    { make_integers, VATT_ERROR_WEIGHTS, "is 4x6 of I32" },
    { drop_config, VATT_ERROR_WEIGHTS, "no 'vatt.config' in its metadata" },
    { break_config, VATT_ERROR_CONFIG, "[text] input is 'sounds'" },
    { widen_config, VATT_ERROR_WEIGHTS, "expects 16777216x4 of F32" },
    { add_labels, VATT_ERROR_CONFIG, "3 labels, expected 7" },
    { break_label, VATT_ERROR_WEIGHTS, "label 2, 'c\\\\\\', is not escaped" },
    { break_label_bytes, VATT_ERROR_WEIGHTS, "label 6, '\\377'" },
    { break_words, VATT_ERROR_MEDIA, "" },
    { add_words, VATT_ERROR_CONFIG, "10 words, the word table has 9 rows" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    write_changed (changes[i].change);
    assert_refused (VATT_ERROR, (gint)changes[i].code, changes[i].text);
  }
  write_changed (change_nothing);
  g_autoptr (VattModel) sound = load ();
  g_autoptr (VattModel) copy = load_copy ();
  g_assert_true (same_bits (sound, copy));
}

static void
write_header (const char *json)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint64 length = GUINT64_TO_LE ((guint64)strlen (json));
  g_byte_array_append (bytes, (const guint8 *)&length, sizeof length);
  g_byte_array_append (bytes, (const guint8 *)json, (guint)strlen (json));
  g_byte_array_append (bytes, (const guint8 *)"\0\0\0\0", 4);
  tempdir_write (path, bytes->data, bytes->len);
}

static void
test_other_files (void)
{
  static const char *const headers[] = {
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1152921504606846976],"
    "\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1073741824,1073741824],"
    "\"data_offsets\":[0,4611686018427387904]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
    "\"data_offsets\":[0,0]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    "{}",
  };
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    write_header (headers[i]);
    assert_refused (VATT_ERROR, VATT_ERROR_WEIGHTS, "");
  }
  g_assert_cmpint (g_remove (path), ==, 0);
  assert_refused (G_FILE_ERROR, G_FILE_ERROR_NOENT, "");
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_autoptr (GError) error = NULL;
  g_assert_null (vatt_model_load (path, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

static void
test_unreadable (void)
{
  if (geteuid () == 0) {
    g_test_skip ("root may read every file");
    return;
  }
  g_autoptr (VattModel) model = small_model (1);
  save (model);
  g_assert_cmpint (g_chmod (path, 0), ==, 0);
  assert_refused (G_FILE_ERROR, G_FILE_ERROR_ACCES, "");
}

static void
test_nan_in_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = small_model (1);
  ((float *)vatt_model_lookup (model, "text.pre.weight")->data)[13] = NAN;
  save (model);
  assert_copy_refused (VATT_ERROR, VATT_ERROR_WEIGHTS,
      "value 13 of 'text.pre.weight' is not a finite number");
  g_autoptr (VattModel) loaded = load ();
  g_autoptr (VattDevice) device = cpu (1);
  g_autoptr (VattSession) session =
      new_session (loaded, device, VATT_TEXT, VATT_OUTPUT_LOGITS);
  g_autoptr (VattClip) clip =
      vatt_clip_new (VATT_TEXT, 1, (guint[]){ 4, 1, 1 }, 1, NULL);
  vatt_clip_writable_ids (clip)[0] = 5;
  g_assert_false (vatt_session_run (session, clip, NULL, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "value 13 of 'text.pre.weight'"));
}

int
main (int argc, char **argv)
{
  static const ModelTest tests[] = {
    { "/model/truncated", test_truncated },
    { "/model/other-contents", test_other_contents },
    { "/model/other-files", test_other_files },
    { "/model/unreadable", test_unreadable },
    { "/model/nan-in-file", test_nan_in_file },
  };
  g_test_init (&argc, &argv, NULL);
  return run_with_file (tests, G_N_ELEMENTS (tests));
}
