/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The memory of a trainer. */
#include "store.h"

#include "model-private.h"
#include "size.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 256 /* bytes */
#define HUGE_PAGE ((size_t)2 << 20)

static VattGroup
group_of (const VattParameter *parameter)
{
  gboolean head = g_str_has_prefix (parameter->tensor->name, "head.");
  gboolean matrix = parameter->tensor->rank > 1;
  if (parameter->init.frozen)
    return VATT_GROUP_FROZEN;
  if (head)
    return matrix ? VATT_GROUP_HEAD_MATRICES : VATT_GROUP_HEAD_VECTORS;
  return matrix ? VATT_GROUP_TOWER_MATRICES : VATT_GROUP_TOWER_VECTORS;
}

/* Where every parameter lies; groups one after the other. */
static gboolean
lay_out (VattStore *store, GError **error)
{
  const GArray *parameters = store->model->declaration->parameters;
  size_t end = 0;
  for (guint group = 0; group < VATT_N_GROUPS; group++) {
    store->begin[group] = end;
    for (guint i = 0; i < parameters->len; i++) {
      const VattParameter *parameter =
          &g_array_index (parameters, VattParameter, i);
      if (group_of (parameter) != group)
        continue;
      g_hash_table_insert (
          store->places, parameter->tensor->name, GSIZE_TO_POINTER (end));
      if (!vatt_size_add (end, vatt_tensor_count (parameter->tensor), &end) ||
          !vatt_size_align (end, ALIGNMENT / sizeof (float), &end)) {
        g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
            "model '%s' has more parameters than memory addresses",
            vatt_model_get_origin (store->model));
        return FALSE;
      }
    }
  }
  store->begin[VATT_N_GROUPS] = end;
  return TRUE;
}

/* Zeros; nothing is touched yet. In large pages, where the kernel has them to
 * give. */
static gboolean
allocate (VattStore *store, VattTrainerTensor arena, size_t floats,
    const char *what, GError **error)
{
  size_t bytes, alignment = ALIGNMENT;
  if (vatt_size_multiply (floats, sizeof (float), &bytes)) {
    alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : ALIGNMENT;
    if (vatt_size_add (bytes, alignment, &bytes))
      store->memory[arena] = calloc (1, bytes);
  }
  if (!store->memory[arena]) {
    g_set_error (error, VATT_ERROR, VATT_ERROR_MEMORY,
        "model '%s': no memory for %zu %s",
        vatt_model_get_origin (store->model), floats, what);
    return FALSE;
  }
  uintptr_t begin = (uintptr_t)store->memory[arena];
  store->arena[arena] =
      (float *)((char *)store->memory[arena] + (-begin & (alignment - 1)));
  if (alignment == HUGE_PAGE)
    madvise (store->arena[arena], bytes - alignment, MADV_HUGEPAGE);
  return TRUE;
}

static gboolean
allocate_all (VattStore *store, gboolean second, GError **error)
{
  static const char *const names[] = {
    [VATT_TRAINER_PARAMETER] = "parameters",
    [VATT_TRAINER_GRADIENT] = "gradients",
    [VATT_TRAINER_FIRST] = "values of the optimiser",
    [VATT_TRAINER_SECOND] = "second moments",
  };
  for (guint a = 0; a < VATT_N_ARENAS; a++) {
    if (a == VATT_TRAINER_SECOND && !second)
      continue;
    size_t floats = vatt_store_count (store, (VattTrainerTensor)a);
    if (!allocate (store, (VattTrainerTensor)a, floats, names[a], error))
      return FALSE;
  }
  return TRUE;
}

static size_t
place_of (const VattStore *store, const char *path)
{
  gpointer place;
  gboolean known =
      g_hash_table_lookup_extended (store->places, path, NULL, &place);
  g_assert (known);
  return GPOINTER_TO_SIZE (place);
}

static gboolean
set_names (VattModel *model, VattModel *from, GError **error)
{
  return (!vatt_model_get_vocabulary (from) ||
             vatt_model_set_vocabulary (
                 model, vatt_model_get_vocabulary (from), error)) &&
         (!vatt_model_get_labels (from) ||
             vatt_model_set_labels (
                 model, vatt_model_get_labels (from), error));
}

