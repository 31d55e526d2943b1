/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One safetensors file is one model: the tensors by their paths, all else in
 * the metadata (docs/formats.md). Loading maps the file, or reads it. */
#include "model-private.h"

#include "tensorfile-private.h"

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

GHashTable *
vatt_model_make_metadata (
    const VattModel *model, const VattTensorInfo *tensors, gboolean trained)
{
  GHashTable *metadata =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  char *config = vatt_config_to_text (model->config);
  g_hash_table_insert (metadata, (gpointer)KEY_CONFIG, config);
  g_hash_table_insert (
      metadata, (gpointer)KEY_ID, vatt_model_make_id (model, tensors, config));
  g_hash_table_insert (
      metadata, (gpointer)KEY_TRAINED, g_strdup (trained ? "true" : "false"));
  if (model->labels)
    g_hash_table_insert (
        metadata, (gpointer)KEY_LABELS, labels_to_text (model->labels));
  if (model->vocabulary)
    g_hash_table_insert (metadata, (gpointer)KEY_VOCABULARY,
        vatt_vocabulary_to_text (model->vocabulary));
  return metadata;
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
      vatt_model_make_metadata (model, model->tensor, model->trained);
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
 * other has not, but for what belongs to a training. */
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
    if (!g_hash_table_contains (self->by_path, name) &&
        !g_str_has_prefix (name, VATT_TENSOR_TRAINING)) {
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

/* A model that has its tensors' places from the header, but no metadata. */
static VattModel *
declare_file (VattTensorFile *file, GError **error)
{
  const char *path = vatt_tensor_file_get_path (file);
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
  self->file = vatt_tensor_file_ref (file);
  if (!take_tensors (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

VattModel *
vatt_model_of_file (VattTensorFile *file, GError **error)
{
  g_autoptr (VattModel) self = declare_file (file, error);
  if (!self || !take_metadata (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

static VattModel *
map_file (const char *path, GError **error)
{
  g_autoptr (VattTensorFile) file = vatt_tensor_file_open (path, error);
  return file ? vatt_model_of_file (file, error) : NULL;
}

/* Whether the contents are those that the id was made of. */
static gboolean
check_id (VattModel *self, GError **error)
{
  g_autofree char *found = vatt_model_make_id (self, self->tensor,
      vatt_tensor_file_get_metadata (self->file, KEY_CONFIG));
  const char *expected = vatt_tensor_file_get_metadata (self->file, KEY_ID);
  if (!expected || strcmp (found, expected) == 0)
    return TRUE;
  g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
      "weights '%s': its contents are those of '%s', but its '" KEY_ID
      "' is '%s': it is damaged, or was changed by what does not know the id",
      self->origin, found, expected);
  return FALSE;
}

/* How many tensors of the file hold all of the model: what a training keeps for
 * itself stands behind them. */
static gsize
count_leading (const VattModel *self)
{
  gsize n = vatt_tensor_file_get_n_tensors (self->file);
  while (n && !g_hash_table_contains (self->by_path,
                  vatt_tensor_file_get_tensor (self->file, n - 1)->name))
    n--;
  return n;
}

/* What can be refused by the header is refused before the data are read. */
static VattModel *
read_file (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (VattTensorFile) file =
      vatt_tensor_file_begin (path, cancellable, error);
  g_autoptr (VattModel) self = file ? declare_file (file, error) : NULL;
  if (!self ||
      !vatt_tensor_file_finish (
          file, count_leading (self), cancellable, error) ||
      !take_metadata (self, error) || !check_id (self, error) ||
      !vatt_model_check_finite (self, error))
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

/* The file that a name stands for; %NULL is the shipped model that is used
 * where none is given. */
static char *
resolve (const char *path, GError **error)
{
  if (path && (strchr (path, '/') || strchr (path, '.') ||
                  g_file_test (path, G_FILE_TEST_EXISTS)))
    return g_strdup (path);
  char *shipped = find_shipped (path ? path : "tiny");
  if (shipped || path)
    return shipped ? shipped : g_strdup (path);
  g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
      "the shipped model tiny.safetensors is neither in VATT_MODEL_PATH (%s) "
      "nor in " VATT_MODEL_DIR,
      g_getenv ("VATT_MODEL_PATH") ? g_getenv ("VATT_MODEL_PATH") : "not set");
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
 * vatt_model_save() does, is safe. As not all of the file is looked at, the
 * id is the one that the file says it has. A name without slash and suffix is
 * looked for in the folders of the environment variable VATT_MODEL_PATH and
 * where models are installed.
 *
 * Returns: (transfer full): the model, or %NULL with %VATT_ERROR_WEIGHTS,
 *   %VATT_ERROR_CONFIG or a #GFileError
 */
VattModel *
vatt_model_load (const char *path, GError **error)
{
  g_return_val_if_fail (path, NULL);
  g_autofree char *file = resolve (path, error);
  return file ? map_file (file, error) : NULL;
}

/**
 * vatt_model_load_copy:
 * @path: (type filename) (nullable): as vatt_model_load() takes it; %NULL for
 *   the model of vatt_model_load_default()
 * @cancellable: (nullable): ends the reading between two pieces
 * @error: return location for a #GError
 *
 * As vatt_model_load(), but reads all of the file into memory of its own, so
 * that the file may be overwritten, cut short or removed at any time. What
 * would be refused anyhow is refused before the weights are read. As all of
 * the file is looked at, its id has to be that of its contents, and its
 * weights have to be finite numbers.
 *
 * Returns: (transfer full): the model, or %NULL with %VATT_ERROR_WEIGHTS,
 *   %VATT_ERROR_CONFIG, %VATT_ERROR_MEMORY, %G_IO_ERROR_CANCELLED or a
 *   #GFileError
 */
VattModel *
vatt_model_load_copy (
    const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *file = resolve (path, error);
  return file ? read_file (file, cancellable, error) : NULL;
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
  g_autofree char *file = resolve (NULL, error);
  return file ? map_file (file, error) : NULL;
}
