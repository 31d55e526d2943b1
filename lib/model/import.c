/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models from TensorFlow 2 checkpoints of the authors' code. */
#include "import.h"

#include <string.h>

/* ---- the numbers ---- */

/* A patch kernel has more axes there: (t, h, w, c, D) is our (t h w c, D),
 * row-major both. */
static gboolean
same_shape (const VattBundleEntry *entry, const VattTensorInfo *info)
{
  guint64 rows = 1;
  if (entry->rank < info->rank || entry->dtype != VATT_DTYPE_F32 ||
      entry->kind != VATT_BUNDLE_NUMBERS || entry->size != info->size ||
      entry->shape[entry->rank - 1] != info->shape[info->rank - 1])
    return FALSE;
  for (guint a = 0; a + 1 < entry->rank; a++)
    rows *= entry->shape[a];
  return info->rank == 1 ? entry->rank == 1 : rows == info->shape[0];
}

static gboolean
read_tensor (const VattImport *import, VattModel *model, guint index,
    GHashTable *used, GError **error)
{
  const VattTensorInfo *info = vatt_model_get_tensor (model, index);
  g_autofree char *path =
      vatt_tf_path (&import->layout, import->config, info->name);
  const VattBundleEntry *entry =
      path ? vatt_bundle_resolve (import->bundle, path, error) : NULL;
  if (!entry) {
    if (!path)
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "checkpoint '%s': nothing corresponds to '%s'",
          vatt_bundle_get_path (import->bundle), info->name);
    return FALSE;
  }
  if (!same_shape (entry, info)) {
    size_t shape[2][VATT_TENSOR_RANK_MAX];
    for (guint a = 0; a < entry->rank; a++)
      shape[0][a] = (size_t)entry->shape[a];
    for (guint a = 0; a < info->rank; a++)
      shape[1][a] = (size_t)info->shape[a];
    g_autofree char *found = vatt_tensor_shape_text (entry->rank, shape[0]);
    g_autofree char *expected = vatt_tensor_shape_text (info->rank, shape[1]);
    g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
        "checkpoint '%s': '%s' is %s of %s, expected %s of F32 for '%s'",
        vatt_bundle_get_path (import->bundle), entry->key, found,
        entry->kind == VATT_BUNDLE_NUMBERS ? vatt_dtype_name (entry->dtype)
                                           : "no numbers",
        expected, info->name);
    return FALSE;
  }
  g_hash_table_add (used, (gpointer)entry);
  return vatt_bundle_read (import->bundle, entry,
      vatt_model_get_mutable (model, index), info->size, error);
}

/* A variable of the network that we do not know would change what it
 * computes. */
static gboolean
check_all_used (const VattImport *import, GHashTable *used, GError **error)
{
  g_autoptr (GPtrArray) variables =
      vatt_bundle_list_variables (import->bundle, "model", error);
  if (!variables)
    return FALSE;
  for (guint i = 0; i < variables->len; i++) {
    const VattBundleVariable *variable = g_ptr_array_index (variables, i);
    /* A model that was being trained holds its optimiser. */
    if (g_str_has_prefix (variable->entry->key, VATT_IMPORT_ROOT) &&
        !g_hash_table_contains (used, variable->entry)) {
      g_set_error (error, VATT_ERROR, VATT_ERROR_WEIGHTS,
          "checkpoint '%s': '%s' is not part of any network known here",
          vatt_bundle_get_path (import->bundle), variable->entry->key);
      return FALSE;
    }
  }
  return TRUE;
}

/* A shipped variant with the same towers and head lends its name. */
static void
find_name (VattConfig *config)
{
  g_autofree char *text = vatt_config_to_text (config);
  const char *body = strstr (text, "\n\n");
  g_auto (GStrv) names = vatt_variant_list ();
  for (char **name = names; *name && body; name++) {
    g_autoptr (VattConfig) variant = vatt_config_load (*name, NULL);
    g_autofree char *other = variant ? vatt_config_to_text (variant) : NULL;
    const char *other_body = other ? strstr (other, "\n\n") : NULL;
    if (!other_body || strcmp (body, other_body) != 0)
      continue;
    g_free (config->name);
    config->name = g_strdup (*name);
    config->description = g_strdup (variant->description);
    config->parameters = variant->parameters;
    return;
  }
}

static VattModel *
read_model (VattImport *import, GError **error)
{
  if (!vatt_import_read_config (import, error))
    return NULL;
  find_name (import->config);
  g_autoptr (VattModel) model = vatt_model_allocate (import->config, error);
  if (!model)
    return NULL;
  g_autoptr (GHashTable) used = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++)
    if (!read_tensor (import, model, i, used, error))
      return NULL;
  if (!check_all_used (import, used, error))
    return NULL;
  return g_steal_pointer (&model);
}

/**
 * vatt_model_import:
 * @checkpoint: (type filename): prefix of a TensorFlow 2 checkpoint, or its
 *   index file
 * @params: (nullable): what the checkpoint does not hold
 * @error: return location for a #GError
 *
 * Reads a checkpoint of the authors' code: pre-trained models of three
 * towers or of one unified, and classifiers. Every checksum is verified.
 *
 * Returns: (transfer full): the model, or %NULL with %VATT_ERROR_WEIGHTS or
 *   a #GFileError
 */
VattModel *
vatt_model_import (
    const char *checkpoint, const VattImportParams *params, GError **error)
{
  g_return_val_if_fail (checkpoint, NULL);
  g_autoptr (VattBundle) bundle = vatt_bundle_open (checkpoint, error);
  if (!bundle)
    return NULL;
  g_autoptr (VattConfig) config = vatt_config_new ("imported");
  VattImport import = { .bundle = bundle, .params = params, .config = config };
  g_autoptr (VattModel) model = read_model (&import, error);
  for (guint m = 0; m < VATT_N_MODALITIES; m++)
    g_free (import.layout.tower[m]);
  g_free (import.layout.head);
  if (!model)
    return NULL;
  if (params && params->labels &&
      !vatt_model_set_labels (model, params->labels, error))
    return NULL;
  if (params && params->vocabulary &&
      !vatt_model_set_vocabulary (model, params->vocabulary, error))
    return NULL;
  vatt_model_set_trained (model, TRUE);
  vatt_model_set_id (model);
  return g_steal_pointer (&model);
}
