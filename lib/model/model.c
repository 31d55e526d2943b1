/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models: parameters in memory of their own, or in a mapped file. */
#include "model-private.h"

#include "crc32c.h"
#include "initialise.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>

#define KEY_CONFIG "vatt.config"
#define KEY_LABELS "vatt.labels"
#define KEY_VOCABULARY "vatt.vocabulary"
#define KEY_TRAINED "vatt.trained"
#define KEY_ID "vatt.id"

struct _VattModel
{
  GObject parent;
  VattConfig *config;
  VattDeclaration *declaration; /* names, shapes and kinds of parameters */
  VattTensorInfo *tensor;       /* as many, in the same order */
  guint64 (*shape)[VATT_MAX_RANK];
  GHashTable *by_path; /* path -> &tensor[i] */
  float *memory;       /* owned; NULL where `file` holds the data */
  VattTensorFile *file;
  char *origin, *id;
  gboolean trained;
  char **labels;
  VattVocabulary *vocabulary;
};

G_DEFINE_FINAL_TYPE (VattModel, vatt_model, G_TYPE_OBJECT)

static void
vatt_model_finalize (GObject *object)
{
  VattModel *self = VATT_MODEL (object);
  g_clear_pointer (&self->config, vatt_config_unref);
  g_clear_pointer (&self->by_path, g_hash_table_unref);
  g_clear_pointer (&self->declaration, vatt_declaration_free);
  g_clear_pointer (&self->file, vatt_tensor_file_unref);
  g_clear_pointer (&self->vocabulary, vatt_vocabulary_free);
  g_strfreev (self->labels);
  g_free (self->tensor);
  g_free (self->shape);
  g_free (self->origin);
  g_free (self->id);
  free (self->memory);
  G_OBJECT_CLASS (vatt_model_parent_class)->finalize (object);
}

static void
vatt_model_class_init (VattModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vatt_model_finalize;
}

static void
vatt_model_init (VattModel *self)
{
}

static const VattParameter *
parameter_at (const VattModel *self, guint index)
{
  return &g_array_index (self->declaration->parameters, VattParameter, index);
}

/* A model whose tensors have names and shapes but no data. */
static VattModel *
model_declare (VattConfig *config, const char *origin, GError **error)
{
  g_autoptr (VattDeclaration) declaration
      = vatt_declaration_new (config, error);
  if (!declaration)
    return NULL;
  VattModel *self = g_object_new (VATT_TYPE_MODEL, NULL);
  self->config = vatt_config_ref (config);
  self->origin = g_strdup (origin);
  self->declaration = g_steal_pointer (&declaration);
  guint n = self->declaration->parameters->len;
  self->tensor = g_new0 (VattTensorInfo, n);
  self->shape = g_malloc0_n (n, sizeof *self->shape);
  self->by_path = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++) {
    const VattTensor *tensor = parameter_at (self, i)->tensor;
    VattTensorInfo *info = &self->tensor[i];
    for (guint a = 0; a < tensor->rank; a++)
      self->shape[i][a] = tensor->shape[a];
    info->name = tensor->name;
    info->dtype = VATT_DTYPE_F32;
    info->rank = tensor->rank;
    info->shape = self->shape[i];
    info->size = vatt_tensor_count (tensor) * sizeof (float);
    g_hash_table_insert (self->by_path, (gpointer) info->name, info);
  }
  return self;
}

VattModel *
vatt_model_allocate (VattConfig *config, GError **error)
{
  g_autoptr (VattModel) self
      = model_declare (config, vatt_config_get_name (config), error);
  if (!self)
    return NULL;
  gsize total = 0;
  guint n = self->declaration->parameters->len;
  for (guint i = 0; i < n; i++)
    if (!vatt_size_add (total, self->tensor[i].size, &total)
        || !vatt_size_align (total, 256, &total)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
          "model '%s' has more bytes than memory addresses", self->origin);
      return NULL;
    }
  self->memory = aligned_alloc (256, MAX (total, 256));
  if (!self->memory) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "model '%s': no memory for %zu bytes of parameters", self->origin,
        total);
    return NULL;
  }
  gsize offset = 0;
  for (guint i = 0; i < n; i++) {
    self->tensor[i].data = (char *) self->memory + offset;
    offset = (offset + self->tensor[i].size + 255) & ~(gsize) 255;
  }
  return g_steal_pointer (&self);
}

float *
vatt_model_get_mutable (VattModel *self, guint index)
{
  g_assert (self->memory);
  return (float *) self->tensor[index].data;
}

/* Takes the text of a vocabulary that the word table has room for. */
static gboolean
take_words (VattModel *self, const char *text, GError **error)
{
  guint rows = self->config->tower[VATT_TEXT].vocabulary;
  g_autoptr (VattVocabulary) vocabulary
      = vatt_vocabulary_new_from_data (text, strlen (text), error);
  if (!vocabulary) {
    g_prefix_error (error, "model '%s': ", self->origin);
    return FALSE;
  }
  if (vatt_vocabulary_size (vocabulary) > rows) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "model '%s': %u words, the word table has %u rows", self->origin,
        vatt_vocabulary_size (vocabulary), rows);
    return FALSE;
  }
  g_clear_pointer (&self->vocabulary, vatt_vocabulary_free);
  self->vocabulary = g_steal_pointer (&vocabulary);
  return TRUE;
}

