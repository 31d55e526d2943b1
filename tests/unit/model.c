/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models and their files: what comes back, and what is refused. */
#include "tempdir.h"
#include "tinymodel.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static char *folder, *path;

/* A model of few numbers: a classifier of sentences. */
static const char small_text[] = "[model]\nname=small\n"
                                 "[text]\ninput=words\nwords=4\n"
                                 "vocabulary=9\nembedding=4\nwidth=6\n"
                                 "pre-projection=6\npositions=none\n"
                                 "aggregation=max\n"
                                 "[head]\nkind=classifier\nclasses=7\n";

static const char vocabulary_text[] =
    "<pad>\n<bos>\n<eos>\n<unk>\ndog\nété\n\xd7\xa9\xd7\x9c\n";

static VattModel *
small_model (guint64 seed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattConfig) config =
      vatt_config_parse (small_text, -1, "small", &error);
  g_assert_no_error (error);
  VattModel *model = vatt_model_new (config, seed, NULL, &error);
  g_assert_no_error (error);
  return model;
}

static void
save (VattModel *model)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (vatt_model_save (model, path, &error));
  g_assert_no_error (error);
}

static VattModel *
load (void)
{
  g_autoptr (GError) error = NULL;
  VattModel *model = vatt_model_load (path, &error);
  g_assert_no_error (error);
  return model;
}

static VattModel *
load_copy (void)
{
  g_autoptr (GError) error = NULL;
  VattModel *model = vatt_model_load_copy (path, NULL, &error);
  g_assert_no_error (error);
  return model;
}

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

static gboolean
same_bits (VattModel *a, VattModel *b)
{
  g_assert_cmpuint (
      vatt_model_get_n_tensors (a), ==, vatt_model_get_n_tensors (b));
  for (guint i = 0; i < vatt_model_get_n_tensors (a); i++) {
    const VattTensorInfo *x = vatt_model_get_tensor (a, i);
    const VattTensorInfo *y = vatt_model_get_tensor (b, i);
    g_assert_cmpstr (x->name, ==, y->name);
    g_assert_cmpuint (x->size, ==, y->size);
    if (memcmp (x->data, y->data, x->size) != 0)
      return FALSE;
  }
  return TRUE;
}

/* ---- what comes back ---- */

static void
test_round_trip (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattVocabulary) words = vatt_vocabulary_new_from_data (
      vocabulary_text, sizeof vocabulary_text - 1, &error);
  g_assert_no_error (error);
  g_autoptr (VattConfig) config = vatt_config_load ("tiny", &error);
  g_autoptr (VattModel) model = vatt_model_new (config, 7, words, &error);
  g_assert_no_error (error);
  for (guint trained = 0; trained < 2; trained++) {
    vatt_model_set_trained (model, trained != 0);
    save (model);
    g_autoptr (VattModel) loaded = trained ? load () : load_copy ();
    g_assert_true (same_bits (model, loaded));
    g_assert_cmpint (vatt_model_is_trained (loaded), ==, (gint)trained);
    g_assert_cmpstr (vatt_model_get_id (loaded), ==, vatt_model_get_id (model));
    g_autofree char *before = vatt_config_to_text (config);
    g_autofree char *after =
        vatt_config_to_text (vatt_model_get_config (loaded));
    g_assert_cmpstr (after, ==, before);
    g_assert_null (vatt_model_get_labels (loaded));
    g_autofree char *text =
        vatt_vocabulary_to_text (vatt_model_get_vocabulary (loaded));
    g_assert_cmpstr (text, ==, vocabulary_text);
    g_assert_cmpuint (vatt_model_get_n_parameters (loaded, FALSE), ==,
        vatt_config_get_declared_parameters (config));
    g_assert_cmpuint (vatt_model_get_n_parameters (loaded, TRUE), <,
        vatt_model_get_n_parameters (loaded, FALSE));
    /* Written over the file it is mapped from. */
    save (loaded);
    g_autoptr (VattModel) again = load ();
    g_assert_true (same_bits (model, again));
  }
}

static void
test_seeds (void)
{
  g_autoptr (VattModel) a = small_model (1);
  g_autoptr (VattModel) same = small_model (1);
  g_autoptr (VattModel) other = small_model (2);
  g_assert_true (same_bits (a, same));
  g_assert_cmpstr (vatt_model_get_id (a), ==, vatt_model_get_id (same));
  g_assert_false (same_bits (a, other));
  g_assert_cmpstr (vatt_model_get_id (a), !=, vatt_model_get_id (other));
}

static void
test_labels (void)
{
  static const char *const labels[] = { "say \"hi\", it's \\ here",
    "two\nlines\r\n", "", " ", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\t\x01\x7f",
    "\xf0\x9f\x90\x95 \xc3\xa9t\xc3\xa9", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = small_model (1);
  for (guint turn = 0; turn < 7; turn++) {
    /* Each of them last once: a file of lines loses empty ends easily. */
    const char *turned[8] = { NULL };
    for (guint i = 0; i < 7; i++)
      turned[i] = labels[(i + turn) % 7];
    g_assert_true (vatt_model_set_labels (model, turned, &error));
    g_assert_no_error (error);
    save (model);
    g_autoptr (VattModel) loaded = load ();
    const char *const *found = vatt_model_get_labels (loaded);
    g_assert_true (g_strv_equal (found, turned));
  }
  static const char *const few[] = { "a", "b", NULL };
  g_assert_false (vatt_model_set_labels (model, few, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "2 labels, expected 7"));
}

static void
test_vocabulary_too_large (void)
{
  static const char *const words =
      "<pad>\n<bos>\n<eos>\n<unk>\na\nb\nc\nx\ne\nf\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data (words, strlen (words), &error);
  g_assert_no_error (error);
  g_autoptr (VattModel) model = small_model (1);
  g_assert_false (vatt_model_set_vocabulary (model, vocabulary, &error));
  g_assert_error (error, VATT_ERROR, VATT_ERROR_CONFIG);
  g_assert_nonnull (strstr (error->message, "10 words"));
}

static void
test_not_saved (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VattModel) model = small_model (1);
  g_autofree char *nowhere = g_build_filename (folder, "no", "where", NULL);
  g_assert_false (vatt_model_save (model, nowhere, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
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
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("vatt-model-XXXXXX", &error);
  g_assert_no_error (error);
  path = g_build_filename (folder, "model.safetensors", NULL);
  g_test_add_func ("/model/round-trip", test_round_trip);
  g_test_add_func ("/model/seeds", test_seeds);
  g_test_add_func ("/model/labels", test_labels);
  g_test_add_func ("/model/vocabulary-too-large", test_vocabulary_too_large);
  g_test_add_func ("/model/not-saved", test_not_saved);
  g_test_add_func ("/model/truncated", test_truncated);
  g_test_add_func ("/model/other-contents", test_other_contents);
  g_test_add_func ("/model/other-files", test_other_files);
  g_test_add_func ("/model/unreadable", test_unreadable);
  g_test_add_func ("/model/nan-in-file", test_nan_in_file);
  int result = g_test_run ();
  tempdir_remove (folder);
  g_free (folder);
  g_free (path);
  return result;
}
