/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models: what they hold, and making untrained ones. */
#include "model-private.h"

#include "crc32c.h"
#include "initialise.h"
#include "size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

VattModel *
vatt_model_declare (VattConfig *config, const char *origin, GError **error)
{
  g_autoptr (VattDeclaration) declaration =
      vatt_declaration_new (config, error);
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
    g_hash_table_insert (self->by_path, (gpointer)info->name, info);
  }
  return self;
}

VattModel *
vatt_model_allocate (VattConfig *config, GError **error)
{
  g_autoptr (VattModel) self =
      vatt_model_declare (config, vatt_config_get_name (config), error);
  if (!self)
    return NULL;
  gsize total = 0;
  guint n = self->declaration->parameters->len;
  for (guint i = 0; i < n; i++)
    if (!vatt_size_add (total, self->tensor[i].size, &total) ||
        !vatt_size_align (total, 256, &total)) {
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
    self->tensor[i].data = (char *)self->memory + offset;
    offset = (offset + self->tensor[i].size + 255) & ~(gsize)255;
  }
  return g_steal_pointer (&self);
}

float *
vatt_model_get_mutable (VattModel *self, guint index)
{
  g_assert (self->memory);
  return (float *)self->tensor[index].data;
}

gboolean
vatt_model_set_words (VattModel *self, const char *text, GError **error)
{
  guint rows = self->config->tower[VATT_TEXT].vocabulary;
  g_autoptr (VattVocabulary) vocabulary =
      vatt_vocabulary_new_from_data (text, strlen (text), error);
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
  return vatt_model_set_words (self, text, error);
}

gboolean
vatt_model_set_labels (
    VattModel *self, const char *const *labels, GError **error)
{
  guint found = g_strv_length ((char **)labels);
  guint expected = self->config->head.kind == VATT_HEAD_CLASSIFIER
                       ? self->config->head.classes
                       : 0;
  if (found != expected) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_CONFIG,
        "model '%s': %u labels, expected %u, one for each class", self->origin,
        found, expected);
    return FALSE;
  }
  g_strfreev (self->labels);
  self->labels = g_strdupv ((char **)labels);
  return TRUE;
}

void
vatt_model_set_trained (VattModel *self, gboolean trained)
{
  self->trained = trained;
}

char *
vatt_model_make_id (const VattModel *self, const VattTensorInfo *tensors,
    const char *config_text)
{
  uint32_t crc = vatt_crc32c_extend (0, config_text, strlen (config_text));
  for (guint i = 0; i < self->declaration->parameters->len; i++)
    crc = vatt_crc32c_extend (crc, tensors[i].data, tensors[i].size);
  return g_strdup_printf ("%s-%08x", vatt_config_get_name (self->config), crc);
}

void
vatt_model_set_id (VattModel *self)
{
  g_autofree char *text = vatt_config_to_text (self->config);
  g_free (self->id);
  self->id = vatt_model_make_id (self, self->tensor, text);
}

gboolean
vatt_model_check_finite (VattModel *self, GError **error)
{
  for (guint i = 0; i < self->declaration->parameters->len; i++) {
    const float *values = self->tensor[i].data;
    for (gsize v = 0; v < self->tensor[i].size / sizeof (float); v++)
      if (!isfinite (values[v])) {
        g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
            "weights '%s': value %zu of '%s' is not a finite number",
            self->origin, v, self->tensor[i].name);
        return FALSE;
      }
  }
  return TRUE;
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
  if (!self ||
      (vocabulary && !vatt_model_set_vocabulary (self, vocabulary, error)))
    return NULL;
  for (guint i = 0; i < self->declaration->parameters->len; i++)
    vatt_initialise (
        parameter_at (self, i), seed, vatt_model_get_mutable (self, i));
  vatt_model_set_id (self);
  return g_steal_pointer (&self);
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
  return (const char *const *)model->labels;
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

static char *
vocabulary_text (const VattModel *self)
{
  return self->vocabulary ? vatt_vocabulary_to_text (self->vocabulary) : NULL;
}

const char *
vatt_model_compare (VattModel *a, VattModel *b)
{
  g_autofree char *config_a = vatt_config_to_text (a->config);
  g_autofree char *config_b = vatt_config_to_text (b->config);
  g_autofree char *words_a = vocabulary_text (a);
  g_autofree char *words_b = vocabulary_text (b);
  if (strcmp (config_a, config_b) != 0)
    return "configuration";
  if (a->labels && b->labels &&
      !g_strv_equal (vatt_model_get_labels (a), vatt_model_get_labels (b)))
    return "list of labels";
  return g_strcmp0 (words_a, words_b) == 0 ? NULL : "vocabulary";
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
