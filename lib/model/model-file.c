/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One safetensors file is one model: the tensors by their paths, all else in
 * the metadata (docs/formats.md). Loading maps the file. */
#include "model-private.h"

#include <string.h>

#define KEY_CONFIG "vatt.config"
#define KEY_LABELS "vatt.labels"
#define KEY_VOCABULARY "vatt.vocabulary"
#define KEY_TRAINED "vatt.trained"
#define KEY_ID "vatt.id"

/* One label a line; what would break a line is escaped as in C. */
static char *
labels_to_text (char *const *labels)
{
  char beyond_ascii[129];
  for (guint i = 0; i < 128; i++)
    beyond_ascii[i] = (char)(i + 128);
  beyond_ascii[128] = '\0';
  GString *text = g_string_new (NULL);
  for (; *labels; labels++) {
    g_autofree char *line = g_strescape (*labels, beyond_ascii);
    g_string_append_printf (text, "%s\n", line);
  }
  return g_string_free (text, FALSE);
}

/* NULL where the line ends within an escape, or escapes are no UTF-8. */
static char *
unescape (const char *line)
{
  gsize length = strlen (line), backslashes = 0;
  while (backslashes < length && line[length - 1 - backslashes] == '\\')
    backslashes++;
  if (backslashes % 2)
    return NULL;
  g_autofree char *label = g_strcompress (line);
  return g_utf8_validate (label, -1, NULL) ? g_steal_pointer (&label) : NULL;
}

static char **
labels_from_text (const char *text, const char *origin, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  if (n && !*lines[n - 1])
    g_clear_pointer (&lines[n - 1], g_free);
  for (char **line = lines; *line; line++) {
    char *label = unescape (*line);
    if (!label) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': label %zu, '%s', is not escaped UTF-8 text", origin,
          (gsize)(line - lines), *line);
      return NULL;
    }
    g_free (*line);
    *line = label;
  }
  return g_steal_pointer (&lines);
}

/**
 * vatt_model_save:
 * @model: a model
 * @path: (type filename): where to
 * @error: return location for a #GError
 *
 * Writes one safetensors file with configuration, labels and vocabulary in
 * its metadata. A file that is there already is replaced when the new one is
 * complete and safe on disk, or not at all.
 *
 * Returns: %FALSE with a #GFileError if it could not be written
 */
gboolean
vatt_model_save (VattModel *model, const char *path, GError **error)
{
  g_return_val_if_fail (VATT_IS_MODEL (model) && path, FALSE);
  g_autoptr (GHashTable) metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (
      metadata, (gpointer)KEY_CONFIG, vatt_config_to_text (model->config));
  g_hash_table_insert (metadata, (gpointer)KEY_ID, g_strdup (model->id));
  g_hash_table_insert (metadata, (gpointer)KEY_TRAINED,
      g_strdup (model->trained ? "true" : "false"));
  if (model->labels)
    g_hash_table_insert (
        metadata, (gpointer)KEY_LABELS, labels_to_text (model->labels));
  if (model->vocabulary)
    g_hash_table_insert (metadata, (gpointer)KEY_VOCABULARY,
        vatt_vocabulary_to_text (model->vocabulary));
  return vatt_tensor_file_write (path, model->tensor,
      model->declaration->parameters->len, metadata, error);
}

static gboolean
bad_tensor (VattModel *self, const VattTensorInfo *found,
    const VattTensorInfo *expected, GError **error)
{
  size_t shape[2][VATT_TENSOR_RANK_MAX];
  for (guint a = 0; a < found->rank; a++)
    shape[0][a] = (size_t)found->shape[a];
  for (guint a = 0; a < expected->rank; a++)
    shape[1][a] = (size_t)expected->shape[a];
  g_autofree char *is = vatt_tensor_shape_text (found->rank, shape[0]);
  g_autofree char *should = vatt_tensor_shape_text (expected->rank, shape[1]);
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "weights '%s': '%s' is %s of %s, variant '%s' expects %s of F32",
      self->origin, found->name, is, vatt_dtype_name (found->dtype),
      vatt_config_get_name (self->config), should);
  return FALSE;
}

/* Points every tensor to its data in the file; neither may have any that the
 * other has not. */