VattStore *
vatt_store_new (VattModel *model, gboolean second, GError **error)
{
  g_autoptr (VattStore) store = g_new0 (VattStore, 1);
  store->places = g_hash_table_new (g_str_hash, g_str_equal);
  store->model = vatt_model_declare (
      vatt_model_get_config (model), vatt_model_get_origin (model), error);
  if (!store->model || !set_names (store->model, model, error) ||
      !lay_out (store, error) || !allocate_all (store, second, error))
    return NULL;
  vatt_model_set_trained (store->model, vatt_model_is_trained (model));
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    memcpy (store->arena[VATT_TRAINER_PARAMETER] + place_of (store, info->name),
        info->data, info->size);
  }
  return g_steal_pointer (&store);
}

void
vatt_store_free (VattStore *store)
{
  if (!store)
    return;
  for (guint a = 0; a < VATT_N_ARENAS; a++)
    free (store->memory[a]);
  g_hash_table_unref (store->places);
  g_clear_object (&store->model);
  g_free (store);
}

size_t
vatt_store_count (const VattStore *store, VattTrainerTensor which)
{
  return store->begin[which == VATT_TRAINER_PARAMETER ? VATT_N_GROUPS
                                                      : VATT_N_LEARNING_GROUPS];
}

size_t
vatt_store_bytes (const VattStore *store)
{
  size_t floats = 0;
  for (guint a = 0; a < VATT_N_ARENAS; a++)
    if (store->arena[a])
      floats += vatt_store_count (store, (VattTrainerTensor)a);
  return floats * sizeof (float);
}

void
vatt_store_place (const VattStore *store, VattTensor *tensor,
    VattTrainerTensor which, size_t begin)
{
  tensor->arena =
      which == VATT_TRAINER_PARAMETER ? VATT_ARENA_PARAMETER : VATT_ARENA_STATE;
  tensor->data = store->arena[which] + begin;
  tensor->whole = (VattMemory){ .data = store->arena[which],
    .count = vatt_store_count (store, which) };
}

void
vatt_store_bind (const VattStore *store, VattPlan *plan)
{
  for (guint i = 0; i < plan->parameters->len; i++) {
    VattTensor *tensor =
        g_array_index (plan->parameters, VattParameter, i).tensor;
    size_t place = place_of (store, tensor->name);
    vatt_store_place (store, tensor, VATT_TRAINER_PARAMETER, place);
    if (tensor->gradient)
      vatt_store_place (store, tensor->gradient, VATT_TRAINER_GRADIENT, place);
  }
}

const float *
vatt_store_lookup (const VattStore *store, const char *path,
    VattTrainerTensor which, gsize *count)
{
  const VattTensorInfo *info = vatt_model_lookup (store->model, path);
  if (!info || !store->arena[which])
    return NULL;
  size_t place = place_of (store, path);
  if (which != VATT_TRAINER_PARAMETER &&
      place >= store->begin[VATT_N_LEARNING_GROUPS])
    return NULL;
  if (count)
    *count = info->size / sizeof (float);
  return store->arena[which] + place;
}

void
vatt_store_replace (VattStore *store, const char *path, VattTrainerTensor which,
    const void *values)
{
  gsize count;
  if (vatt_store_lookup (store, path, which, &count))
    memcpy (store->arena[which] + place_of (store, path), values,
        count * sizeof (float));
}

VattModel *
vatt_store_snapshot (const VattStore *store, gboolean trained, GError **error)
{
  VattModel *from = store->model;
  g_autoptr (VattModel) model =
      vatt_model_allocate (vatt_model_get_config (from), error);
  if (!model)
    return NULL;
  for (guint i = 0; i < vatt_model_get_n_tensors (model); i++) {
    const VattTensorInfo *info = vatt_model_get_tensor (model, i);
    memcpy (vatt_model_get_mutable (model, i),
        store->arena[VATT_TRAINER_PARAMETER] + place_of (store, info->name),
        info->size);
  }
  if (!set_names (model, from, error))
    return NULL;
  vatt_model_set_trained (model, trained);
  vatt_model_set_id (model);
  return g_steal_pointer (&model);
}