gboolean
vatt_model_set_vocabulary (
    VattModel *self, const VattVocabulary *vocabulary, GError **error)
{
  g_autofree char *text = vatt_vocabulary_to_text (vocabulary);
  return take_words (self, text, error);
}

gboolean
vatt_model_set_labels (
    VattModel *self, const char *const *labels, GError **error)
{
  guint found = g_strv_length ((char **) labels);
  guint expected = self->config->head.kind == VATT_HEAD_CLASSIFIER
      ? self->config->head.classes
      : 0;
  if (found != expected) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "model '%s': %u labels, expected %u, one for each class",
        self->origin, found, expected);
    return FALSE;
  }
  g_strfreev (self->labels);
  self->labels = g_strdupv ((char **) labels);
  return TRUE;
}

void
vatt_model_set_trained (VattModel *self, gboolean trained)
{
  self->trained = trained;
}

void
vatt_model_set_id (VattModel *self)
{
  g_autofree char *text = vatt_config_to_text (self->config);
  uint32_t crc = vatt_crc32c_extend (0, text, strlen (text));
  for (guint i = 0; i < self->declaration->parameters->len; i++)
    crc = vatt_crc32c_extend (
        crc, self->tensor[i].data, self->tensor[i].size);
  g_free (self->id);
  self->id = g_strdup_printf (
      "%s-%08x", vatt_config_get_name (self->config), crc);
}

/**
 * vatt_model_new:
 * @config: a configuration
 * @seed: of the random numbers
 * @vocabulary: (nullable): the words of the text tower
 * @error: return location for a #GError
 *
 * Makes an untrained model, initialised as the authors' code does it. Equal
 * seeds make equal models.
 *
 * Returns: (transfer full): the model, or %NULL with %VATT_ERROR_MEMORY or
 *   %VATT_ERROR_CONFIG
 */
VattModel *
vatt_model_new (VattConfig *config, guint64 seed,
    const VattVocabulary *vocabulary, GError **error)
{
  g_return_val_if_fail (config, NULL);
  g_autoptr (VattModel) self = vatt_model_allocate (config, error);
  if (!self
      || (vocabulary
          && !vatt_model_set_vocabulary (self, vocabulary, error)))
    return NULL;
  for (guint i = 0; i < self->declaration->parameters->len; i++)
    vatt_initialise (
        parameter_at (self, i), seed, vatt_model_get_mutable (self, i));
  vatt_model_set_id (self);
  return g_steal_pointer (&self);
}

/* ---- files ---- */

/* One label a line; what would break a line is escaped as in C. */
static char *
labels_to_text (char *const *labels)
{
  char beyond_ascii[129];
  for (guint i = 0; i < 128; i++)
    beyond_ascii[i] = (char) (i + 128);
  beyond_ascii[128] = '\0';
  GString *text = g_string_new (NULL);
  for (; *labels; labels++) {
    g_autofree char *line = g_strescape (*labels, beyond_ascii);
    g_string_append_printf (text, "%s\n", line);
  }
  return g_string_free (text, FALSE);
}

static char **
labels_from_text (const char *text)
{
  char **lines = g_strsplit (text, "\n", -1);
  guint n = g_strv_length (lines);
  if (n && !*lines[n - 1])
    g_clear_pointer (&lines[n - 1], g_free);
  for (char **line = lines; *line; line++) {
    char *label = g_strcompress (*line);
    g_free (*line);
    *line = label;
  }
  return lines;
}