static gboolean
take_tensors (VattModel *self, GError **error)
{
  guint n = self->declaration->parameters->len;
  for (guint i = 0; i < n; i++) {
    VattTensorInfo *info = &self->tensor[i];
    const VattTensorInfo *found =
        vatt_tensor_file_lookup (self->file, info->name);
    if (!found) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': no tensor '%s', which variant '%s' needs",
          self->origin, info->name, vatt_config_get_name (self->config));
      return FALSE;
    }
    if (found->dtype != info->dtype || found->rank != info->rank ||
        memcmp (found->shape, info->shape, info->rank * sizeof (guint64)))
      return bad_tensor (self, found, info, error);
    if ((guintptr)found->data % sizeof (float)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': '%s' does not begin at a multiple of %zu bytes",
          self->origin, info->name, sizeof (float));
      return FALSE;
    }
    info->data = found->data;
  }
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (self->file); i++) {
    const char *name = vatt_tensor_file_get_tensor (self->file, i)->name;
    if (!g_hash_table_contains (self->by_path, name)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': tensor '%s' is not part of variant '%s'", self->origin,
          name, vatt_config_get_name (self->config));
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
take_metadata (VattModel *self, GError **error)
{
  const char *labels = vatt_tensor_file_get_metadata (self->file, KEY_LABELS);
  const char *words =
      vatt_tensor_file_get_metadata (self->file, KEY_VOCABULARY);
  const char *trained = vatt_tensor_file_get_metadata (self->file, KEY_TRAINED);
  const char *id = vatt_tensor_file_get_metadata (self->file, KEY_ID);
  if (labels) {
    g_auto (GStrv) list = labels_from_text (labels, self->origin, error);
    if (!list ||
        !vatt_model_set_labels (self, (const char *const *)list, error))
      return FALSE;
  }
  if (words && !vatt_model_set_words (self, words, error))
    return FALSE;
  self->trained = trained && strcmp (trained, "true") == 0;
  if (id)
    self->id = g_strdup (id);
  else
    vatt_model_set_id (self);
  return TRUE;
}

static VattModel *
load_file (const char *path, GError **error)
{
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, error);
  if (!file)
    return NULL;
  const char *text = vatt_tensor_file_get_metadata (file, KEY_CONFIG);
  if (!text) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "weights '%s': no '" KEY_CONFIG
        "' in its metadata; it is a safetensors file, but no vatt model",
        path);
    return NULL;
  }
  g_autoptr (VattConfig) config = vatt_config_parse (text, -1, path, error);
  if (!config)
    return NULL;
  g_autoptr (VattModel) self = vatt_model_declare (config, path, error);
  if (!self)
    return NULL;
  self->file = g_steal_pointer (&file);
  if (!take_tensors (self, error) || !take_metadata (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/* A shipped model's path, or NULL. */
static char *
find_shipped (const char *name)
{
  const char *list = g_getenv ("VATT_MODEL_PATH");
  g_autofree char *folders =
      list ? g_strconcat (list, G_SEARCHPATH_SEPARATOR_S VATT_MODEL_DIR, NULL)
           : g_strdup (VATT_MODEL_DIR);
  g_autofree char *file = g_strconcat (name, ".safetensors", NULL);
  g_auto (GStrv) folder = g_strsplit (folders, G_SEARCHPATH_SEPARATOR_S, -1);
  for (char **f = folder; *f; f++) {
    g_autofree char *path = g_build_filename (*f, file, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  return NULL;
}

/**
 * vatt_model_load:
 * @path: (type filename): a file that vatt_model_save() wrote, or the name of
 *   a shipped model
 * @error: return location for a #GError
 *
 * Maps the file; pages are read as they are used. The file must not be
 * changed in place while the model is in use; replacing it, as
 * vatt_model_save() does, is safe. A name without slash and suffix is looked
 * for in the folders of the environment variable VATT_MODEL_PATH and where
 * models are installed.
 *
 * Returns: (transfer full): the model, or %NULL with %VATT_ERROR_WEIGHTS,
 *   %VATT_ERROR_CONFIG or a #GFileError
 */
VattModel *
vatt_model_load (const char *path, GError **error)
{
  g_return_val_if_fail (path, NULL);
  if (!strchr (path, '/') && !strchr (path, '.') &&
      !g_file_test (path, G_FILE_TEST_EXISTS)) {
    g_autofree char *shipped = find_shipped (path);
    if (shipped)
      return load_file (shipped, error);
  }
  return load_file (path, error);
}

/**
 * vatt_model_load_default:
 * @error: return location for a #GError
 *
 * Loads the model that is used where none is given, "tiny".
 *
 * Returns: (transfer full): the model, or %NULL with a #GError
 */
VattModel *
vatt_model_load_default (GError **error)
{
  g_autofree char *path = find_shipped ("tiny");
  if (path)
    return load_file (path, error);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "the shipped model tiny.safetensors is neither in VATT_MODEL_PATH (%s) "
      "nor in " VATT_MODEL_DIR,
      g_getenv ("VATT_MODEL_PATH") ? g_getenv ("VATT_MODEL_PATH") : "not set");
  return NULL;
}