/**
 * vatt_model_save:
 * @model: a model
 * @path: where to
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
  g_autoptr (GHashTable) metadata
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_hash_table_insert (
      metadata, (gpointer) KEY_CONFIG, vatt_config_to_text (model->config));
  g_hash_table_insert (metadata, (gpointer) KEY_ID, g_strdup (model->id));
  g_hash_table_insert (metadata, (gpointer) KEY_TRAINED,
      g_strdup (model->trained ? "true" : "false"));
  if (model->labels)
    g_hash_table_insert (
        metadata, (gpointer) KEY_LABELS, labels_to_text (model->labels));
  if (model->vocabulary)
    g_hash_table_insert (metadata, (gpointer) KEY_VOCABULARY,
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
    shape[0][a] = (size_t) found->shape[a];
  for (guint a = 0; a < expected->rank; a++)
    shape[1][a] = (size_t) expected->shape[a];
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
    const VattTensorInfo *found
        = vatt_tensor_file_lookup (self->file, info->name);
    if (!found) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': no tensor '%s', which variant '%s' needs",
          self->origin, info->name, vatt_config_get_name (self->config));
      return FALSE;
    }
    if (found->dtype != info->dtype || found->rank != info->rank
        || memcmp (found->shape, info->shape, info->rank * sizeof (guint64)))
      return bad_tensor (self, found, info, error);
    info->data = found->data;
  }
  for (gsize i = 0; i < vatt_tensor_file_get_n_tensors (self->file); i++) {
    const char *name = vatt_tensor_file_get_tensor (self->file, i)->name;
    if (!g_hash_table_contains (self->by_path, name)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "weights '%s': tensor '%s' is not part of variant '%s'",
          self->origin, name, vatt_config_get_name (self->config));
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
take_metadata (VattModel *self, GError **error)
{
  const char *labels
      = vatt_tensor_file_get_metadata (self->file, KEY_LABELS);
  const char *words
      = vatt_tensor_file_get_metadata (self->file, KEY_VOCABULARY);
  const char *trained
      = vatt_tensor_file_get_metadata (self->file, KEY_TRAINED);
  const char *id = vatt_tensor_file_get_metadata (self->file, KEY_ID);
  if (labels) {
    g_auto (GStrv) list = labels_from_text (labels);
    if (!vatt_model_set_labels (self, (const char *const *) list, error))
      return FALSE;
  }
  if (words && !take_words (self, words, error))
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
  g_autoptr (VattModel) self = model_declare (config, path, error);
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
  g_autofree char *folders = list
      ? g_strconcat (list, G_SEARCHPATH_SEPARATOR_S VATT_MODEL_DIR, NULL)
      : g_strdup (VATT_MODEL_DIR);
  g_autofree char *file = g_strconcat (name, ".safetensors", NULL);
  g_auto (GStrv) folder
      = g_strsplit (folders, G_SEARCHPATH_SEPARATOR_S, -1);
  for (char **f = folder; *f; f++) {
    g_autofree char *path = g_build_filename (*f, file, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return g_steal_pointer (&path);
  }
  return NULL;
}

/**
 * vatt_model_load:
 * @path: a file that vatt_model_save() wrote, or the name of a shipped model
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
  if (!strchr (path, '/') && !strchr (path, '.')
      && !g_file_test (path, G_FILE_TEST_EXISTS)) {
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
      g_getenv ("VATT_MODEL_PATH") ? g_getenv ("VATT_MODEL_PATH")
                                   : "not set");
  return NULL;
}

/* ---- what others may ask ---- */

/**
 * vatt_model_get_config:
 * @model: a model
 *
 * Returns: (transfer none): its configuration
 */
VattConfig *
vatt_model_get_config (VattModel *model)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  return model->config;
}

/**
 * vatt_model_get_id:
 * @model: a model
 *
 * Returns: (transfer none): a name that differs where configuration or
 *   parameters differ: the variant and a checksum
 */
const char *
vatt_model_get_id (VattModel *model)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  return model->id;
}

/**
 * vatt_model_is_trained:
 * @model: a model
 *
 * Returns: whether its parameters were learnt; the outputs of others mean
 *   nothing
 */
gboolean
vatt_model_is_trained (VattModel *model)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), FALSE);
  return model->trained;
}

/**
 * vatt_model_get_labels:
 * @model: a model
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): class names
 */
const char *const *
vatt_model_get_labels (VattModel *model)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  return (const char *const *) model->labels;
}

/**
 * vatt_model_get_vocabulary:
 * @model: a model
 *
 * Returns: (transfer none) (nullable): the words of its text tower
 */
VattVocabulary *
vatt_model_get_vocabulary (VattModel *model)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  return model->vocabulary;
}

/**
 * vatt_model_get_n_tensors:
 * @model: a model
 *
 * Returns: how many tensors it has
 */
guint
vatt_model_get_n_tensors (VattModel *model)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), 0);
  return model->declaration->parameters->len;
}

/**
 * vatt_model_get_tensor:
 * @model: a model
 * @index: less than vatt_model_get_n_tensors()
 *
 * Returns: (transfer none): one of its tensors
 */
const VattTensorInfo *
vatt_model_get_tensor (VattModel *model, guint index)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), NULL);
  g_return_val_if_fail (index < model->declaration->parameters->len, NULL);
  return &model->tensor[index];
}

/**
 * vatt_model_get_n_parameters:
 * @model: a model
 * @trainable_only: leave out word tables and moving statistics
 *
 * Returns: how many numbers it has
 */
guint64
vatt_model_get_n_parameters (VattModel *model, gboolean trainable_only)
{
  g_return_val_if_fail (VATT_IS_MODEL (model), 0);
  guint64 total = 0;
  for (guint i = 0; i < model->declaration->parameters->len; i++)
    if (!trainable_only || !parameter_at (model, i)->init.frozen)
      total += model->tensor[i].size / sizeof (float);
  return total;
}

const VattTensorInfo *
vatt_model_lookup (VattModel *model, const char *path)
{
  return g_hash_table_lookup (model->by_path, path);
}

const char *
vatt_model_get_origin (VattModel *model)
{
  return model->origin;
}
